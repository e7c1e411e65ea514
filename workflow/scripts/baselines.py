"""Predict the rows of a split with the baselines."""

from pathlib import Path
from typing import Any

from kdlib.evaluation.predictions.baselines import write_baselines
from kdlib.jobs import recorded


def main(job: Any) -> None:
    """Run the rule."""
    write_baselines(
        train=Path(job.input.train),
        test=Path(job.input.rows),
        tokenizer=Path(job.input.tokenizer).parent,
        n_best=job.params.n_best,
        max_tokens=job.params.max_tokens,
        out=Path(job.output.nll).parents[2],
    )


if __name__ == "__main__":
    with recorded(snakemake, __file__):
        main(snakemake)
