"""Mine one source into examples."""

from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from kdlib.config import Filters, MinedSource
from kdlib.corpus.mining.mining import mine_source
from kdlib.jobs import recorded


def main(job: Any) -> None:
    """Run the rule."""
    mine_source(
        name=job.wildcards.source,
        source=TypeAdapter(MinedSource).validate_python(job.params.source),
        root=Path(job.params.root),
        filters=Filters.model_validate(job.params.filters),
        examples=Path(job.output.examples),
        report=Path(job.output.report),
        processes=job.threads,
    )


if __name__ == "__main__":
    with recorded(snakemake, __file__):
        main(snakemake)
