"""Merge mined examples, divide them and audit the division."""

from pathlib import Path
from typing import Any

from kdlib.config import Filters, Split
from kdlib.corpus.assembly.assemble import assemble
from kdlib.jobs import recorded


def main(job: Any) -> None:
    """Run the rule."""
    assemble(
        mined=[Path(path) for path in job.input.examples],
        reports=[Path(path) for path in job.input.reports],
        split=Split.model_validate(job.params.split),
        filters=Filters.model_validate(job.params.filters),
        examples=Path(job.output.examples),
        splits=Path(job.output.splits),
        card=Path(job.output.card),
    )


if __name__ == "__main__":
    with recorded(snakemake, __file__):
        main(snakemake)
