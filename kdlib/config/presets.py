"""Named values: what a name in the configuration stands for, and what a wrong one should be."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any


@cache
def presets() -> dict[str, dict[str, Any]]:
    """Return the named sizes, schedules and profiles of ``presets.yaml``."""
    import yaml

    return yaml.safe_load(Path(__file__).with_name("presets.yaml").read_text())


@dataclass(frozen=True)
class NameOf:
    """Annotation of a name that may stand in place of its values; only its JSON schema lists the names.

    Attributes:
        kind: sizes, schedules or profiles.
    """

    kind: str

    def __get_pydantic_json_schema__(self, *_: object) -> dict[str, Any]:
        """Return what pydantic puts in place of its own schema of the type."""
        return {"enum": list(presets()[self.kind])}


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return the end of an error sentence: the nearest known name, or all of them."""
    known = list(known)
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else f"; known: {', '.join(sorted(known))}"


def named(kind: str, value: Any) -> Any:  # noqa: ANN401  (a raw YAML value)
    """Return the preset that a string names, and anything else as it is."""
    if not isinstance(value, str):
        return value
    if value not in presets()[kind]:
        raise ValueError(f"unknown name {value!r}{did_you_mean(value, presets()[kind])}")
    return presets()[kind][value]
