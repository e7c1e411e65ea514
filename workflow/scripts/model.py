"""Stage a pretrained model."""

from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from kdlib.config import Pretrained
from kdlib.jobs import recorded
from kdlib.models.stage import stage


def main(job: Any) -> None:
    """Run the rule."""
    model: Pretrained = TypeAdapter(Pretrained).validate_python(job.params.model)
    stage(job.wildcards.model, model, Path(job.output.files[0]).parent)


if __name__ == "__main__":
    with recorded(snakemake, __file__, offline=False):
        main(snakemake)
