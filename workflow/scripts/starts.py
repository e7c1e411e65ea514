"""Look at the pretrained models of a run before anything is trained."""

from pathlib import Path
from typing import Any

from kdlib.config import Layers
from kdlib.jobs import recorded
from kdlib.models.preflight import check_starts


def main(job: Any) -> None:
    """Run the rule."""
    folders = [Path(file).parent for file in job.input.models]
    check_starts(
        tokenizer=Path(job.input.tokenizer).parent,
        models=dict(zip(job.params.names, folders, strict=True)),
        layers={
            student: (name, Layers.model_validate(layers))
            for student, (name, layers) in job.params.layers.items()
        },
        out=Path(job.output.checked),
    )


if __name__ == "__main__":
    with recorded(snakemake, __file__):
        main(snakemake)
