"""Tests of rows with changed files, as the pool takes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple, TypeVar

from kdlib.execution.jobs import ExecutionJob, ExecutionResult
from kdlib.execution.placement import Target
from kdlib.execution.pool import Pool
from kdlib.java.compiler import SourceFile

Key = TypeVar("Key")


class Asked(NamedTuple):
    """A test to run with changed files.

    Attributes:
        target: Test of a row.
        files: Test file, then the class under test if that is a mutant, or what the test file needs.
        statement: Bytes of the test file that a model wrote; None if they are the row's own.
        control: Files with which the test is known to pass; None if it is not known.
        cpu_seconds: Processor time that the test may take; None leaves it to the limits' wall time.
        runs: JVMs in which a pass must be seen.
    """

    target: Target
    files: tuple[SourceFile, ...]
    statement: tuple[int, int] | None = None
    control: tuple[SourceFile, ...] | None = None
    cpu_seconds: float | None = None
    runs: Literal[1, 2] = 2


def run_tests(asked: Mapping[Key, Asked], pool: Pool) -> dict[Key, ExecutionResult]:
    """Run tests.

    Args:
        asked: By any key: a test.
        pool: Runs jobs; without a test it is not called.

    Returns:
        The result of each.
    """
    keys = list(asked)
    if not keys:
        return {}
    jobs = (_job(str(place), asked[key]) for place, key in enumerate(keys))
    return {keys[int(result.id)]: result for result in pool(jobs)}


def _job(name: str, asked: Asked) -> ExecutionJob:
    target = asked.target
    return ExecutionJob(
        name,
        asked.files,
        target.test_class,
        target.method,
        target.edition.path,
        target.framework,
        target.project,
        asked.cpu_seconds,
        asked.statement,
        asked.control,
        asked.runs,
    )
