"""Distil a student."""

from pathlib import Path
from typing import Any

from kdlib.config import Student
from kdlib.jobs import recorded
from kdlib.training.distill import distill
from kdlib.training.inputs import StudentInputs
from kdlib.training.launch import launch
from kdlib.training.loop.job import Job


def main(job: Any) -> None:
    """Run the rule."""
    given = job.input
    inputs = StudentInputs(
        train=Path(given.train),
        validation=Path(given.validation),
        tokenizer=Path(given.tokenizer).parent,
        gold_embeddings=Path("cache/gold_embeddings"),
        signals=Path(given.signals[0]) if given.signals else None,
        teacher=Path(given.teacher[0]).parent if given.teacher else None,
        encoder=Path(given.encoder[0]).parent if given.encoder else None,
        pretrained=Path(given.pretrained[0]).parent if given.pretrained else None,
        beams=Path(given.beams[0]) if given.beams else None,
    )
    places = Job(
        out=Path(job.output.report).parent,
        checkpoints=Path("cache/checkpoints"),
        threads=job.params.threads,
        tracking=Path(given.tracking),
        code=f"{job.params.code} {job.params.versions}",  # neither resumes checkpoints of another
    )
    launch(distill, job.wildcards.student, Student.model_validate(job.params.student), inputs, places)


if __name__ == "__main__":
    with recorded(snakemake, __file__):
        main(snakemake)
