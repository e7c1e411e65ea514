"""Prepare the MLflow store and the parent run."""

from pathlib import Path
from typing import Any

from kdlib.jobs import recorded
from kdlib.tracking.prepare import prepare


def main(job: Any) -> None:
    """Run the rule."""
    params = job.params
    identity = Path("cache/tracking.id")
    prepare(params.run, params.uri, params.experiment, identity, Path(job.output.place))


if __name__ == "__main__":
    with recorded(snakemake, __file__):
        main(snakemake)
