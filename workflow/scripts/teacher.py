"""Fine-tune a teacher."""

from pathlib import Path
from typing import Any

from kdlib.config import Teacher
from kdlib.jobs import recorded
from kdlib.training.finetune import finetune
from kdlib.training.inputs import TeacherInputs
from kdlib.training.launch import launch
from kdlib.training.loop.job import Job


def main(job: Any) -> None:
    """Run the rule."""
    pretrained = list(job.input.pretrained)
    inputs = TeacherInputs(
        train=Path(job.input.train),
        validation=Path(job.input.validation),
        tokenizer=Path(job.input.tokenizer).parent,
        pretrained=Path(pretrained[0]).parent if pretrained else None,
    )
    places = Job(
        out=Path(job.output.report).parent,
        checkpoints=Path("cache/checkpoints"),
        threads=job.params.threads,
        tracking=Path(job.input.tracking),
        code=f"{job.params.code} {job.params.versions}",  # neither resumes checkpoints of another
    )
    launch(finetune, job.wildcards.teacher, Teacher.model_validate(job.params.teacher), inputs, places)


if __name__ == "__main__":
    with recorded(snakemake, __file__):
        main(snakemake)
