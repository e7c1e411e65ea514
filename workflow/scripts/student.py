"""Distil a student."""

from functools import partial
from pathlib import Path
from typing import Any

from kdlib.config import Student
from kdlib.jobs import recorded
from kdlib.training.distill import distill
from kdlib.training.launch import launch


def main(job: Any) -> None:
    """Run the rule."""
    given = job.input
    stage = partial(
        distill,
        name=job.wildcards.student,
        student=Student.model_validate(job.params.student),
        train=Path(given.train),
        validation=Path(given.validation),
        tokenizer=Path(given.tokenizer).parent,
        signals=Path(given.signals[0]) if given.signals else None,
        teacher=Path(given.teacher[0]).parent if given.teacher else None,
        encoder=Path(given.encoder[0]).parent if given.encoder else None,
        out=Path(job.output.report).parent,
        checkpoints=Path("cache/checkpoints"),
        golds=Path("cache/golds"),
        threads=job.params.threads,
        tracking=Path(given.tracking),
        code=f"{job.params.code} {job.params.versions}",  # neither resumes checkpoints of another
        pretrained=Path(given.pretrained[0]).parent if given.pretrained else None,
        beams=Path(given.beams[0]) if given.beams else None,
    )
    launch(stage, job.params.student["training"]["accelerate"])


if __name__ == "__main__":
    with recorded(snakemake, __file__):
        main(snakemake)
