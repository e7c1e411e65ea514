"""Fetch the pinned archive of a source."""

from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from kdlib.config import FetchedSource
from kdlib.jobs import recorded
from kdlib.sources.fetch import fetch


def main(job: Any) -> None:
    """Run the rule."""
    source: FetchedSource = TypeAdapter(FetchedSource).validate_python(job.params.source)
    fetch(source, Path(job.output.archive))


if __name__ == "__main__":
    with recorded(snakemake, __file__):
        main(snakemake)
