"""How many candidate assertions a second are compiled and run, and what the warm JVMs and the cache save.

Every test of the sample library is a candidate once for each other one-line assertion of its file, put in
place of its own first one: most compile, many fail, as with a model.
"""

from __future__ import annotations

import itertools
import os
import random
import re
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from benchmarks import lang3
from benchmarks.contract import Claim, answer, quick
from benchmarks.rivals.harness_before import HarnessBefore
from kdlib.execution.jobs import ExecutionJob, ExecutionLimits, ExecutionResult
from kdlib.execution.pool import run
from kdlib.execution.sandbox import find_sandbox
from kdlib.java.compiler import Jdk, SourceFile, compile_files, find_jdk
from kdlib.sources.debian import fetch_jars

ROOT = Path(__file__).resolve().parents[1] / "examples" / "sample-java"
PACKAGES = ["junit4", "libhamcrest-java"]
_JARS = re.compile(r"(junit4|hamcrest)-[\d.]+\.jar")
_TEST = re.compile(r"@Test\s+public void (\w+)\(\)[^{]*\{")
_ASSERTION = re.compile(r"^        (assert\w+\(.*\);)$", re.MULTILINE)
_LIMITS = ExecutionLimits()


def candidates(classpath: tuple[Path, ...]) -> list[ExecutionJob]:
    """Return one job for each test and other assertion of its file, in random order, the same each time."""
    jobs = []
    for file in sorted((ROOT / "src/test").rglob("*Test.java")):
        text = file.read_text()
        package = re.findall(r"^package (.*);", text, re.MULTILINE)[0]
        control = (SourceFile(file.stem, text.encode()),)
        assertions = sorted(set(_ASSERTION.findall(text)))
        for test in _TEST.finditer(text):
            place = _ASSERTION.search(text, test.end())
            if place is None:
                continue
            for number, statement in enumerate(assertions):
                before = text[: place.start(1)].encode()
                written = before + statement.encode()
                job = ExecutionJob(
                    f"{file.stem}.{test[1]}.{number}",
                    (SourceFile(file.stem, written + text[place.end(1) :].encode()),),
                    f"{package}.{file.stem}",
                    test[1],
                    classpath,
                    "junit4",
                    statement=(len(before), len(written)),
                    control=control,
                )
                jobs.append(job)
    random.Random(0).shuffle(jobs)
    return jobs


def fresh(jdk: Jdk, job: ExecutionJob, folder: Path) -> None:
    """Compile a candidate with a new javac and run its class with a new JVM."""
    classes = Path(tempfile.mkdtemp(dir=folder))
    source = classes / f"{job.files[0].name}.java"
    source.write_bytes(job.files[0].content)
    path = os.pathsep.join(map(str, [classes, *job.classpath]))
    compile_it = [str(jdk.javac), "-proc:none", "-nowarn", "-cp", path, "-d", str(classes), str(source)]
    if subprocess.run(compile_it, capture_output=True, check=False).returncode == 0:
        run_it = [str(jdk.java), "-cp", path, "org.junit.runner.JUnitCore", job.test_class]
        subprocess.run(run_it, capture_output=True, check=False)


def seconds_fresh(jdk: Jdk, jobs: Sequence[ExecutionJob], workers: int, folder: Path) -> float:
    """Return seconds a candidate without a warm JVM, as many at a time as the pool has workers."""
    started = time.perf_counter()
    with ThreadPoolExecutor(workers) as threads:
        list(threads.map(lambda job: fresh(jdk, job, folder), jobs))
    return (time.perf_counter() - started) / len(jobs)


def seconds_warm(answers: Iterator[ExecutionResult], count: int) -> float:
    """Return seconds a candidate over the next ones."""
    started = time.perf_counter()
    assert len(list(itertools.islice(answers, count))) == count
    return (time.perf_counter() - started) / count


def lang3_per_s(runs: int, warm_up: int, warm: int, workers: int, cache: Path) -> float:
    """Return candidates a second for commons-lang3, after others."""
    jobs = lang3.candidates(warm_up + runs * warm + 2 * workers)
    answers = run(jobs, _LIMITS, workers, cache, find_sandbox())
    seconds_warm(answers, warm_up)
    rates = [1 / seconds_warm(answers, warm) for _ in range(runs)]
    answers.close()
    return statistics.median(rates)


