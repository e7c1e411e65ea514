"""Faults on purpose: what statements say where the code as it is has a bug that is known."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from kdlib.config import Execution
from kdlib.evaluation.execution.asked import Asked, run_tests
from kdlib.evaluation.execution.mutated import Pair, Passed
from kdlib.evaluation.execution.runnable import Executable
from kdlib.execution.jobs import ExecutionResult
from kdlib.execution.pool import Pool
from kdlib.results.measurements import Answer, Fault, Outcome


def choose(
    found: Mapping[str, Executable], own: Mapping[str, Mapping[int, bool]], seed: int
) -> dict[str, int]:
    """Return the fault of each row: one of the scored mutants that its own assertion kills.

    Seed, row and mutant alone decide which, so that no model's result has a say in what all are asked.

    Args:
        found: The rows.
        own: Row: place of a mutant: whether the test passes on it with the row's own assertion. Rows whose
            own assertion is vacuous are not to be among them: it kills by accident.
        seed: Seed of the choice.

    Returns:
        Row: place of its fault among its mutants; without rows that have none.
    """
    chosen: dict[str, int] = {}
    for key, tried in own.items():
        mutants = found[key].mutants
        killed = [at for at, good in tried.items() if not good and mutants[at].mutant.half == "score"]
        if killed:
            chosen[key] = min(killed, key=lambda at: _dice(found[key], key, at, seed))
    return chosen


def _dice(row: Executable, key: str, at: int, seed: int) -> bytes:
    mutant = row.mutants[at].mutant
    # Relative to its method, as in the choice of mutants: what stands before that has no say.
    place = mutant.start - row.where.focal_start_byte
    text = f"{seed}\0{key}\0{mutant.operator}\0{place}\0".encode()
    return hashlib.sha256(text + mutant.replacement).digest()


def described(row: Executable, at: int) -> Fault:
    """Return a fault as reports tell it.

    Args:
        row: Its row.
        at: Place of the fault among the row's mutants.
    """
    mutant = row.mutants[at].mutant
    replacement = mutant.replacement.decode(errors="replace")
    return Fault(row.where.focal_path, mutant.operator, mutant.line, replacement)


def answers(
    outcomes: Mapping[Pair, Outcome],
    tests: Mapping[Pair, Asked],
    tried: Mapping[Pair, Mapping[int, bool]],
    chosen: Mapping[str, int],
    found: Mapping[str, Executable],
    pool: Pool,
    settings: Execution,
) -> dict[Pair, Answer]:
    """Return what each statement says where the code as it is has the fault of its row.

    A valid one has been run on all scored mutants; only what compiles and fails on the right code is run
    once more, on the fault.

    Args:
        outcomes: By row and statement: what became of it on the right code.
        tests: By row and statement: its test on the right code.
        tried: By row and statement: place of a mutant: whether the test passes on it; of those that passed.
        chosen: Row: place of its fault; other rows have no answer.
        found: The rows.
        pool: Runs jobs.
        settings: Processor time on a mutant.
    """
    asked = {
        pair: _on_fault(found[pair[0]], tests[pair], chosen[pair[0]], settings)
        for pair, outcome in sorted(outcomes.items(), key=lambda each: each[0])
        if pair[0] in chosen and outcome.status == "failed"
    }
    results = run_tests(asked, pool)
    return {
        pair: _answer(outcome, tried.get(pair, {}).get(chosen[pair[0]]), results.get(pair))
        for pair, outcome in outcomes.items()
        if pair[0] in chosen
    }


def _on_fault(row: Executable, test: Asked, at: int, settings: Execution) -> Asked:
    """Return the test of a statement that failed on the right code, on the faulty one.

    - Nothing is known to pass on the faulty code: the row's own assertion fails there, and so may this. What
      a control has to show is that the JVM is sound, and for that the test as it is on the right code does,
      with which the row was found executable. Where it does not pass, a new JVM confirms the failure.
    - A pass must be seen in two JVMs, unlike on other mutants: a statement that fails on the right code in
      one locale only would otherwise pass here in the other, and seem to assert what the fault does.
    - A test that fails ends early, so its limit is by the time of the row's own.
    """
    allowed = Passed(row.target.place.original(), None, row.cpu_seconds).allowed(settings)
    files = (test.files[0], row.mutants[at].file)
    control = (row.target.place.original(),)
    return test._replace(files=files, control=control, cpu_seconds=allowed, runs=2)


def _answer(outcome: Outcome, passes: bool | None, result: ExecutionResult | None) -> Answer:
    """Return what a statement says of a fault.

    Args:
        outcome: What became of it on the right code.
        passes: Whether its test passes on the fault; None unless it passed on the right code and compiles
            with the fault.
        result: Its test on the fault, if it failed on the right code.
    """
    if outcome.passes:
        if not outcome.valid:
            return "silent"
        return "none" if passes is None else "blessed" if passes else "exposed"
    if result is None:
        return "none"
    if result.status == "passed":
        # It failed on the right code, so it could fail; only its text may tell that this was by accident.
        return "blessed" if outcome.vacuous is None else "silent"
    by_check = outcome.asserted and result.status == "failed" and result.asserted
    return "false_alarm" if by_check else "none"
