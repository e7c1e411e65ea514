"""Execution: first predictions put back into their tests, compiled, run, and run again on mutants."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

from kdlib.config import Execution
from kdlib.evaluation.execution.runnable import ORIGINAL, Executable, Key, Pool, executable_rows, run_tests
from kdlib.evaluation.predictions.outputs import ScoredRow, read_output, read_rows
from kdlib.execution.class_files import class_files
from kdlib.execution.jobs import ExecutionLimits
from kdlib.execution.mutants import equivalent, mutants_of
from kdlib.execution.placement import as_javac_reads, with_imports
from kdlib.execution.pool import run
from kdlib.execution.sandbox import Sandbox, find_sandbox
from kdlib.files import DataError, write_json
from kdlib.java.compiler import Jdk, SourceFile, find_jdk
from kdlib.java.tautologies import tautology
from kdlib.java.validity import is_statement
from kdlib.results.measurements import ExecutionReport, NotExecutable, Outcome, Status, Unmeasured

_NONE = "\0none"  # no prediction has this text: no assertion at all
_FACTOR = 1.25


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
        examples: The corpus' examples (Parquet), which say where each row stood.
        test: Dataset rows (Parquet).
        class_paths: Source: folder of its class path (``build_class_path``).
        settings: Limits and mutants.
        cache: Folder for results and the compiled harness.
        out: JSON to write: an ``ExecutionReport``, or ``Unmeasured`` with the reason.

    Raises:
        DataError: If a file is not the one that was mined, or predictions are not of the test rows.
    """
    rows = read_rows(test)
    texts = {
        name: [candidates[0] for candidates in read_output(name, folder, rows).candidates]
        for name, folder in models.items()
    }
    try:
        jdk = find_jdk()
        sandbox = find_sandbox(settings.unsafe)
    except DataError as error:
        write_json(out, Unmeasured(False, str(error)).as_json())
        return
    limits = ExecutionLimits(seconds=settings.timeout_s, memory_mb=settings.memory_mb)
    pool = partial(run, limits=limits, workers=settings.workers, cache=cache, sandbox=sandbox)
    found, refused = executable_rows(rows, examples, class_paths, pool)
    if not found:
        reason = f"no test row can be run; of the first, {refused[rows[0].id]}"
        write_json(out, Unmeasured(False, reason).as_json())
        return
    _add_mutants(jdk, cache, sandbox, found, settings)
    candidates = {
        (row.id, text)
        for predicted in texts.values()
        for row, text in zip(rows, predicted, strict=True)
        if row.id in found
    }
    outcomes = _outcomes(found, candidates, pool, settings)
    report = ExecutionReport(
        measured=True,
        javac=jdk.version,
        sandbox=sandbox,
        rows=len(rows),
        not_executable=[NotExecutable(row.id, refused[row.id]) for row in rows if row.id in refused],
        reference={row.id: outcomes[row.id, ORIGINAL] for row in rows if row.id in found},
        models={name: _of_model(rows, predicted, outcomes) for name, predicted in texts.items()},
    )
    write_json(out, report.as_json())


def _of_model(
    rows: Sequence[ScoredRow], texts: Sequence[str], outcomes: Mapping[tuple[str, str], Outcome]
) -> dict[str, Outcome]:
    """Return what became of a model's predictions, by row, of the rows that can be run."""
    pairs = [(row.id, text) for row, text in zip(rows, texts, strict=True)]
    return {key: outcomes[key, text] for key, text in pairs if (key, text) in outcomes}


def _add_mutants(
    jdk: Jdk, cache: Path, sandbox: Sandbox, found: Mapping[str, Executable], settings: Execution
) -> None:
    """Give each row the mutants of its focal method that compile to something else."""
    methods: dict[tuple[Path, str, int, int], list[Executable]] = {}
    for row in found.values():
        where = row.where
        if where.focal_path:
            span = (where.focal_path, where.focal_start_byte, where.focal_end_byte)
            methods.setdefault((row.target.edition.classes, *span), []).append(row)
    asked: list[tuple[tuple[Path, ...], SourceFile]] = []
    # Of each file that is asked for: where its original stands among them, and whose mutant it is.
    owners: list[tuple[int, list[Executable]]] = []
    for (classes, path, start, end), rows in methods.items():
        file = classes.parent / "files" / path
        content = file.read_bytes() if file.is_file() else b""
        name = path.removesuffix(".java")
        first = len(asked)
        mutants = mutants_of(content, start, end, settings.mutants, settings.seed)
        if mutants:
            changed = [mutant.applied(name, content) for mutant in mutants]
            asked += [(rows[0].target.edition.path, each) for each in (SourceFile(name, content), *changed)]
            owners += [(first, []), *((first, rows) for _ in changed)]
    compiled = class_files(jdk, cache, sandbox, asked)
    for (first, rows), made, (_, source) in zip(owners, compiled, asked, strict=True):
        original = compiled[first]
        if made is not None and original is not None and not equivalent(original, made):
            for row in rows:
                row.mutants.append(source)


