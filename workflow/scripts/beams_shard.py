"""Write the teacher's beams for one shard of the training prompts."""

from pathlib import Path
from typing import Any

from kdlib.config import Signals
from kdlib.jobs import recorded
from kdlib.training.teacher.generate import beams_shard


def main(job: Any) -> None:
    """Run the rule."""
    beams_shard(
        teacher=Path(job.input.model[0]).parent,
        tokenizer=Path(job.input.tokenizer).parent,
        train=Path(job.input.train),
        width=int(job.wildcards.width),
        shard=int(job.wildcards.shard),
        settings=Signals.model_validate(job.params.signals),
        max_tokens=job.params.max_tokens,
        threads=job.params.threads,
        out=Path(job.output.shard),
    )


if __name__ == "__main__":
    with recorded(snakemake, __file__):
        main(snakemake)
