"""Prepare the MLflow store and the parent run."""

from pathlib import Path
from typing import Any

from kdlib.jobs import recorded
from kdlib.tracking.prepare import prepare


def main(job: Any) -> None:  # noqa: ANN401  (Snakemake's job object)
    """Run the rule."""
    params = job.params
    identity = Path("cache/tracking.id")
    prepare(params.run, params.uri, params.experiment, identity, Path(job.output.place))


if __name__ == "__main__":
    with recorded(snakemake, __file__):  # type: ignore[name-defined]  # noqa: F821
        main(snakemake)  # type: ignore[name-defined]  # noqa: F821
