"""Predictions of any system in the tests of a finished run: its corpus, its class paths, its limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kdlib.cli.errors import fail

if TYPE_CHECKING:
    from kdlib.evaluation.predictions.outputs import Executed


def executed_in(run: Path, ids: Sequence[str], texts: Mapping[str, Sequence[str]]) -> Executed:
    """Run predictions as a finished run has run those of its models.

    Args:
        run: Folder of the run, which stands in the folder that it was made in.
        ids: Ids of rows of its corpus.
        texts: System: its prediction for each row.

    Raises:
        DataError: If the run is not finished, a row is not of its corpus, or a file has changed.
    """
    from kdlib.config import Execution
    from kdlib.evaluation.execution.run import run_predictions
    from kdlib.evaluation.predictions.outputs import executed
    from kdlib.provenance.lineage import read_run
    from kdlib.results.measurements import Unmeasured
    from kdlib.results.places import run_folder

    job = next((job for job in read_run(run)["jobs"] if job["rule"] == "execution"), None)
    if job is None:
        fail(f"{run}: its manifest has no job that runs predictions, so no class paths are known")
    class_paths = {name: Path(path).absolute() for name, path in job["params"]["class_paths"].items()}
    for path in class_paths.values():
        if not path.is_dir():
            fail(f"{path}: the class path of {run} is gone; run Snakemake again, it makes what is missing")
    report = run_predictions(
        ids,
        texts,
        run_folder(run) / "corpus/examples.parquet",
        class_paths,
        Execution.model_validate(job["params"]["execution"]),
        Path(job["params"]["cache"]).absolute(),
    )
    if isinstance(report, Unmeasured):
        fail(f"nothing could be run: {report.reason}")
    return executed(ids, report)
