"""Execution: first predictions put back into their tests, compiled, run, and run again on mutants."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from kdlib.config import Execution
from kdlib.evaluation.outputs import Row, read_output, read_rows
from kdlib.execution.classpath import ClassPath, read_class_path, static_methods
from kdlib.execution.equivalents import class_files
from kdlib.execution.jobs import Job, Limits, Result
from kdlib.execution.mutants import equivalent, mutants_of
from kdlib.execution.placement import (
    HOLDERS,
    NotExecutableError,
    Target,
    as_javac_reads,
    target_of,
    with_imports,
)
from kdlib.execution.pool import run
from kdlib.execution.sandbox import find_sandbox
from kdlib.files import DataError, read_examples, write_json
from kdlib.java.compiler import Jdk, SourceFile, find_jdk
from kdlib.java.tautologies import tautology
from kdlib.java.validity import is_statement
from kdlib.records import Occurrence

Pool = Callable[[Iterable[Job]], Iterator[Result]]
# The row, what stands in place of its assertion, and the number of the mutant, -1 for none.
_Key = tuple[str, str, int]
# No prediction has these texts: the row's own assertion, and none at all.
_ORIGINAL, _NONE = "\0original", "\0none"


@dataclass(frozen=True, slots=True)
class Executable:
    """A row whose own assertion passes.

    Attributes:
        target: Its test.
        where: Where its assertion stood.
        imports: Static methods of the assertion libraries on its class path.
        reference: Its own assertion.
        mutants: The file of the class under test, once for each mutant.
    """

    target: Target
    where: Occurrence
    imports: Mapping[str, frozenset[str]]
    reference: str
    mutants: list[SourceFile] = field(default_factory=list)


def execute(
    models: Mapping[str, Path],
    examples: Path,
    test: Path,
    class_paths: Mapping[str, Path],
    settings: Execution,
    cache: Path,
    out: Path,
) -> None:
    """Run the first predictions of all models in their tests, and those that pass on mutants.

    A row counts if its test passes as it is. An assertion kills a mutant if it passes on the original and
    the test with it does not end well on the mutant. Left out are mutants that do not compile, that compile
    to the original's classes, and that the rest of the test notices without the assertion.

    Args:
        models: Name: folder with ``predictions.jsonl``.
        examples: The corpus' examples (Parquet), which tell where each row stood.
        test: Dataset rows (Parquet).
        class_paths: Source: folder of its class path (``build_class_path``).
        settings: Limits and mutants.
        cache: Folder for results and the compiled harness.
        out: JSON to write: ``measured``; if not, ``reason``; else ``javac``, ``sandbox``, ``rows``,
            ``not_executable`` ``[{"id", "reason"}]``, ``reference`` ``{id: entry}`` of the rows' own
            assertions, and ``models`` ``{name: {id: entry}}``. An entry has ``status`` (not_compiled, passed,
            failed, timed_out, crashed), ``message``, ``tautology`` (a reason, or null), ``killed`` and
            ``mutants``: how many of how many; both null if it did not pass or there are none to kill.

    Raises:
        DataError: If a file is not the one that was mined, or predictions are not of the test rows.
    """
    rows = read_rows(test)
    texts = {
        name: [own[0] for own in read_output(name, folder, rows).candidates]
        for name, folder in models.items()
    }
    try:
        jdk, sandbox = find_jdk(), find_sandbox(settings.unsafe)
    except DataError as error:
        write_json(out, {"measured": False, "reason": str(error)})
        return
    limits = Limits(seconds=settings.timeout_s, memory_mb=settings.memory_mb)
    pool = partial(run, limits=limits, workers=settings.workers, cache=cache, sandbox=sandbox)
    found, refused = executable_rows(rows, examples, class_paths, pool)
    if not found:
        reason = f"no test row can be run; of the first, {refused[rows[0].id]}"
        write_json(out, {"measured": False, "reason": reason})
        return
    _add_mutants(jdk, cache, found, settings)
    candidates = {
        (row.id, text)
        for own in texts.values()
        for row, text in zip(rows, own, strict=True)
        if row.id in found
    }
    entries = _entries(found, candidates, pool)
    refusals = [{"id": row.id, "reason": refused[row.id]} for row in rows if row.id in refused]
    head = {"measured": True, "javac": jdk.version, "sandbox": sandbox, "rows": len(rows)}
    write_json(out, {**head, "not_executable": refusals, **_answers(rows, texts, found, entries)})


def _answers(
    rows: Sequence[Row],
    texts: Mapping[str, Sequence[str]],
    found: Mapping[str, Executable],
    entries: Mapping[tuple[str, str], dict[str, Any]],
) -> dict[str, Any]:
    """Return the entries of the rows' own assertions, and of every model's predictions."""
    return {
        "reference": {row.id: entries[row.id, _ORIGINAL] for row in rows if row.id in found},
        "models": {
            name: {
                row.id: entries[row.id, text] for row, text in zip(rows, own, strict=True) if row.id in found
            }
            for name, own in texts.items()
        },
    }


def executable_rows(
    rows: Sequence[Row], examples: Path, class_paths: Mapping[str, Path], pool: Pool
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
    results = _run(
        {(key, _ORIGINAL, -1): own.target.place.original() for key, own in found.items()}, found, pool
    )
    for (key, _, _), result in results.items():
        if result.status != "passed":
            refused[key] = f"its own assertion has {result.status}: {result.message}"
            del found[key]
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


def _add_mutants(jdk: Jdk, cache: Path, found: Mapping[str, Executable], settings: Execution) -> None:
    """Give each row the mutants of its focal method that compile to something else."""
    methods: dict[tuple[Path, str, int, int], list[Executable]] = {}
    for own in found.values():
        if own.where.focal_path:
            span = (own.where.focal_path, own.where.focal_start_byte, own.where.focal_end_byte)
            methods.setdefault((own.target.edition.classes, *span), []).append(own)
    asked: list[tuple[tuple[Path, ...], SourceFile]] = []
    # Of each file that is asked for: where its original stands among them, and whose mutant it is.
    owners: list[tuple[int, list[Executable]]] = []
    for (classes, path, start, end), rows in methods.items():
        file = classes.parent / "files" / path
        content = file.read_bytes() if file.is_file() else b""
        name, first = path.removesuffix(".java"), len(asked)
        mutants = mutants_of(content, start, end, settings.mutants, settings.seed)
        if mutants:
            changed = [mutant.applied(name, content) for mutant in mutants]
            asked += [(rows[0].target.edition.path, each) for each in (SourceFile(name, content), *changed)]
            owners += [(first, []), *((first, rows) for _ in changed)]
    compiled = list(class_files(jdk, cache, asked))
    for (first, rows), made, (_, source) in zip(owners, compiled, asked, strict=True):
        original = compiled[first]
        if made is not None and original is not None and not equivalent(original, made):
            for own in rows:
                own.mutants.append(source)


def _entries(
    found: Mapping[str, Executable], candidates: Iterable[tuple[str, str]], pool: Pool
) -> dict[tuple[str, str], dict[str, Any]]:
    """Return what is written of each (row, text), and of each (row, the row's own assertion)."""
    asked = {(key, text): _file(found[key], text) for key, text in sorted(candidates)}
    files = {(key, text, -1): file for (key, text), file in asked.items() if file is not None}
    files |= {
        (key, _NONE, -1): own.target.place.with_statement(";") for key, own in found.items() if own.mutants
    }
    results = _run(files, found, pool)
    passed = {(key, text) for (key, text, _), result in results.items() if result.status == "passed"}
    files |= {(key, _ORIGINAL, -1): own.target.place.original() for key, own in found.items()}
    passed |= {(key, _ORIGINAL) for key in found}
    alive = _on_mutants({pair for pair in passed if pair[1] == _NONE}, files, found, pool)
    unnoticed = {key: {at for at, good in own.items() if good} for (key, _), own in alive.items()}
    killed = _on_mutants({pair for pair in passed if pair[1] != _NONE}, files, found, pool, unnoticed)
    entries = {}
    for key, text in [*asked, *((key, _ORIGINAL) for key in found)]:
        result = results.get((key, text, -1))
        outcome = killed.get((key, text), {})
        status, message = (result.status, result.message) if result else ("passed", "")
        if asked.get((key, text), ...) is None:
            status, message = "not_compiled", "it is not one statement"
        entries[key, text] = {
            "status": status,
            "message": message,
            "tautology": tautology(text if text != _ORIGINAL else found[key].reference),
            "killed": sum(not good for good in outcome.values()) if outcome else None,
            "mutants": len(outcome) or None,
        }
    return entries


def _file(own: Executable, text: str) -> SourceFile | None:
    """Return a row's test file with a prediction, or None if that is not one statement."""
    if not is_statement(as_javac_reads(text)):
        return None
    return with_imports(own.target.place, text, own.imports)


def _on_mutants(
    pairs: Iterable[tuple[str, str]],
    files: Mapping[_Key, SourceFile],
    found: Mapping[str, Executable],
    pool: Pool,
    only: Mapping[str, set[int]] | None = None,
) -> dict[tuple[str, str], dict[int, bool]]:
    """Return of each (row, text) which mutants its test passes on, of all or of ``only`` some."""
    asked: dict[_Key, SourceFile] = {}
    for key, text in sorted(pairs):
        for at in range(len(found[key].mutants)):
            if only is None or at in only.get(key, ()):
                asked[key, text, at] = files[key, text, -1]
    outcomes: dict[tuple[str, str], dict[int, bool]] = {}
    for (key, text, at), result in _run(asked, found, pool).items():
        # Compiled by itself, but not with the test.
        if result.status != "not_compiled":
            outcomes.setdefault((key, text), {})[at] = result.status == "passed"
    return outcomes


def _run(files: Mapping[_Key, SourceFile], found: Mapping[str, Executable], pool: Pool) -> dict[_Key, Result]:
    """Run the tests of rows with changed files."""
    keys = list(files)
    jobs = (_job(str(at), found[key[0]], files[key], key[2]) for at, key in enumerate(keys))
    return {keys[int(result.id)]: result for result in pool(jobs)}


def _job(name: str, own: Executable, file: SourceFile, mutant: int) -> Job:
    target = own.target
    files = (file,) if mutant < 0 else (file, own.mutants[mutant])
    return Job(
        name, files, target.test_class, target.method, target.edition.path, target.framework, target.project
    )
