"""Schemas of what is measured for all models together: ``execution.json`` and ``similarity.json``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import with_config

from kdlib.files import read_json
from kdlib.results.schema import STRICT, read

Status = Literal["not_compiled", "passed", "failed", "timed_out", "crashed"]
# What a statement says of a fault that is put into the code on purpose: see ``Outcome.fault``.
Answer = Literal["exposed", "blessed", "false_alarm", "silent", "none"]


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
class Kills:
    """What a statement does to mutants of the focal method.

    Attributes:
        killed: Number of those that it kills.
        mutants: Number of those that it was tried on; 0 if it is not valid or there are none.
    """

    killed: int = 0
    mutants: int = 0


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a statement in its test.

    Attributes:
        status: How compiling and running the test ended.
        message: First line that says why; empty if the test passed.
        asserted: Whether the test failed by an ``AssertionError``, as checks do.
        vacuous: Why nothing that it reads could make the statement fail, or None; of one that did not pass,
            only what its text shows.
        rank: Mutants by which candidates may be ranked.
        score: Mutants of which all figures are reported.
        fault: What it would do if the code had the fault of its row: ``exposed``, it is valid and the test
            fails on the fault; ``blessed``, the test passes on it, whether the statement misses it or asserts
            the wrong value; ``false_alarm``, it fails by an assertion on right and wrong code; ``silent``, it
            passes and is vacuous; ``none``, everything else, such as what does not compile. None where the
            row has no fault.
    """

    status: Status
    message: str
    asserted: bool
    vacuous: str | None
    rank: Kills = Kills()
    score: Kills = Kills()
    fault: Answer | None = None

    @property
    def compiles(self) -> bool:
        """Whether the test compiles with it."""
        return self.status != "not_compiled"

    @property
    def passes(self) -> bool:
        """Whether the test passes with it, in both JVMs."""
        return self.status == "passed"

    @property
    def valid(self) -> bool:
        """Whether the test passes and the statement could have failed."""
        return self.passes and self.vacuous is None

    @property
    def strong(self) -> bool:
        """Whether it is valid and kills a mutant that is scored."""
        return self.valid and self.score.killed > 0

    @property
    def fails_today(self) -> bool:
        """Whether it disagrees with the code as it is: then one of the two is wrong."""
        return self.status == "failed" and self.asserted and self.vacuous is None


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
class Fault:
    """The mutant that a row's code is taken to be, to see what statements say of wrong code.

    Attributes:
        path: File of the focal method, in its source.
        operator: Kind of change, as in ``Mutant``.
        line: Line of the fault, from 1.
        replacement: Source in place of what stood there.
    """

    path: str
    operator: str
    line: int
    replacement: str


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
        reference: Row: what its own assertion did; it is tried on all mutants of its row that the rest of
            the test leaves alive.
        models: Model: row: what its first prediction did.
        faults: Row: its fault, a scored mutant that its own assertion kills; rows without one have none.
    """

    measured: Literal[True]
    javac: str
    sandbox: str
    rows: int
    not_executable: Sequence[NotExecutable]
    reference: Mapping[str, Outcome]
    models: Mapping[str, Mapping[str, Outcome]]
    faults: Mapping[str, Fault] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the content of the file."""
        return asdict(self)


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
