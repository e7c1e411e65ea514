"""Train the tokenizer and write the token rows of every split."""

from pathlib import Path
from typing import Any

from kdlib.config import Dataset
from kdlib.dataset.build import build
from kdlib.jobs import recorded


def main(job: Any) -> None:
    """Run the rule."""
    pretrained = list(job.input.pretrained)
    build(
        examples=Path(job.input.examples),
        splits=Path(job.input.splits),
        config=Dataset.model_validate(job.params.dataset),
        seed=job.params.seed,
        tokenizer_folder=Path(job.output.tokenizer).parent,
        out={split: Path(job.output[split]) for split in ("train", "validation", "test")},
        counts=Path(job.output.counts),
        pretrained=Path(pretrained[0]).parent if pretrained else None,
    )


if __name__ == "__main__":
    with recorded(snakemake, __file__):
        main(snakemake)
