"""Write the manifest of the run."""

from pathlib import Path
from typing import Any

from kdlib.jobs import recorded
from kdlib.provenance.lineage import write_run
from kdlib.results.places import run_folder


def main(job: Any) -> None:
    """Run the rule."""
    out = Path(job.output.manifest)
    folder = run_folder(out.parent)
    write_run(job.params.run, job.params.config, list(map(str, job.input)), folder, out)


if __name__ == "__main__":
    with recorded(snakemake, __file__):
        main(snakemake)
