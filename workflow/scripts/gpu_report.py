"""Write what a job finds on its machine to compute with."""

from pathlib import Path
from typing import Any

from kdlib.jobs import logged
from kdlib.models.device import write_device_report


def main(job: Any) -> None:
    """Run the rule."""
    write_device_report(job.wildcards.partition, job.params.threads, Path(job.output.report))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(snakemake)
