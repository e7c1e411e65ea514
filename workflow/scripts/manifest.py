"""Write the manifest of the run."""

from pathlib import Path
from typing import Any

from kdlib.jobs import recorded
from kdlib.provenance.lineage import write_run


def main(job: Any) -> None:
    """Run the rule."""
    write_run(job.params.run, job.params.config, list(map(str, job.input)), Path(job.output.manifest))


if __name__ == "__main__":
    with recorded(snakemake, __file__):
        main(snakemake)
