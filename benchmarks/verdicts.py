"""Whether foreign code stays in its sandbox, and whether a candidate can change a result.

Candidates that leave something behind or try to forge their result, and those that would be changed by it,
run in shuffled orders, with one worker and with two; each has one right result. Projects attack while they
are unpacked, compiled and run, in each sandbox of this machine.
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from benchmarks.contract import Claim, answer, quick
from kdlib.execution.classpath import build_class_path, read_class_path
from kdlib.execution.compiler import project_compiler
from kdlib.execution.jobs import ExecutionJob, ExecutionLimits
from kdlib.execution.pool import run
from kdlib.execution.sandbox import Sandbox, find_sandbox, why_not
from kdlib.files import DataError
from kdlib.java.compiler import SourceFile, compile_files, find_jdk
from kdlib.sources.debian import fetch_jars
from tests.execution.hostile_projects import HostileProject, hostile_projects, packed
from tests.execution.troublemakers import PROJECT, candidates

_PACKAGES = ["junit4", "libhamcrest-java", "libassertj-core-java"]
_LIMITS = ExecutionLimits()


def main() -> None:
    """Attack, count and answer."""
    orders, copies = (1, 1) if quick() else (10, 9)
    with tempfile.TemporaryDirectory(prefix="kdlib-drill-") as temporary:
        folder = Path(temporary)
        jars = fetch_jars(_PACKAGES, folder / "jars")
        runs, count, bent, lost = _shuffled(folder, jars, orders, copies)
        attacks, escapes, wrong = _attacked(folder, jars)
    against = f"the only right result of each of {count} candidates; {runs} orders, 1 and 2 workers"
    projects = f"files outside the sandbox; {attacks} projects and sandboxes"
    answer(
        "verdicts",
        {
            "candidates": Claim(
                count, "candidates", 60 if quick() else 200, "higher", "hostile ones among them", 1
            ),
            "bent": Claim(bent, "results", 0, "lower", against, runs),
            "lost": Claim(lost, "rows", 0, "lower", against, runs),
            "attacks": Claim(
                attacks, "runs", 12, "higher", "hostile projects, each unpacked, compiled and run", 1
            ),
            "escapes": Claim(escapes, "files", 0, "lower", projects, attacks),
            "projects_wrong": Claim(
                wrong, "results", 0, "lower", "the result of each project's own test", attacks
            ),
        },
    )
    if bent or lost or escapes or wrong:
        raise SystemExit("a result was bent or lost, or something came out of the sandbox")


def _shuffled(folder: Path, jars: Sequence[Path], orders: int, copies: int) -> tuple[int, int, int, int]:
    """Return how many runs there were, of how many candidates, and how many results were bent and lost."""
    classes = folder / "classes"
    if error := compile_files(find_jdk(), sorted(PROJECT.rglob("*.java")), jars, classes):
        raise SystemExit(error)
    chosen = candidates((*jars, classes), copies)
    right = {each.job.id: each.status for each in chosen}
    bent, lost = 0, 0
    for order in range(orders):
        for workers in (1, 2):
            shuffled = random.Random(order).sample(chosen, len(chosen))
            cache = folder / f"cache-{order}-{workers}"
            jobs = [each.job for each in shuffled]
            found = {result.id: result for result in run(jobs, _LIMITS, workers, cache, find_sandbox())}
            lost += len(right.keys() - found.keys())
            for name, result in found.items():
                if result.status != right[name]:
                    bent += 1
                    _tell(f"order {order}, {workers} workers: {result}, not {right[name]}")
            _tell(f"order {order}, {workers} workers: {len(found)} results")
    return 2 * orders, len(chosen), bent, lost


def _attacked(folder: Path, jars: Sequence[Path]) -> tuple[int, int, int]:
    """Return how many projects ran in how many sandboxes, how many files came out, and wrong results."""
    attacks, escapes, wrong = 0, 0, 0
    kinds: list[Literal["bubblewrap", "namespaces"]] = ["bubblewrap", "namespaces"]
    for sandbox in kinds:
        if (reason := why_not(sandbox)) is not None:
            _tell(f"{sandbox}: {reason}")
            continue
        outside = folder / sandbox / "outside" / "escaped"
        outside.parent.mkdir(parents=True)
        outside.parent.chmod(0o777)
        for name, project in hostile_projects(outside).items():
            status = _attacked_by(project, jars, folder / sandbox / name, sandbox)
            came_out = sum(1 for _ in outside.parent.iterdir())
            attacks, escapes, wrong = attacks + 1, escapes + came_out, wrong + (status != project.status)
            _tell(f"{sandbox}, {name}: {status}, {came_out} files outside")
    return attacks, escapes, wrong


def _attacked_by(project: HostileProject, jars: Sequence[Path], folder: Path, sandbox: Sandbox) -> str:
    """Compile a project and run its test; return the status, or that it was refused or left out."""
    folder.mkdir()
    archive = folder / "project.tar.gz"
    packed(project, archive)
    try:
        with project_compiler(find_jdk(), folder / "cache", sandbox) as compiler:
            build_class_path(compiler, archive, jars, folder / "classes")
    except DataError:
        return "refused"
    class_path = read_class_path(folder / "classes")
    test = "src/test/java/q/FooTest.java"
    if test not in class_path.edition_of:
        return "left out"
    edition = class_path.editions[class_path.edition_of[test]]
    source = SourceFile("q/FooTest", project.files[test].encode())
    job = ExecutionJob("one", (source,), "q.FooTest", "one", edition.path, "junit4", class_path.files)
    (result,) = run([job], _LIMITS, 1, folder / "cache", sandbox)
    return result.status


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
