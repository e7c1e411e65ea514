"""The test rows that can be run: those whose own assertion compiles and passes in its test."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from kdlib.evaluation.predictions.outputs import ScoredRow
from kdlib.execution.classpath import ClassPath, read_class_path, static_methods
from kdlib.execution.jobs import ExecutionJob, ExecutionResult
from kdlib.execution.placement import HOLDERS, NotExecutableError, Target, target_of
from kdlib.files import DataError, read_examples
from kdlib.java.compiler import SourceFile
from kdlib.records import Occurrence

Pool = Callable[[Iterable[ExecutionJob]], Iterator[ExecutionResult]]
# The row, what stands in place of its assertion, and the number of the mutant, -1 for none.
Key = tuple[str, str, int]
ORIGINAL = "\0original"  # no prediction has this text: the row's own assertion


@dataclass(frozen=True, slots=True)
class Executable:
    """A row whose own assertion passes.

    Attributes:
        target: Its test.
        where: Where its assertion stood.
        imports: Static methods of the assertion libraries on its class path.
        reference: Its own assertion.
        seconds: Wall time of its test as it is.
        mutants: The file of the class under test, once for each mutant.
    """

    target: Target
    where: Occurrence
    imports: Mapping[str, frozenset[str]]
    reference: str
    seconds: float = 0.0
    mutants: list[SourceFile] = field(default_factory=list)


def executable_rows(
    rows: Sequence[ScoredRow], examples: Path, class_paths: Mapping[str, Path], pool: Pool
) -> tuple[dict[str, Executable], dict[str, str]]:
    """Return the rows whose own assertions compile and pass, and why the others do not count.

    Args:
        rows: Test rows.
        examples: The corpus' examples.
        class_paths: Source: folder of its class path.
        pool: Runs jobs.
    """
    known = {example.id: example for example in read_examples(examples)}
    paths = {source: read_class_path(folder) for source, folder in class_paths.items()}
    holders: dict[tuple[Path, ...], Mapping[str, frozenset[str]]] = {}
    found: dict[str, Executable] = {}
    refused: dict[str, str] = {}
    for row in rows:
        if row.id not in known:
            raise DataError(f"{examples}: no example {row.id!r}; make the dataset again from this corpus")
        try:
            where, target = _target(known[row.id].occurrences, paths)
        except NotExecutableError as error:
            refused[row.id] = str(error)
            continue
        path = target.edition.path
        if path not in holders:
            holders[path] = static_methods(path, HOLDERS)
        found[row.id] = Executable(target, where, holders[path], known[row.id].references[0])
    results = run_tests(
        {(key, ORIGINAL, -1): row.target.place.original() for key, row in found.items()}, found, pool
    )
    for (key, _, _), result in results.items():
        if result.status != "passed":
            refused[key] = f"its own assertion has {result.status}: {result.message}"
            del found[key]
        else:
            found[key] = replace(found[key], seconds=result.seconds)
    return found, refused


def _target(places: Sequence[Occurrence], paths: Mapping[str, ClassPath]) -> tuple[Occurrence, Target]:
    reasons = [f"its source has no class path: {', '.join(sorted({p.source for p in places})) or 'none'}"]
    for where in places:
        if where.source in paths:
            try:
                return where, target_of(where, paths[where.source])
            except NotExecutableError as error:
                reasons.append(str(error))
    raise NotExecutableError(reasons[-1])


def run_tests(
    files: Mapping[Key, SourceFile],
    found: Mapping[str, Executable],
    pool: Pool,
    allowed: Mapping[str, float] | None = None,
) -> dict[Key, ExecutionResult]:
    """Run the tests of rows with changed files.

    Args:
        files: Of each row, text and mutant: the file of its test.
        found: The rows.
        pool: Runs jobs.
        allowed: Seconds of processor time that the test of a row may take.
    """
    keys = list(files)
    cpu = allowed or {}
    jobs = (
        _job(str(place), found[key[0]], files[key], key[2], cpu.get(key[0])) for place, key in enumerate(keys)
    )
    return {keys[int(result.id)]: result for result in pool(jobs)}


def _job(
    name: str, row: Executable, file: SourceFile, mutant: int, cpu_seconds: float | None
) -> ExecutionJob:
    target = row.target
    return ExecutionJob(
        name,
        (file,) if mutant < 0 else (file, row.mutants[mutant]),
        target.test_class,
        target.method,
        target.edition.path,
        target.framework,
        target.project,
        cpu_seconds,
    )
