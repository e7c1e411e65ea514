"""Statements that pass and could not have failed: by their text, a library's contract, or by running."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from tree_sitter import Node

from kdlib.config import Execution
from kdlib.evaluation.execution import sites
from kdlib.evaluation.execution.asked import Asked, run_tests
from kdlib.evaluation.execution.mutated import Pair, Passed
from kdlib.evaluation.execution.runnable import Executable
from kdlib.execution.placement import as_javac_reads, with_imports
from kdlib.execution.pool import Pool
from kdlib.java.perturbing.plain import plain_check
from kdlib.java.perturbing.variants import (
    fails_by_itself,
    is_straight,
    parsed,
    probe_file,
    reached,
    variants,
)
from kdlib.java.tautologies import tautology

NO_CHECK = "it checks nothing that it reads"
NOT_EXECUTED = "none of its checks is executed"
CANNOT_FAIL = "it passes whatever the values that it reads are"
# Tried before the others, which most statements then do without.
_FIRST = 2
_EXECUTED = -1  # in place of the number of a variant
Asking = dict[tuple[Pair, int], Asked]


class _Doubted(NamedTuple):
    """A statement of which running has to tell whether it could fail.

    Attributes:
        row: Its row.
        passed: Its test.
        variants: The statement with other values.
        reached: The statement where its checks fail once they have been executed; None where a failing
            variant shows that they have been, or where they are not to be.
    """

    row: Executable
    passed: Passed
    variants: list[str]
    reached: str | None


def vacuous(
    texts: Mapping[Pair, str],
    passed: Mapping[Pair, Passed],
    found: Mapping[str, Executable],
    pool: Pool,
    settings: Execution,
) -> dict[Pair, str | None]:
    """Return why each statement could not fail, or None if it could.

    It could if a check of it was executed, and with another value of something that it reads it fails as
    checks do. What its text shows is not run; what did not pass is only looked at.

    Args:
        texts: By row and statement: its source.
        passed: Those with which the test of their row passes.
        found: The rows.
        pool: Runs jobs.
        settings: Processor time of a changed run.
    """
    reasons = {pair: tautology(text) for pair, text in texts.items()}
    doubted: dict[Pair, _Doubted] = {}
    for pair, each in passed.items():
        statement = parsed(as_javac_reads(texts[pair]))
        row = found[pair[0]]
        if reasons[pair] is None and (statement is None or not _is_plain(row, statement)):
            reasons[pair] = NO_CHECK
            if statement is not None and (changed := variants(statement)):
                doubted[pair] = _Doubted(row, each, changed, _reached(row, statement))
    return reasons | _by_running(doubted, pool, settings)


def _is_plain(row: Executable, statement: Node) -> bool:
    check = plain_check(statement)
    return check is not None and sites.is_straight(row) and sites.means_library(row, check)


def _reached(row: Executable, statement: Node) -> str | None:
    if fails_by_itself(statement) or (is_straight(statement) and sites.is_straight(row)):
        return None
    return reached(statement)


def _by_running(doubted: Mapping[Pair, _Doubted], pool: Pool, settings: Execution) -> dict[Pair, str | None]:
    asked: Asking = {}
    for pair, each in doubted.items():
        for number, text in enumerate(each.variants[:_FIRST]):
            asked[pair, number] = _asked(each, text, settings)
        if each.reached is not None:
            asked[pair, _EXECUTED] = _asked(each, each.reached, settings)
    noticed = _noticed(asked, pool)
    executed = {
        pair for pair, each in doubted.items() if each.reached is None or (pair, _EXECUTED) in noticed
    }
    failed = {pair for pair, number in noticed if number != _EXECUTED}
    asked = {
        (pair, number): _asked(doubted[pair], text, settings)
        for pair in sorted(executed - failed)
        for number, text in enumerate(doubted[pair].variants)
        if number >= _FIRST
    }
    failed |= {pair for pair, _ in _noticed(asked, pool)}
    reasons: dict[Pair, str | None] = dict.fromkeys(doubted, CANNOT_FAIL)
    reasons |= dict.fromkeys(failed)
    return reasons | dict.fromkeys(doubted.keys() - executed, NOT_EXECUTED)


def _asked(doubted: _Doubted, text: str, settings: Execution) -> Asked:
    row = doubted.row
    placed = with_imports(row.target.place, text, row.imports)
    return Asked(
        row.target,
        (placed.file, probe_file()),
        None if doubted.passed.statement is None else placed.statement,
        (row.target.place.original(),),
        doubted.passed.allowed(settings),
        runs=1,
    )


def _noticed(asked: Asking, pool: Pool) -> set[tuple[Pair, int]]:
    """Return which tests fail as checks do."""
    results = run_tests(asked, pool)
    return {key for key, result in results.items() if result.status == "failed" and result.asserted}
