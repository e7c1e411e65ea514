"""Store the signals of one shard."""

from pathlib import Path
from typing import Any

from kdlib.config import Signals
from kdlib.files import sha256
from kdlib.jobs import recorded
from kdlib.records import digest
from kdlib.signals.extract import ExtractionJob, extract


def main(job: Any) -> None:
    """Run the rule."""
    datasets = {Path(path).stem: Path(path) for path in job.input.dataset}
    extract(
        ExtractionJob(
            teacher=Path(job.input.model[0]).parent,
            tokenizer=Path(job.input.tokenizer).parent,
            signals=Signals.model_validate(job.params.signals),
            max_tokens=job.params.max_tokens,
            threads=job.params.threads,
            code=job.params.code,
        ),
        dataset=datasets[job.wildcards.split],
        dataset_digest=digest(sha256(path) for path in datasets.values()),
        codec_file=Path(job.input.codec),
        split=job.wildcards.split,
        shard=int(job.wildcards.shard),
        out=Path(job.output.shard),
    )


if __name__ == "__main__":
    with recorded(snakemake, __file__):
        main(snakemake)
