"""Compare a store of signals with its teacher."""

from pathlib import Path
from typing import Any

from kdlib.jobs import recorded
from kdlib.signals.fidelity import fidelity


def main(job: Any) -> None:  # noqa: ANN401  (Snakemake's job object)
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
    with recorded(snakemake, __file__):  # type: ignore[name-defined]  # noqa: F821
        main(snakemake)  # type: ignore[name-defined]  # noqa: F821
