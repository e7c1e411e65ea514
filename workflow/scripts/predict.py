"""Predict the rows of a split with a model and measure its likelihood."""

from pathlib import Path
from typing import Any

from kdlib.config import Evaluation
from kdlib.evaluation.predictions.predict import predict
from kdlib.jobs import recorded


def main(job: Any) -> None:
    """Run the rule."""
    predict(
        model=Path(job.input.model[0]).parent,
        tokenizer=Path(job.input.tokenizer).parent,
        test=Path(job.input.rows),
        evaluation=Evaluation.model_validate(job.params.evaluation),
        max_tokens=job.params.max_tokens,
        threads=job.params.threads,
        cache=Path("cache/predictions"),
        out=Path(job.output.predictions).parent,
    )


if __name__ == "__main__":
    with recorded(snakemake, __file__):
        main(snakemake)
