"""Measure the semantic similarity of all first predictions."""

from pathlib import Path
from typing import Any

from kdlib.evaluation.predictions.similarity import similarities
from kdlib.jobs import recorded


def main(job: Any) -> None:
    """Run the rule."""
    folders = [Path(path).parent for path in job.input.predictions]
    similarities(
        models={f"{folder.parent.name}/{folder.name}": folder for folder in folders},
        test=Path(job.input.rows),
        tokenizer=Path(job.input.tokenizer).parent,
        encoder=Path(job.input.encoder[0]).parent,
        name=job.params.name,
        threads=job.params.threads,
        values=Path(job.output.values),
        report=Path(job.output.report),
    )


if __name__ == "__main__":
    with recorded(snakemake, __file__):
        main(snakemake)
