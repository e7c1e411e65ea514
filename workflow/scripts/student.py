"""Distil a student."""

from functools import partial
from pathlib import Path
from typing import Any

from kdlib.config import Student
from kdlib.jobs import logged
from kdlib.training.distill import distill
from kdlib.training.launch import launch


def main(job: Any) -> None:  # noqa: ANN401  (Snakemake's job object)
    """Run the rule."""
    names = ("signals", "teacher", "encoder", "pretrained", "beams")
    signals, teacher, encoder, pretrained, beams = (list(job.input[name]) for name in names)
    stage = partial(
        distill,
        name=job.wildcards.student,
        student=Student.model_validate(job.params.student),
        train=Path(job.input.train),
        validation=Path(job.input.validation),
        tokenizer=Path(job.input.tokenizer).parent,
        signals=Path(signals[0]) if signals else None,
        teacher=Path(teacher[0]).parent if teacher else None,
        encoder=Path(encoder[0]).parent if encoder else None,
        out=Path(job.output.report).parent,
        checkpoints=Path("cache/checkpoints"),
        golds=Path("cache/golds"),
        threads=job.params.threads,
        tracking=Path(job.input.tracking),
        code=job.params.code,
        pretrained=Path(pretrained[0]).parent if pretrained else None,
        beams=Path(beams[0]) if beams else None,
    )
    launch(stage, job.params.student["training"]["accelerate"])


if __name__ == "__main__":
    with logged(snakemake.log[0]):  # type: ignore[name-defined]  # noqa: F821
        main(snakemake)  # type: ignore[name-defined]  # noqa: F821
