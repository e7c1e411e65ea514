"""Write the report page."""

from pathlib import Path
from typing import Any

from kdlib.jobs import recorded
from kdlib.report.page import PageFiles, write_page


def main(job: Any) -> None:
    """Run the rule."""
    files = PageFiles(
        card=Path(job.input.card),
        dataset=Path(job.input.dataset),
        scores=Path(job.input.scores),
        samples=Path(job.input.samples),
        costs=[Path(path) for path in job.input.costs],
        reports=[Path(path) for path in job.input.reports],
        steps=[Path(path) for path in job.input.steps],
        epochs=[Path(path) for path in job.input.epochs],
        manifests=[Path(path) for path in job.input.manifests],
        fidelities=[Path(path) for path in job.input.fidelities],
        test=Path(job.input.rows),
    )
    write_page(job.params.run, files, Path("cache"), Path(job.output.page))


if __name__ == "__main__":
    with recorded(snakemake, __file__):
        main(snakemake)
