"""Score all predictions."""

from pathlib import Path
from typing import Any

from kdlib.config import Evaluation
from kdlib.evaluation.scores.measured import MeasurementFiles
from kdlib.evaluation.scores.score import Relations, ScoredData, score
from kdlib.jobs import recorded


def main(job: Any) -> None:
    """Run the rule."""
    folders = [Path(path).parent for path in job.input.predictions]
    score(
        models={f"{folder.parent.name}/{folder.name}": folder for folder in folders},
        data=ScoredData(
            test=Path(job.input.rows),
            train=Path(job.input.train),
            examples=Path(job.input.examples),
            split=job.params.split,
        ),
        measurements=MeasurementFiles(
            Path(job.input.execution), Path(job.input.similarity), Path(job.input.similarity_report)
        ),
        evaluation=Evaluation.model_validate(job.params.evaluation),
        relations=Relations(job.params.teachers, job.params.seeds),
        out=Path(job.output.scores).parent,
        processes=job.threads,
    )


if __name__ == "__main__":
    with recorded(snakemake, __file__):
        main(snakemake)
