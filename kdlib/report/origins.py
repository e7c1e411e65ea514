"""Where the page's numbers come from: files, and digests of what these were made from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from kdlib.files import sha256
from kdlib.provenance.lineage import ancestry, sources
from kdlib.provenance.manifest import Manifest
from kdlib.report.tables import Cell, Heading, Table

SHORT = 16  # characters of a digest, as ``kdlib lineage`` prints them
UNKNOWN = "not recorded"


class Origin(NamedTuple):
    """A file behind numbers of the page.

    Attributes:
        path: Path from the run's folder.
        sha256: Digest of its bytes, shortened.
        rule: Rule that made it, with its wildcards; empty without a manifest of the job.
        jobs: Number of jobs behind it, with the one that made it.
        config: Digest of the params of all these jobs.
        code: Digest of their code.
        data: Digest of what no job made: where the chain begins.
    """

    path: str
    sha256: str
    rule: str = ""
    jobs: int = 0
    config: str = ""
    code: str = ""
    data: str = ""


def origin(path: Path, run: Path, manifests: Iterable[Manifest]) -> Origin:
    """Return where a file comes from.

    Args:
        path: Of the file, as the job that made it named it.
        run: Folder of the run.
        manifests: Of all jobs that may be behind it.
    """
    name = path.relative_to(run).as_posix() if path.is_relative_to(run) else path.as_posix()
    jobs = list(ancestry([str(path)], manifests))
    if not jobs:
        return Origin(name, sha256(path)[:SHORT])
    maker = jobs[0]
    return Origin(
        name,
        sha256(path)[:SHORT],
        " ".join([maker["rule"], *map(str, maker["wildcards"].values())]),
        len(jobs),
        _digest([job["rule"], job["wildcards"], job["params"]] for job in jobs),
        _digest([job["rule"], job["code"]["digest"]] for job in jobs),
        _digest([[path, sha] for path, sha in sources(jobs).items()]),
    )


def _digest(parts: Iterable[Any]) -> str:
    """Return the digest of JSON values, whatever their order."""
    lines = sorted({json.dumps(part, sort_keys=True) for part in parts})
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:SHORT]


def origin_table(origins: Mapping[str, Origin]) -> Table:
    """Return the files behind the page's numbers with their digests.

    Args:
        origins: Name on the page: where it comes from.
    """
    rows = []
    for found in origins.values():
        made = [UNKNOWN] * 4
        if found.rule:
            made = [f"{found.rule}, {found.jobs} jobs", found.config, found.code, found.data]
        rows.append([Cell(found.path), *(Cell(text, mark="code") for text in (found.sha256, *made))])
    head = [Heading(name) for name in ("file", "sha256", "made by", "config", "code", "data")]
    return Table("origins-table", "Files behind the numbers", head, rows)
