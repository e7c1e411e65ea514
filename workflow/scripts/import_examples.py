"""Read examples that another system made."""

from pathlib import Path
from typing import Any

from kdlib.config import Filters, ImportSource
from kdlib.corpus.importers.source import import_source
from kdlib.jobs import recorded


def main(job: Any) -> None:
    """Run the rule."""
    import_source(
        name=job.wildcards.source,
        source=ImportSource.model_validate(job.params.source),
        filters=Filters.model_validate(job.params.filters),
        examples=Path(job.output.examples),
        report=Path(job.output.report),
        rejected=Path(job.output.rejected),
    )


if __name__ == "__main__":
    with recorded(snakemake, __file__):
        main(snakemake)
