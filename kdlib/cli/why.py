"""``kdlib why``: what has changed since an artefact was made."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from kdlib.cli.errors import fail, told

Job = dict[str, Any]
PLAN = Path("workflow/plan.py")


def why(
    what: Annotated[
        str, typer.Argument(help="A rule, e.g. student; or a file or folder of results or cache.")
    ],
    overlay: Annotated[
        list[Path] | None, typer.Option(help="Configuration of the run, as of --configfile; repeatable.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per job.")] = False,
) -> None:
    """Print what has changed since artefacts were made: configuration, code, environment or input.

    A job that runs again only since another one does is followed back to those that changed themselves.

    Example: kdlib why results/test/report.html --overlay config/test.yaml
    """
    jobs = plan(overlay or [], [])
    chosen = [job for job in jobs if _is_meant(job, what)]
    if not chosen:
        jobs = plan(overlay or [], [what])
        chosen = [job for job in jobs if _is_meant(job, what)]
    with told():
        found = list(_explained(chosen, jobs))
    for entry in found:
        print(json.dumps(entry) if as_json else "\n".join(_lines(entry)))


def plan(overlays: list[Path], targets: list[str]) -> list[Job]:
    """Return the jobs behind targets as Snakemake, which runs beside, plans them.

    Args:
        overlays: Configuration files laid over the one that the Snakefile names.
        targets: Files or rules without wildcards; the default target if there are none.
    """
    if not PLAN.is_file():
        fail(f"there is no {PLAN} here: run this in the folder of the Snakefile")
    arguments = json.dumps({"overlays": [str(path) for path in overlays], "targets": targets})
    command = [sys.executable, str(PLAN), arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        fail(done.stderr.strip())
    jobs: list[Job] = json.loads(done.stdout)
    return jobs


def _is_meant(job: Job, what: str) -> bool:
    path = what.rstrip("/")
    return job["rule"] == what or any(
        output == path or output.startswith(f"{path}/") for output in job["output"]
    )


def _name(job: Job) -> str:
    return " ".join([job["rule"], *map(str, job["wildcards"].values())])


def _explained(chosen: list[Job], jobs: list[Job]) -> Iterator[dict[str, Any]]:
    """Yield the chosen jobs and, after each, those before it that changed themselves, each job once."""
    from kdlib.provenance.changes import changes
    from kdlib.provenance.manifest import read_manifest

    makers = {path: job for job in jobs for path in job["output"]}
    queue = list(chosen)
    seen = set[str]()
    while queue:
        job = queue.pop(0)
        if job["log"] in seen:
            continue
        seen.add(job["log"])
        found = [makers[path] for path in job["input"] if path in makers]
        before = {_name(maker): maker for maker in found if maker["runs"]}
        queue = [*before.values(), *queue]
        manifest = read_manifest(Path(job["log"]))
        differences = changes(manifest, job) if manifest else []
        if job in chosen or differences or not before:
            yield {
                "job": _name(job),
                "output": job["output"][0],
                "runs": job["runs"],
                "made": manifest and manifest["ended"],
                "changes": [vars(change) for change in differences],
                "awaits": sorted(before),
                "reasons": job["reasons"],
            }


def _lines(entry: dict[str, Any]) -> Iterator[str]:
    made = entry["made"] and time.strftime("%Y-%m-%d %H:%M", time.localtime(entry["made"]))
    since = f"made {made}" if made else "no manifest of it"
    yield f"{entry['job']}: {'runs again' if entry['runs'] else 'up to date'}; {since}; {entry['output']}"
    for change in entry["changes"]:
        yield f"  {change['kind']:<12} {change['name']}: {change['how']}"
    if entry["awaits"]:
        yield f"  {'input':<12} made again by {', '.join(entry['awaits'])}"
    if not entry["changes"] and not entry["awaits"]:
        yield f"  {'; '.join(entry['reasons']) or 'nothing has changed'}"
