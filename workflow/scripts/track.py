"""Mirror the JSON results of a run into MLflow."""

from pathlib import Path
from typing import Any

from kdlib.jobs import recorded
from kdlib.tracking.mirror import mirror


def main(job: Any) -> None:
    """Run the rule."""
    mirror(
        place=Path(job.input.place),
        folder=Path(job.output.mirrored).parent,
        kept=[Path(path) for path in (job.input.report, job.input.scores, job.input.table)],
        code=job.params.code,
        out=Path(job.output.mirrored),
    )


if __name__ == "__main__":
    with recorded(snakemake, __file__):
        main(snakemake)
