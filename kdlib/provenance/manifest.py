"""The manifest of a job: what it was given, in which code and environment it ran, and what it made."""

from __future__ import annotations

import hashlib
import platform
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from kdlib.files import DataError, read_json, sha256, write_json
from kdlib.provenance.code import code_digest, code_parts
from kdlib.provenance.packages import package_versions
from kdlib.provenance.place import place

Manifest = dict[str, Any]
MANIFESTS = "manifests"
STAMP = ".snakemake_timestamp"  # which Snakemake puts into a folder when the job is over
LONGEST_NAME = 255  # of a file; Snakemake cuts up longer ones
PARTS = {"rule", "script", "wildcards", "params", "input", "output", "code", "environment", "began", "ended"}


def manifest_path(log: Path) -> Path:
    """Return where the manifest of a job lies: beside its results, by the name of its log.

    Args:
        log: ``logs/RUN/…/JOB.log``, relative; ``logs/cache/…`` of what runs share.
    """
    _, run, *rest = log.parts
    root = Path(run) if run == "cache" else Path("results", run)
    return root.joinpath(MANIFESTS, *rest).with_suffix(".json")


def begun(job: Any, script: Path) -> Manifest:  # noqa: ANN401  (Snakemake's job object)
    """Return the manifest of a job that begins, which its output will complete.

    Args:
        job: Snakemake's object of the job.
        script: The script's file; its code is recorded as it is when the job begins.
    """
    return {
        "rule": job.rule,
        "script": f"workflow/scripts/{script.name}",
        "wildcards": dict(job.wildcards.items()),
        "params": plain_params(dict(job.params.items())),
        "threads": job.threads,
        "input": digests(map(str, job.input)),
        "code": {"digest": code_digest(script), "parts": code_parts(script)},
        "environment": environment(script),
        "place": place(),
        "began": time.time(),
    }


def finished(manifest: Manifest, job: Any) -> None:  # noqa: ANN401
    """Write the manifest of a job that has made its output."""
    made = {"output": digests(map(str, job.output)), "ended": time.time(), "log": str(job.log[0])}
    write_json(manifest_path(Path(job.log[0])), manifest | made)


def read_manifest(log: Path) -> Manifest | None:
    """Return the manifest of a job, or None if there is none.

    Raises:
        DataError: If it cannot be read.
    """
    path = manifest_path(log)
    return _read(path) if path.is_file() else None


def _read(path: Path) -> Manifest:
    found = read_json(path)
    if not isinstance(found, dict) or not found.keys() >= PARTS:
        raise DataError(f"{path}: not a manifest; delete it and run the rule again")
    return found


def read_manifests(folders: Iterable[Path]) -> list[Manifest]:
    """Return the manifests of all jobs whose results lie in folders, in the order of their paths.

    Args:
        folders: The run's, e.g. ``results/default``, and ``cache`` for what runs share.
    """
    paths = sorted(path for folder in folders for path in (folder / MANIFESTS).rglob("*.json"))
    return [_read(path) for path in paths]


def made_elsewhere(folder: Path, records: Path) -> bool:
    """Return whether a run's results were copied here without Snakemake's records of any of them.

    Args:
        folder: The run's, e.g. ``results/default``.
        records: Snakemake's folder of records, each named by its output in base64.
    """
    found = False
    for manifest in (folder / MANIFESTS).rglob("*.json"):
        names = (urlsafe_b64encode(path.encode()).decode() for path in _read(manifest)["output"])
        if any((records / name).exists() for name in names if len(name) < LONGEST_NAME):
            return False
        found = True
    return found


def plain_params(params: dict[str, Any]) -> dict[str, Any]:
    """Return params as JSON holds them, without code and versions, which have places of their own."""
    from pydantic_core import to_jsonable_python

    given = {name: value for name, value in params.items() if name not in {"code", "versions"}}
    plain: dict[str, Any] = to_jsonable_python(given)
    return plain


def environment(script: Path) -> dict[str, Any]:
    """Return what a script would run in: Python, the machine and the packages that it computes with."""
    return {
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "packages": package_versions(script),
    }


def digests(paths: Iterable[str]) -> dict[str, str]:
    """Return the sha256 of every file, and of every folder by the names and bytes of its files.

    Args:
        paths: Files and folders; one that is missing is left out.
    """
    return {path: _digest(Path(path)) for path in paths if Path(path).exists()}


def _digest(path: Path) -> str:
    if path.is_file():
        return sha256(path)
    files = sorted(inner for inner in path.rglob("*") if inner.is_file() and inner.name != STAMP)
    lines = [f"{inner.relative_to(path).as_posix()} {sha256(inner)}\n" for inner in files]
    return hashlib.sha256("".join(lines).encode()).hexdigest()
