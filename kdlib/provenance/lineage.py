"""From an artefact back to all that it was made from, by the manifests of the jobs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from kdlib.files import DataError, read_json, write_json
from kdlib.provenance.manifest import MANIFESTS, Manifest, read_manifests

RUN_MANIFEST = "manifest.json"


def ancestry(targets: Iterable[str], manifests: Iterable[Manifest]) -> Iterator[Manifest]:
    """Yield the jobs that made targets, then those that made their input, and so on, each once.

    Args:
        targets: Paths of artefacts.
        manifests: Manifests of all jobs that may have made them.
    """
    makers = {path: manifest for manifest in manifests for path in manifest["output"]}
    queue = list(targets)
    seen = set[int]()
    for path in queue:  # which grows
        manifest = makers.get(path)
        if manifest is not None and id(manifest) not in seen:
            seen.add(id(manifest))
            queue += manifest["input"]
            yield manifest


def write_run(run: str, config: dict[str, Any], targets: list[str], folder: Path, out: Path) -> None:
    """Write the manifest of a run: its configuration, and every job behind its targets.

    Args:
        run: Name of the run.
        config: Configuration of the run with names resolved; ``reproduce`` starts from it.
        targets: The run's last artefacts.
        folder: The run's, e.g. ``results/default``.
        out: JSON with ``run``, ``config``, ``jobs``, the parts of all ``code`` by digest, and as
            ``unrecorded`` what lies in results or cache without a manifest of who made it.
    """
    jobs = list(ancestry(targets, read_manifests([folder, Path("cache")])))
    made = {path for job in jobs for path in job["output"]}
    read = {*targets, *(path for job in jobs for path in job["input"])}
    whole = {
        "run": run,
        "config": config,
        "targets": targets,
        "unrecorded": sorted(path for path in read - made if Path(path).parts[0] in {"results", "cache"}),
        "code": {job["code"]["digest"]: job["code"]["parts"] for job in jobs},
        "jobs": [{**job, "code": job["code"]["digest"]} for job in jobs],
    }
    write_json(out, whole)


def read_run(folder: Path) -> dict[str, Any]:
    """Return the manifest of a run.

    Args:
        folder: The run's, e.g. ``results/default``.

    Raises:
        DataError: If there is none.
    """
    path = folder / RUN_MANIFEST
    if not path.is_file():
        raise DataError(f"{path}: there is no such file; a finished run has one, with {MANIFESTS}/ beside it")
    found: dict[str, Any] = read_json(path)
    return found


def sources(jobs: Iterable[Manifest]) -> dict[str, str]:
    """Return the sha256 of every input that no recorded job made: where a chain of jobs begins."""
    jobs = list(jobs)
    made = {path for job in jobs for path in job["output"]}
    return {path: sha for job in jobs for path, sha in job["input"].items() if path not in made}
