"""Make sure that all pretrained models of a run read its tokens."""

from pathlib import Path
from typing import Any

from kdlib.jobs import logged
from kdlib.models.load import check_tokenizers


def main(job: Any) -> None:  # noqa: ANN401  (Snakemake's job object)
    """Run the rule."""
    folders = [Path(file).parent for file in job.input.models]
    check_tokenizers(
        tokenizer=Path(job.input.tokenizer).parent,
        models=dict(zip(job.params.names, folders, strict=True)),
        out=Path(job.output.checked),
    )


if __name__ == "__main__":
    with logged(snakemake.log[0]):  # type: ignore[name-defined]  # noqa: F821
        main(snakemake)  # type: ignore[name-defined]  # noqa: F821
