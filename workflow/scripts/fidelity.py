"""Compare a store of signals with its teacher."""

from pathlib import Path
from typing import Any

from kdlib.jobs import recorded
from kdlib.signals.fidelity import fidelity


def main(job: Any) -> None:
    """Run the rule."""
    fidelity(
        manifest=Path(job.input.manifest),
        teacher=Path(job.input.model[0]).parent,
        dataset=Path(job.input.validation),
        temperatures=list(job.params.temperatures),
        rows=job.params.rows,
        threads=job.params.threads,
        batch_size=job.params.batch_size,
        out=Path(job.output.fidelity),
        speed=Path(job.output.speed),
    )


if __name__ == "__main__":
    with recorded(snakemake, __file__):
        main(snakemake)
