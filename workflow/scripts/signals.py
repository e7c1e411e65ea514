"""Check the shards of a store and write its manifest."""

from pathlib import Path
from typing import Any

from kdlib.jobs import recorded
from kdlib.signals.manifest import write_manifest


def main(job: Any) -> None:
    """Run the rule."""
    shards = [Path(path) for path in job.input.shards]
    write_manifest(shards, Path(job.input.codec), Path(job.output.manifest))


if __name__ == "__main__":
    with recorded(snakemake, __file__):
        main(snakemake)
