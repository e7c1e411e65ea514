"""Fetch the pinned archive of a Debian source."""

from pathlib import Path
from typing import Any

from kdlib.config import DebianSource
from kdlib.corpus.debian import fetch
from kdlib.jobs import logged


def main(job: Any) -> None:  # noqa: ANN401  (Snakemake's job object)
    """Run the rule."""
    fetch(DebianSource.model_validate(job.params.source), Path(job.output.archive))


if __name__ == "__main__":
    with logged(snakemake.log[0]):  # type: ignore[name-defined]  # noqa: F821
        main(snakemake)  # type: ignore[name-defined]  # noqa: F821
