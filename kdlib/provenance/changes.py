"""What has changed since an artefact was made: configuration, code, environment, input or itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from kdlib.provenance.code import code_parts
from kdlib.provenance.manifest import Manifest, digests
from kdlib.provenance.packages import package_versions

ABSENT = "absent"


@dataclass(frozen=True)
class Change:
    """One difference between what a job was made from and what it would be made from now."""

    kind: Literal["config", "code", "environment", "input", "output"]
    name: str
    how: str  # "before → now", or a word


def changes(manifest: Manifest, job: Mapping[str, Any]) -> list[Change]:
    """Return the differences between a manifest and the same job as it would run now.

    Args:
        manifest: Written when the artefact was made.
        job: Job as ``workflow/plan.py`` prints it.
    """
    script = Path(job["script"])
    return [
        *_config(manifest["params"], job["params"]),
        *_code(manifest["code"]["parts"], code_parts(script)),
        *_environment(manifest["environment"]["packages"], package_versions(script)),
        *_files("input", manifest["input"], digests(job["input"]), job["input"]),
        *_files("output", manifest["output"], digests(job["output"]), job["output"]),
    ]


def _config(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Change]:
    old = dict(flat(before))
    new = dict(flat(now))
    for name in sorted(old.keys() | new.keys()):
        if old.get(name, ABSENT) != new.get(name, ABSENT):
            yield Change("config", name, f"{_word(old, name)} → {_word(new, name)}")


def flat(values: Mapping[str, Any], place: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the leaves of nested mappings by dotted names; an empty mapping is a leaf.

    Args:
        values: The mapping.
        place: Prefix of all names.
    """
    for name, value in values.items():
        if isinstance(value, dict) and value:
            yield from flat(value, f"{place}{name}.")
        else:
            yield f"{place}{name}", value


def _word(values: Mapping[str, Any], name: str) -> str:
    return str(values[name]) if name in values else ABSENT


def _code(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[Change]:
    for name in sorted(before.keys() | now.keys()):
        if before.get(name) != now.get(name):
            how = "new" if name not in before else "changed" if name in now else "no longer imported"
            yield Change("code", name, how)


def _environment(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[Change]:
    for name in sorted(before.keys() | now.keys()):
        if before.get(name) != now.get(name):
            yield Change("environment", name, f"{_word(before, name)} → {_word(now, name)}")


def _files(
    kind: Literal["input", "output"], before: Mapping[str, str], now: Mapping[str, str], asked: list[str]
) -> Iterator[Change]:
    for path in sorted(before.keys() | set(asked)):
        if path not in asked:
            yield Change(kind, path, f"no longer an {kind}")
        elif path not in now:
            yield Change(kind, path, "missing")
        elif path not in before:
            yield Change(kind, path, f"new as an {kind}")
        elif before[path] != now[path]:
            yield Change(kind, path, "other bytes" if kind == "input" else "changed since it was made")
