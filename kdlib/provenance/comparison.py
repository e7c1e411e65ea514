"""What two runs of the same configuration made, artefact by artefact."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from kdlib.provenance.manifest import digests

# Files and columns of clocks, memory and the tracking server: no two runs agree in them.
MEASURED_FILES = {
    "cost.json",
    "speed.json",
    "distillation_log.txt",
    "mlflow.json",
    "report.html",
    "tensorboard",
    "tracking.json",
}
MEASURED_COLUMNS = {"timestamp", "elapsed_time_seconds", "memory_usage_mb"}


@dataclass(frozen=True)
class Compared:
    """An artefact of both runs."""

    path: str
    answer: Literal["same bytes", "same values", "measured", "differs", "missing"]


def compare(before: Mapping[str, Any], old: Path, new: Path) -> Iterator[Compared]:
    """Yield every artefact of a run beside the same of another.

    Args:
        before: Manifest of the run.
        old: Folder that its paths are relative to, for tables whose bytes differ.
        new: Folder in which it was made again.
    """
    for job in before["jobs"]:
        for path, sha in job["output"].items():
            again = digests([str(new / path)])
            if not again:
                yield Compared(path, "missing")
            elif sha in again.values():
                yield Compared(path, "same bytes")
            elif Path(path).name in MEASURED_FILES:
                yield Compared(path, "measured")
            elif path.endswith(".csv") and _values(old / path) == _values(new / path):
                yield Compared(path, "same values")
            else:
                yield Compared(path, "differs")


def _values(table: Path) -> list[dict[str, str]]:
    """Return the rows of a table without what clocks and memory say."""
    with table.open(newline="") as file:
        return [
            {name: value for name, value in row.items() if name not in MEASURED_COLUMNS}
            for row in csv.DictReader(file)
        ]
