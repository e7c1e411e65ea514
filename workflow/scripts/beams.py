"""Gather the teacher's beams of all shards."""

from pathlib import Path
from typing import Any

from kdlib.jobs import recorded
from kdlib.training.teacher.outputs import merge_beams


def main(job: Any) -> None:
    """Run the rule."""
    merge_beams([Path(path) for path in job.input.shards], Path(job.output.beams))


if __name__ == "__main__":
    with recorded(snakemake, __file__):
        main(snakemake)
