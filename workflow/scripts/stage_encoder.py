"""Stage a sentence encoder."""

from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from kdlib.config import SentenceEncoder
from kdlib.jobs import recorded
from kdlib.models.sentence import stage_encoder


def main(job: Any) -> None:
    """Run the rule."""
    encoder: SentenceEncoder = TypeAdapter(SentenceEncoder).validate_python(job.params.encoder)
    stage_encoder(job.wildcards.encoder, encoder, Path(job.output.files[0]).parent)


if __name__ == "__main__":
    with recorded(snakemake, __file__, offline=False):
        main(snakemake)
