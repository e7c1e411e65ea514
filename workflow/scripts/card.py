"""Write the dataset card, as JSON and as a page."""

from pathlib import Path
from typing import Any

from kdlib.config import Dataset
from kdlib.jobs import recorded
from kdlib.report.card import write_card


def main(job: Any) -> None:
    """Run the rule."""
    write_card(
        run=job.params.run,
        corpus=Path(job.input.corpus),
        counts=Path(job.input.counts),
        rows={split: Path(job.input[split]) for split in ("train", "validation", "test")},
        dataset=Dataset.model_validate(job.params.dataset),
        card=Path(job.output.card),
        page=Path(job.output.page),
    )


if __name__ == "__main__":
    with recorded(snakemake, __file__):
        main(snakemake)
