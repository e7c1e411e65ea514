"""Mirror the JSON results of a run into MLflow."""

from pathlib import Path
from typing import Any

from kdlib.jobs import recorded
from kdlib.tracking import mirror


def main(job: Any) -> None:  # noqa: ANN401  (Snakemake's job object)
    """Run the rule."""
    mirror(
        place=Path(job.input.place),
        card=Path(job.input.card),
        dataset=Path(job.input.dataset),
        scores=Path(job.input.scores),
        reports=[Path(path) for path in job.input.reports],
        page=Path(job.input.report),
        out=Path(job.output.mirrored),
    )


if __name__ == "__main__":
    with recorded(snakemake, __file__):  # type: ignore[name-defined]  # noqa: F821
        main(snakemake)  # type: ignore[name-defined]  # noqa: F821
