"""Mutants of the rows' focal methods, and which of them a statement kills."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from kdlib.config import Execution
from kdlib.evaluation.execution.asked import Asked, run_tests
from kdlib.evaluation.execution.runnable import Executable, MutatedFile
from kdlib.execution.class_files import class_files
from kdlib.execution.mutants import Half, Mutant, equivalent, mutants_of
from kdlib.execution.pool import Pool
from kdlib.execution.sandbox import Sandbox
from kdlib.java.compiler import Jdk, SourceFile
from kdlib.results.measurements import Kills

Pair = tuple[str, str]  # a row, and what stands in place of its assertion
_FACTOR = 1.25


class Passed(NamedTuple):
    """A statement with which the test of its row passes.

    Attributes:
        file: The test file with it.
        statement: Bytes of the file that a model wrote; None if they are the row's own.
        cpu_seconds: Processor time that the test took with it, in seconds.
    """

    file: SourceFile
    statement: tuple[int, int] | None
    cpu_seconds: float

    def allowed(self, settings: Execution) -> float:
        """Return PIT's limit for a changed run, 1.25 times a test's own time and a constant, in seconds.

        It is of processor time, so that a busy machine makes no loop of a slow test. Whole seconds of its
        own, so that a cached result is found again though a clock said something else.
        """
        return math.floor(_FACTOR * self.cpu_seconds) + settings.mutant_cpu_s


def add_mutants(
    jdk: Jdk, cache: Path, sandbox: Sandbox, found: Mapping[str, Executable], settings: Execution
) -> None:
    """Give each row the mutants of its focal method that compile to something else.

    Args:
        jdk: The compiler.
        cache: Folder of the compiled harness.
        sandbox: Sandbox of the compiler.
        found: The rows.
        settings: Number and seed of the mutants, and how many are compiled at a time.
    """
    methods: dict[tuple[Path, str, int, int], list[Executable]] = {}
    for row in found.values():
        where = row.where
        if where.focal_path:
            span = (where.focal_path, where.focal_start_byte, where.focal_end_byte)
            methods.setdefault((row.target.edition.classes, *span), []).append(row)
    asked: list[tuple[tuple[Path, ...], SourceFile]] = []
    # Of each file that is asked for: where its original stands among them, its mutant, and whose that is.
    owners: list[tuple[int, Mutant | None, list[Executable]]] = []
    for (classes, path, start, end), rows in methods.items():
        file = classes.parent / "files" / path
        content = file.read_bytes() if file.is_file() else b""
        name = path.removesuffix(".java")
        first = len(asked)
        mutants = mutants_of(content, start, end, settings.mutants, settings.seed)
        if mutants:
            changed = [mutant.applied(name, content) for mutant in mutants]
            asked += [(rows[0].target.edition.path, each) for each in (SourceFile(name, content), *changed)]
            owners += [(first, None, []), *((first, mutant, rows) for mutant in mutants)]
    compiled = class_files(jdk, cache, sandbox, asked, settings.workers)
    for (first, mutant, rows), made, (_, source) in zip(owners, compiled, asked, strict=True):
        original = compiled[first]
        if mutant and made is not None and original is not None and not equivalent(original, made):
            for row in rows:
                row.mutants.append(MutatedFile(source, mutant))


def on_mutants(
    statements: Mapping[Pair, Passed],
    without: Mapping[str, Passed],
    found: Mapping[str, Executable],
    pool: Pool,
    settings: Execution,
) -> dict[Pair, dict[int, bool]]:
    """Return of each statement on which mutants its test passes, of those that the rest leaves alive.

    Args:
        statements: By row and text: what passed.
        without: Row: its test without an assertion, where that passes.
        found: The rows.
        pool: Runs jobs.
        settings: Processor time on a mutant.

    Returns:
        By row and text: place of a mutant among those of the row: whether the test passes on it.
    """
    bare = _on_mutants({(key, ""): each for key, each in without.items()}, found, pool, settings)
    alive = {key: {at for at, good in tried.items() if good} for (key, _), tried in bare.items()}
    return _on_mutants(statements, found, pool, settings, alive)


def kills(row: Executable, tried: Mapping[int, bool]) -> dict[Half, Kills]:
    """Return how many mutants of each half a statement kills, of those that it was tried on.

    Args:
        row: Its row.
        tried: Place of a mutant: whether the test passes on it.
    """
    mutants = Counter(row.mutants[at].mutant.half for at in tried)
    killed = Counter(row.mutants[at].mutant.half for at, good in tried.items() if not good)
    halves: tuple[Half, Half] = ("rank", "score")
    return {half: Kills(killed[half], mutants[half]) for half in halves}


def _on_mutants(
    statements: Mapping[Pair, Passed],
    found: Mapping[str, Executable],
    pool: Pool,
    settings: Execution,
    only: Mapping[str, Iterable[int]] | None = None,
) -> dict[Pair, dict[int, bool]]:
    """Return of each statement which mutants its test passes on, of all or of ``only`` some."""
    asked: dict[tuple[Pair, int], Asked] = {}
    for pair, passed in sorted(statements.items()):
        row = found[pair[0]]
        for at, mutant in enumerate(row.mutants):
            if only is None or at in only.get(pair[0], ()):
                asked[pair, at] = Asked(
                    row.target,
                    (passed.file, mutant.file),
                    passed.statement,
                    (passed.file,),
                    passed.allowed(settings),
                    runs=1,
                )
    outcomes: dict[Pair, dict[int, bool]] = {}
    for (pair, at), result in run_tests(asked, pool).items():
        # Compiled by itself, but not with the test.
        if result.status != "not_compiled":
            outcomes.setdefault(pair, {})[at] = result.status == "passed"
    return outcomes