def _outcomes(
    found: Mapping[str, Executable], candidates: Iterable[tuple[str, str]], pool: Pool, settings: Execution
) -> dict[tuple[str, str], Outcome]:
    """Return what became of each (row, text), and of each (row, the row's own assertion)."""
    asked = {(key, text): _file(found[key], text) for key, text in sorted(candidates)}
    files = {(key, text, -1): file for (key, text), file in asked.items() if file is not None}
    files |= {
        (key, _NONE, -1): row.target.place.with_statement(";") for key, row in found.items() if row.mutants
    }
    results = run_tests(files, found, pool)
    passed = {(key, text) for (key, text, _), result in results.items() if result.status == "passed"}
    files |= {(key, ORIGINAL, -1): row.target.place.original() for key, row in found.items()}
    passed |= {(key, ORIGINAL) for key in found}
    killed = _killed(passed, files, found, pool, settings)
    outcomes = {}
    for key, text in [*asked, *((key, ORIGINAL) for key in found)]:
        result = results.get((key, text, -1))
        tried = killed.get((key, text), {})
        status: Status = result.status if result else "passed"
        message = result.message if result else ""
        if asked.get((key, text), ...) is None:
            status = "not_compiled"
            message = "it is not one statement"
        statement = text if text != ORIGINAL else found[key].reference
        outcomes[key, text] = Outcome(
            status, message, tautology(statement), sum(not good for good in tried.values()), len(tried)
        )
    return outcomes


def _killed(
    passed: set[tuple[str, str]],
    files: Mapping[Key, SourceFile],
    found: Mapping[str, Executable],
    pool: Pool,
    settings: Execution,
) -> dict[tuple[str, str], dict[int, bool]]:
    """Return of each (row, text) that passed which mutants its test passes on.

    Mutants that the rest of the test notices without an assertion are left out.
    """
    mutated = partial(_on_mutants, files=files, found=found, pool=pool, settings=settings)
    alive = mutated({pair for pair in passed if pair[1] == _NONE})
    unnoticed = {key: {mutant for mutant, good in tried.items() if good} for (key, _), tried in alive.items()}
    return mutated({pair for pair in passed if pair[1] != _NONE}, only=unnoticed)


def _file(row: Executable, text: str) -> SourceFile | None:
    """Return a row's test file with a prediction, or None if that is not one statement."""
    if not is_statement(as_javac_reads(text)):
        return None
    return with_imports(row.target.place, text, row.imports)


def _on_mutants(
    pairs: Iterable[tuple[str, str]],
    files: Mapping[Key, SourceFile],
    found: Mapping[str, Executable],
    pool: Pool,
    settings: Execution,
    only: Mapping[str, set[int]] | None = None,
) -> dict[tuple[str, str], dict[int, bool]]:
    """Return of each (row, text) which mutants its test passes on, of all or of ``only`` some."""
    asked: dict[Key, SourceFile] = {}
    for key, text in sorted(pairs):
        for at in range(len(found[key].mutants)):
            if only is None or at in only.get(key, ()):
                asked[key, text, at] = files[key, text, -1]
    allowed = {key: _cpu_on_a_mutant(found[key], settings) for key, _, _ in asked}
    outcomes: dict[tuple[str, str], dict[int, bool]] = {}
    for (key, text, at), result in run_tests(asked, found, pool, allowed).items():
        # Compiled by itself, but not with the test.
        if result.status != "not_compiled":
            outcomes.setdefault((key, text), {})[at] = result.status == "passed"
    return outcomes


def _cpu_on_a_mutant(row: Executable, settings: Execution) -> float:
    """Return PIT's limit, 1.25 times a test's own time and a constant, but of processor time.

    A busy machine makes no loop of a slow test then. Whole seconds of its own, so that a cached result is
    found again though a clock said something else.
    """
    return math.floor(_FACTOR * row.seconds) + settings.mutant_cpu_s
