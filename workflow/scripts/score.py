"""Score all predictions."""

from pathlib import Path
from typing import Any

from kdlib.config import Evaluation
from kdlib.evaluation.scores.measured import Measurements
from kdlib.evaluation.scores.score import score
from kdlib.jobs import recorded


def main(job: Any) -> None:
    """Run the rule."""
    folders = [Path(path).parent for path in job.input.predictions]
    score(
        models={f"{folder.parent.name}/{folder.name}": folder for folder in folders},
        test=Path(job.input.test),
        measurements=Measurements(
            Path(job.input.execution), Path(job.input.similarity), Path(job.input.similarity_report)
        ),
        evaluation=Evaluation.model_validate(job.params.evaluation),
        split=job.params.split,
        teachers=job.params.teachers,
        seeds=job.params.seeds,
        examples=Path(job.input.examples),
        train=Path(job.input.train),
        out=Path(job.output.scores).parent,
        processes=job.threads,
    )


if __name__ == "__main__":
    with recorded(snakemake, __file__):
        main(snakemake)
