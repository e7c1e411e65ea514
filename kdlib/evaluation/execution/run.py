"""Execution: first predictions put back into their tests, compiled, run, and run again on mutants."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from kdlib.config import Execution
from kdlib.evaluation.execution.asked import Asked, run_tests
from kdlib.evaluation.execution.faults import answers, choose, described
from kdlib.evaluation.execution.mutated import Pair, Passed, add_mutants, kills, on_mutants
from kdlib.evaluation.execution.runnable import Executable, executable_rows
from kdlib.evaluation.execution.vacuity import vacuous
from kdlib.evaluation.predictions.outputs import read_output, read_rows
from kdlib.execution.jobs import ExecutionLimits, ExecutionResult
from kdlib.execution.mutants import Half
from kdlib.execution.placement import Placed, as_javac_reads, with_imports
from kdlib.execution.pool import Pool, open_pool
from kdlib.execution.sandbox import find_sandbox
from kdlib.files import DataError, write_json
from kdlib.java.compiler import find_jdk
from kdlib.java.validity import is_statement
from kdlib.results.measurements import ExecutionReport, Kills, NotExecutable, Outcome, Unmeasured

# No prediction has these texts: the row's own assertion, and none at all.
ORIGINAL = "\0original"
_NONE = "\0none"


def execute(
    models: Mapping[str, Path],
    examples: Path,
    test: Path,
    class_paths: Mapping[str, Path],
    settings: Execution,
    cache: Path,
    out: Path,
) -> None:
    """Run the first predictions of all models as ``run_predictions`` does, from files to a file.

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
    report = run_predictions([row.id for row in rows], texts, examples, class_paths, settings, cache)
    write_json(out, report.as_json())


def run_predictions(
    ids: Sequence[str],
    texts: Mapping[str, Sequence[str]],
    examples: Path,
    class_paths: Mapping[str, Path],
    settings: Execution,
    cache: Path,
) -> ExecutionReport | Unmeasured:
    """Run the predictions of all models in their tests, and those that pass on mutants.

    A row counts if its test passes as it is and fails where a failure stands in place of its assertion. A
    valid assertion kills a mutant if the test with it does not end well on the mutant. Left out are mutants
    that do not compile, that compile to the original's classes, and that the rest of the test notices
    without the assertion. One scored mutant that a row's own assertion kills is the row's fault: of each
    prediction it is told what it would say if that were the code.

    Args:
        ids: Ids of the rows, at least one.
        texts: Model: its prediction for each row.
        examples: The corpus' examples (Parquet), which say where each row stood.
        class_paths: Source: folder of its class path (``build_class_path``).
        settings: Limits and mutants.
        cache: Folder for results and the compiled harness.

    Returns:
        What became of all, or why nothing could be run.

    Raises:
        DataError: If a file is not the one that was mined, or a row is of another corpus.
    """
    try:
        jdk = find_jdk()
        sandbox = find_sandbox(settings.unsafe)
    except DataError as error:
        return Unmeasured(False, str(error))
    limits = ExecutionLimits(seconds=settings.timeout_s, memory_mb=settings.memory_mb)
    with open_pool(limits, settings.workers, cache, sandbox) as pool:
        found, refused = executable_rows(ids, examples, class_paths, pool)
        if not found:
            return Unmeasured(False, f"no test row can be run; of the first, {refused[ids[0]]}")
        add_mutants(jdk, cache, sandbox, found, settings)
        pairs = {pair for predicted in texts.values() for pair in zip(ids, predicted, strict=True)}
        candidates = [pair for pair in pairs if pair[0] in found]
        outcomes, faults = _outcomes(found, candidates, pool, settings)
    return ExecutionReport(
        measured=True,
        javac=jdk.version,
        sandbox=sandbox,
        rows=len(ids),
        not_executable=[NotExecutable(key, refused[key]) for key in ids if key in refused],
        reference={key: outcomes[key, ORIGINAL] for key in ids if key in found},
        models={name: _of_model(ids, predicted, outcomes) for name, predicted in texts.items()},
        faults={key: described(found[key], faults[key]) for key in ids if key in faults},
    )


def _of_model(
    ids: Sequence[str], texts: Sequence[str], outcomes: Mapping[Pair, Outcome]
) -> dict[str, Outcome]:
    """Return what became of a model's predictions, by row, of the rows that can be run."""
    return {pair[0]: outcomes[pair] for pair in zip(ids, texts, strict=True) if pair in outcomes}


def _outcomes(
    found: Mapping[str, Executable], candidates: Iterable[Pair], pool: Pool, settings: Execution
) -> tuple[dict[Pair, Outcome], dict[str, int]]:
    """Return what became of each (row, text) and (row, the row's own assertion), and the rows' faults."""
    placed = {(key, text): _placed(found[key], text) for key, text in sorted(candidates)}
    asked = {pair: _asked(found[pair[0]], each) for pair, each in placed.items() if each is not None}
    asked |= {
        (key, _NONE): _asked(row, row.target.place.with_statement(";"), ours=True)
        for key, row in found.items()
        if row.mutants
    }
    results = run_tests(asked, pool)
    passed = {
        pair: Passed(asked[pair].files[0], asked[pair].statement, result.cpu_seconds)
        for pair, result in results.items()
        if result.status == "passed"
    }
    without = {key: passed.pop((key, text)) for key, text in list(passed) if text == _NONE}
    for key, row in found.items():
        passed[key, ORIGINAL] = Passed(row.target.place.original(), None, row.cpu_seconds)
    texts = {pair: pair[1] for pair in placed}
    texts |= {(key, ORIGINAL): row.reference for key, row in found.items()}
    reasons = vacuous(texts, passed, found, pool, settings)
    # A row's own assertion tells which mutants there are to kill, whatever it does itself.
    tried = {pair: each for pair, each in passed.items() if reasons[pair] is None or pair[1] == ORIGINAL}
    on = on_mutants(tried, without, found, pool, settings)
    outcomes = {
        pair: _outcome(results.get(pair), pair, reasons[pair], kills(found[pair[0]], on.get(pair, {})))
        for pair in texts
    }
    own = {key: on.get((key, ORIGINAL), {}) for key in found if outcomes[key, ORIGINAL].valid}
    faults = choose(found, own, settings.seed)
    told = answers(outcomes, asked, on, faults, found, pool, settings)
    return {pair: replace(each, fault=told.get(pair)) for pair, each in outcomes.items()}, faults


def _outcome(
    result: ExecutionResult | None, pair: Pair, vacuous: str | None, killed: Mapping[Half, Kills]
) -> Outcome:
    halves = (killed["rank"], killed["score"])
    if pair[1] == ORIGINAL:
        return Outcome("passed", "", False, vacuous, *halves)
    if result is None:
        return Outcome("not_compiled", "it is not one statement", False, vacuous)
    return Outcome(result.status, result.message, result.asserted, vacuous, *halves)


def _placed(row: Executable, text: str) -> Placed | None:
    """Return a row's test file with a prediction, or None if that is not one statement."""
    if not is_statement(as_javac_reads(text)):
        return None
    return with_imports(row.target.place, text, row.imports)


def _asked(row: Executable, placed: Placed, ours: bool = False) -> Asked:
    """Return the test of a row with a statement, which a model wrote unless it is ``ours``."""
    control = (row.target.place.original(),)
    return Asked(row.target, (placed.file,), None if ours else placed.statement, control)
