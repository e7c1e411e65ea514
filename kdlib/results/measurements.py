"""Schemas of what is measured for all models together: ``execution.json`` and ``similarity.json``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, with_config

from kdlib.files import read_json
from kdlib.results.schema import STRICT, read

Status = Literal["not_compiled", "passed", "failed", "timed_out", "crashed"]
Count = Annotated[int, BeforeValidator(lambda number: 0 if number is None else number)]


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class Unmeasured:
    """The content of a report if nothing was measured.

    Attributes:
        measured: False.
        reason: Why.
    """

    measured: Literal[False]
    reason: str

    def as_json(self) -> dict[str, Any]:
        """Return the content of the file."""
        return asdict(self)


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a statement in its test.

    Attributes:
        status: How compiling and running the test ended.
        message: First line that says why; empty if the test passed.
        tautology: Why the statement cannot fail, or None.
        killed: Number of mutants of the focal method that it kills.
        mutants: Number of mutants that it was tried on; 0 if it did not pass or there are none.
    """

    status: Status
    message: str
    tautology: str | None
    killed: Count
    mutants: Count

    def as_json(self) -> dict[str, Any]:
        """Return an entry of ``execution.json``: both counts are null without mutants."""
        tried = self.mutants > 0
        counts = {"killed": self.killed if tried else None, "mutants": self.mutants if tried else None}
        return {**asdict(self), **counts}


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class NotExecutable:
    """A test row that cannot be run.

    Attributes:
        id: Id of the row.
        reason: Why.
    """

    id: str
    reason: str


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class ExecutionReport:
    """The content of ``execution.json``.

    Attributes:
        measured: True.
        javac: Version of the compiler.
        sandbox: Name of the sandbox.
        rows: Number of test rows.
        not_executable: The rows that cannot be run.
        reference: Row: what its own assertion did.
        models: Model: row: what its first prediction did.
    """

    measured: Literal[True]
    javac: str
    sandbox: str
    rows: int
    not_executable: Sequence[NotExecutable]
    reference: Mapping[str, Outcome]
    models: Mapping[str, Mapping[str, Outcome]]

    def as_json(self) -> dict[str, Any]:
        """Return the content of the file."""
        return {
            **asdict(self),
            "reference": _entries(self.reference),
            "models": {name: _entries(outcomes) for name, outcomes in self.models.items()},
        }


def _entries(outcomes: Mapping[str, Outcome]) -> dict[str, Any]:
    return {row: outcome.as_json() for row, outcome in outcomes.items()}


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class SimilarityReport:
    """The content of ``similarity.json``.

    Attributes:
        measured: True.
        rows: Number of test rows.
        signature: How a value is computed.
    """

    measured: Literal[True]
    rows: int
    signature: str

    def as_json(self) -> dict[str, Any]:
        """Return the content of the file."""
        return asdict(self)


def read_execution(path: Path) -> ExecutionReport | Unmeasured:
    """Read ``execution.json``; a file that does not fit the schema is a ``DataError``."""
    return read(path, ExecutionReport) if _is_measured(path) else read(path, Unmeasured)


def read_similarity_report(path: Path) -> SimilarityReport | Unmeasured:
    """Read ``similarity.json``; a file that does not fit the schema is a ``DataError``."""
    return read(path, SimilarityReport) if _is_measured(path) else read(path, Unmeasured)


def _is_measured(path: Path) -> bool:
    found = read_json(path)
    return isinstance(found, dict) and bool(found.get("measured"))
