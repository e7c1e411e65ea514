"""Compare a student's distributions with its teacher's on the rows of a split."""

from pathlib import Path
from typing import Any

from kdlib.evaluation.predictions.agreement import agreement
from kdlib.jobs import recorded


def main(job: Any) -> None:
    """Run the rule."""
    agreement(
        teacher=Path(job.input.teacher[0]).parent,
        student=Path(job.input.student[0]).parent,
        tokenizer=Path(job.input.tokenizer).parent,
        test=Path(job.input.rows),
        batch_size=job.params.batch_size,
        threads=job.params.threads,
        out=Path(job.output.agreement),
    )


if __name__ == "__main__":
    with recorded(snakemake, __file__):
        main(snakemake)
