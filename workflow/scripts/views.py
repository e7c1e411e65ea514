"""Write the task views of all sources: fill-in-the-middle, comment-to-code, pairs of doc and code."""

from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from kdlib.config import Filters, MinedSource, Split, Views
from kdlib.corpus.views.views import write_views
from kdlib.jobs import recorded
from kdlib.records import SPLITS


def main(job: Any) -> None:
    """Run the rule."""
    read = TypeAdapter(MinedSource).validate_python
    write_views(
        sources={name: read(source) for name, source in job.params.sources.items()},
        roots={name: Path(root) for name, root in job.params.roots.items()},
        examples=Path(job.input.examples),
        splits=Path(job.input.splits),
        views=Views.model_validate(job.params.views),
        split=Split.model_validate(job.params.split),
        filters=Filters.model_validate(job.params.filters),
        out={name: Path(job.output[name]) for split in SPLITS for name in (split, f"pairs_{split}")},
        card=Path(job.output.card),
    )


if __name__ == "__main__":
    with recorded(snakemake, __file__):
        main(snakemake)
