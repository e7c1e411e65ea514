"""Prepare what all signals of a teacher share."""

from pathlib import Path
from typing import Any

from kdlib.config import Signals
from kdlib.jobs import recorded
from kdlib.signals.prepare import prepare


def main(job: Any) -> None:
    """Run the rule."""
    prepare(
        teacher=Path(job.input.model[0]).parent,
        train=Path(job.input.train),
        signals=Signals.model_validate(job.params.signals),
        threads=job.params.threads,
        out=Path(job.output.codec),
    )


if __name__ == "__main__":
    with recorded(snakemake, __file__):
        main(snakemake)