def cached_per_s(jobs: Sequence[ExecutionJob], times: int, workers: int, cache: Path) -> float:
    """Return candidates a second of a whole rerun, in which each stands several times."""
    again = [replace(job, id=f"{job.id}.{number}") for number in range(times) for job in jobs]
    started = time.perf_counter()
    assert len(list(run(again, _LIMITS, workers, cache, find_sandbox()))) == len(again)
    return len(again) / (time.perf_counter() - started)


def timed(
    jdk: Jdk, jobs: Sequence[ExecutionJob], workers: int, folder: Path, counts: tuple[int, int, int, int]
) -> tuple[list[float], list[float], list[float]]:
    """Return how many times fresh JVMs take, candidates a second, and these over those of the harness before.

    Args:
        jdk: JDK of all.
        jobs: Candidates.
        workers: Candidates at a time.
        folder: Temporary folder.
        counts: Repetitions; candidates that warm up, run in fresh JVMs and run warm, each time.
    """
    pairs, warm_up, cold, warm = counts
    ratios, rates, over_before = [], [], []
    answers = run(jobs, _LIMITS, workers, folder / "cache", find_sandbox())
    with HarnessBefore(jobs, workers, folder / "before") as before:
        seconds_warm(answers, warm_up)
        before.seconds(warm_up)
        for number in range(pairs):
            slow = seconds_fresh(jdk, jobs[number * cold : (number + 1) * cold], workers, folder)
            fast = seconds_warm(answers, warm)
            ratios.append(slow / fast)
            rates.append(1 / fast)
            over_before.append(before.seconds(warm) / fast)
    answers.close()
    return ratios, rates, over_before


def main() -> None:
    """Measure in pairs: some candidates in fresh JVMs, then many warm ones."""
    jdk, workers = find_jdk(), min(2, os.cpu_count() or 1)
    pairs, warm_up, cold, warm = (3, 60, 2, 40) if quick() else (5, 400, 6, 200)
    with tempfile.TemporaryDirectory(prefix="kdlib-bench-") as temporary:
        folder = Path(temporary)
        jars = [jar for jar in fetch_jars(PACKAGES, folder / "jars") if _JARS.fullmatch(jar.name)]
        classes = folder / "classes"
        if error := compile_files(jdk, sorted(ROOT.rglob("*.java")), jars, classes):
            raise SystemExit(error)
        jobs = candidates((*jars, classes))
        ratios, rates, over_before = timed(jdk, jobs, workers, folder, (pairs, warm_up, cold, warm))
        # They are handed out in order; the last ones may have been under way.
        done = jobs[: warm_up + pairs * warm - 2 * workers]
        again = cached_per_s(done, 20, workers, folder / "cache")
        large = lang3_per_s(pairs, warm_up // 4, warm // 2, workers, folder / "cache")
    rate = statistics.median(rates)
    answer(
        "execution",
        {
            "candidates_per_s": Claim(
                rate, "1/s", 25, "higher", f"sample library, {workers} workers, after {warm_up} others", pairs
            ),
            "lang3_candidates_per_s": Claim(
                large,
                "1/s",
                None,
                "higher",
                f"commons-lang3, whose test files have thousands of lines; {workers} workers",
                pairs,
            ),
            "over_fresh_jvm": Claim(
                statistics.median(ratios),
                "ratio",
                20,
                "higher",
                f"javac and a new JUnit JVM for each candidate, {workers} at a time",
                pairs,
            ),
            "over_harness_before": Claim(
                statistics.median(over_before),
                "ratio",
                0.8,
                "higher",
                "candidates a second of the harness that ran each once and compiled without a sandbox",
                pairs,
            ),
            "cached_per_s": Claim(
                again,
                "1/s",
                2000,
                "higher",
                f"a rerun of {len(done)} candidates, 20 of each, start included",
                1,
            ),
        },
    )


if __name__ == "__main__":
    main()
