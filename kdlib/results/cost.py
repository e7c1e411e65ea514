"""Schema of ``cost.json``: what a model costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from pydantic import with_config

from kdlib.results.schema import STRICT, read


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class Cost:
    """The content of ``cost.json``.

    Attributes:
        parameters: Number of parameters.
        bytes: Size of the weights on disk.
        rows: Number of rows that were predicted.
        generated: Rows that were generated.
        cached: Rows whose predictions came from the cache.
        seconds: Time to generate the generated rows in batches.
        assertions_per_second: Generated rows by these seconds.
        peak_memory_mib: On a GPU the most memory that was allocated there, else the job's resident memory,
            with Python and its libraries.
        latency_rows: Rows that were generated one at a time to measure latency.
        latency_p50_seconds: Median of the seconds of such a row.
        latency_p95_seconds: 95th percentile of the seconds of such a row.
        not_measured: Name of a field that is None: the reason.
        rows_of: Split of the rows.
    """

    parameters: int | None = None
    bytes: int | None = None
    rows: int | None = None
    generated: int | None = None
    cached: int | None = None
    seconds: float | None = None
    assertions_per_second: float | None = None
    peak_memory_mib: float | None = None
    latency_rows: int | None = None
    latency_p50_seconds: float | None = None
    latency_p95_seconds: float | None = None
    not_measured: Mapping[str, str] = field(default_factory=dict)
    rows_of: str = "test"

    def figures(self) -> dict[str, float | None]:
        """Return the figures by name, those that were not measured as None."""
        return {name: getattr(self, name) for name in FIGURES}

    def as_json(self) -> dict[str, Any]:
        """Return the content of the file."""
        return asdict(self)


FIGURES = tuple(column.name for column in fields(Cost) if column.name not in ("not_measured", "rows_of"))


def read_cost(path: Path) -> Cost:
    """Read ``cost.json``; a file that does not fit the schema is a ``DataError``."""
    return read(path, Cost)
