"""Fine-tune a teacher."""

from functools import partial
from pathlib import Path
from typing import Any

from kdlib.config import Teacher
from kdlib.jobs import recorded
from kdlib.training.finetune import finetune
from kdlib.training.launch import launch


def main(job: Any) -> None:
    """Run the rule."""
    pretrained = list(job.input.pretrained)
    stage = partial(
        finetune,
        name=job.wildcards.teacher,
        teacher=Teacher.model_validate(job.params.teacher),
        train=Path(job.input.train),
        validation=Path(job.input.validation),
        tokenizer=Path(job.input.tokenizer).parent,
        out=Path(job.output.report).parent,
        checkpoints=Path("cache/checkpoints"),
        threads=job.params.threads,
        pretrained=Path(pretrained[0]).parent if pretrained else None,
        tracking=Path(job.input.tracking),
        code=f"{job.params.code} {job.params.versions}",  # neither resumes checkpoints of another
    )
    launch(stage, job.params.teacher["training"]["accelerate"])


if __name__ == "__main__":
    with recorded(snakemake, __file__):
        main(snakemake)
