"""The test rows that can be run: those whose own assertion compiles and passes in its test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from kdlib.evaluation.execution.asked import Asked, run_tests
from kdlib.execution.classpath import ClassPath, read_class_path, static_methods
from kdlib.execution.mutants import Mutant
from kdlib.execution.placement import HOLDERS, NotExecutableError, Target, target_of
from kdlib.execution.pool import Pool
from kdlib.files import DataError, read_examples
from kdlib.java.compiler import SourceFile
from kdlib.records import Occurrence

# What follows it may be reached, as javac sees it.
_FAILURE = 'if (true) throw new AssertionError("kdlib: a failure that a test should notice");'


class MutatedFile(NamedTuple):
    """The file of a class under test with a fault, and that fault."""

    file: SourceFile
    mutant: Mutant


@dataclass(frozen=True, slots=True)
class Executable:
    """A row whose own assertion passes.

    Attributes:
        target: Its test.
        where: Where its assertion stood.
        imports: Static methods of the assertion libraries on its class path.
        reference: Its own assertion.
        cpu_seconds: Processor time of its test as it is.
        mutants: Mutants of its focal method.
    """

    target: Target
    where: Occurrence
    imports: Mapping[str, frozenset[str]]
    reference: str
    cpu_seconds: float = 0.0
    mutants: list[MutatedFile] = field(default_factory=list)


def executable_rows(
    ids: Sequence[str], examples: Path, class_paths: Mapping[str, Path], pool: Pool
) -> tuple[dict[str, Executable], dict[str, str]]:
    """Return the rows whose own assertions compile and pass, and why the others do not count.

    Nor do rows count where a failure is caught or never happens: any check would pass there.

    Args:
        ids: Ids of the rows.
        examples: The corpus' examples.
        class_paths: Source: folder of its class path.
        pool: Runs jobs.
    """
    known = {example.id: example for example in read_examples(examples)}
    paths = {source: read_class_path(folder) for source, folder in class_paths.items()}
    holders: dict[tuple[Path, ...], Mapping[str, frozenset[str]]] = {}
    found: dict[str, Executable] = {}
    refused: dict[str, str] = {}
    for key in ids:
        if key not in known:
            raise DataError(f"{examples}: no example {key!r}; make the dataset again from this corpus")
        try:
            where, target = _target(known[key].occurrences, paths)
        except NotExecutableError as error:
            refused[key] = str(error)
            continue
        path = target.edition.path
        if path not in holders:
            holders[path] = static_methods(path, HOLDERS)
        found[key] = Executable(target, where, holders[path], known[key].references[0])
    asked = {(key, False): Asked(row.target, (row.target.place.original(),)) for key, row in found.items()}
    asked |= {(key, True): _failing(row, "") for key, row in found.items()}
    results = run_tests(asked, pool)
    for key in list(found):
        result = results[key, False]
        if result.status == "passed":
            found[key] = replace(found[key], cpu_seconds=result.cpu_seconds)
        else:
            refused[key] = f"its own assertion has {result.status}: {result.message}"
            del found[key]
    noticed = {key: results[key, True].status for key in found}
    # Variables that the assertion declares may be needed behind it; there it still declares them.
    unclear = [key for key, status in noticed.items() if status == "not_compiled"]
    again = {key: _failing(found[key], found[key].reference) for key in unclear}
    noticed |= {key: result.status for key, result in run_tests(again, pool).items()}
    for key in [key for key, status in noticed.items() if status == "passed"]:
        refused[key] = "what fails in place of its assertion is not noticed"
        del found[key]
    return found, refused


def _failing(row: Executable, before: str) -> Asked:
    """Return a row's test that fails in place of its assertion, or behind it."""
    placed = row.target.place.with_statement(f"{before} {_FAILURE}".lstrip())
    return Asked(row.target, (placed.file,), control=(row.target.place.original(),), runs=1)


def _target(places: Sequence[Occurrence], paths: Mapping[str, ClassPath]) -> tuple[Occurrence, Target]:
    reasons = [f"its source has no class path: {', '.join(sorted({p.source for p in places})) or 'none'}"]
    for where in places:
        if where.source in paths:
            try:
                return where, target_of(where, paths[where.source])
            except NotExecutableError as error:
                reasons.append(str(error))
    raise NotExecutableError(reasons[-1])
