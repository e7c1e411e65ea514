"""``kdlib report``: write the page of a finished run again, without Snakemake."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from kdlib.cli.errors import fail, told

SPLITS = ("validation", "test")


def report(
    run: Annotated[
        Path,
        typer.Argument(help="Folder of a finished run, e.g. results/default or results/default/validation."),
    ],
) -> None:
    """Write report.html of a finished run again, from the files that its rule read.

    Example: kdlib report results/default
    """
    from kdlib.provenance.lineage import read_run
    from kdlib.report.page import PageFiles, write_page
    from kdlib.results.places import run_folder

    with told():
        manifest = read_run(run)
        files = _files(manifest, run_folder(run))
        found = PageFiles(
            card=files["card.json"][0],
            dataset=files["counts.json"][0],
            scores=files["evaluation_metrics.json"][0],
            samples=files["predictions_final.jsonl"][0],
            costs=files.get("cost.json", []),
            reports=files.get("training_report.json", []),
            steps=files.get("step_metrics.csv", []),
            epochs=files.get("training_metrics.csv", []),
            manifests=files.get("manifest.json", []),
            fidelities=files.get("fidelity.json", []),
            test=next(files[f"{split}.parquet"][0] for split in SPLITS if f"{split}.parquet" in files),
        )
        page = run / "report.html"
        write_page(manifest["run"], found, Path("cache"), page)
    print(f"report: {page}")


def _files(manifest: dict[str, Any], folder: Path) -> dict[str, list[Path]]:
    """Return the files that the rule report read, by their names, in the folder where the run lies now."""
    job = next((job for job in manifest["jobs"] if job["rule"] == "report"), None)
    if job is None:
        fail(f"{folder}: its manifest names no job of the rule report; run it to the end")
    made_in = Path("results", manifest["run"])
    files: dict[str, list[Path]] = {}
    for name in job["input"]:
        path = folder / Path(name).relative_to(made_in)
        if not path.is_file():
            fail(f"{path}: there is no such file; run it to the end")
        files.setdefault(path.name, []).append(path)
    return files
