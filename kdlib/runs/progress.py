"""How far a pipeline run has come, read from Snakemake's log and from the records of trainings."""

from __future__ import annotations

import csv
import os
import platform
import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

from kdlib.files import DataError, read_json
from kdlib.provenance.manifest import read_manifests

LOGS = Path(".snakemake/log")
LOCK = Path(".snakemake/run.lock")
CHECKPOINTS = Path("cache/checkpoints")
TAIL_BYTES = 20_000  # more than the longest row of a training's records
CLOCK = re.compile(r"\[(\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4})\]")
PLANNED = re.compile(r"(\w+) +(\d+)")
STARTED = re.compile(r"Job (\d+): (.*)")
FINISHED = re.compile(r"Finished jobid: (\d+) \(Rule: (\w+)\)")
FAILED = re.compile(r"Error in rule (\w+):")
OF_FAILED = re.compile(r" {4}jobid: (\d+)")
OWNER = re.compile(r"process (\d+) on (\S+), ")
RESULTS = re.compile(r"\bresults/([A-Za-z0-9_.-]+)/")
END = "Complete log(s): "
TARGETS = {"all", "total"}


class Running(NamedTuple):
    """A job that was started, or submitted to a cluster, and has not ended.

    Attributes:
        what: Its message.
        began: Seconds since 1970.
    """

    what: str
    began: float


@dataclass
class Progress:
    """What a log of Snakemake says.

    Attributes:
        log: The log.
        run: Name of the run; empty before a job names one of its files.
        began: Seconds since 1970.
        planned: Rule: number of its jobs.
        done: Rule: how many of them have ended well.
        seconds: Rule: how long each of these took.
        running: Number of a job: the job.
        failed: Rules and messages of jobs that failed and were not started again.
        events: What happened, a line each, in its order.
        ended: Whether Snakemake has written its last line.
        last: When it wrote last.
    """

    log: Path
    run: str = ""
    began: float = 0.0
    planned: dict[str, int] = field(default_factory=dict)
    done: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, list[float]] = field(default_factory=dict)
    running: dict[int, Running] = field(default_factory=dict)
    failed: dict[int, str] = field(default_factory=dict)
    events: list[str] = field(default_factory=list)
    ended: bool = False
    last: float = 0.0

    def left(self) -> dict[str, int]:
        """Return how many jobs of each rule have not ended well."""
        return {rule: n - self.done[rule] for rule, n in self.planned.items() if n > self.done[rule]}


class TrainingProgress(NamedTuple):
    """How far a training has come.

    Attributes:
        name: E.g. ``students/trident``.
        step: Optimiser steps done.
        planned: Steps planned; None if unknown.
        epoch: Whole epochs done.
        seconds: Spent so far.
    """

    name: str
    step: int
    planned: int | None
    epoch: int
    seconds: float

    def left(self) -> float | None:
        """Return the seconds that the remaining steps take if they take as long as those before."""
        return None if self.planned is None else self.seconds / self.step * (self.planned - self.step)


def newest_log(run: str | None) -> Path:
    """Return the log of the last run that had something to do.

    Args:
        run: Name of the run; None for any.

    Raises:
        DataError: If there is none.
    """
    for path in sorted(LOGS.glob("*.snakemake.log"), reverse=True):
        text = path.read_text(errors="replace")
        if "Job stats:" in text and (run is None or f"results/{run}/" in text):
            return path
    of = f" of {run}" if run else ""
    raise DataError(f"no run{of} has been started here yet ({LOGS} has no log of one); make run starts one")


def read_log(path: Path) -> Progress:
    """Return what a log says so far."""
    found = Progress(path)
    table = False
    failing = ""
    for line in path.read_text(errors="replace").splitlines():
        if match := CLOCK.match(line):
            found.last = time.mktime(time.strptime(match[1]))
            found.began = found.began or found.last
        elif line == "Job stats:":
            table = True
        elif table:
            match = PLANNED.fullmatch(line)
            table = not (match and match[1] == "total")
            if match and match[1] not in TARGETS:
                found.planned[match[1]] = int(match[2])
        elif match := STARTED.match(line):
            if not match[2].startswith("has been submitted"):
                found.running[int(match[1])] = Running(match[2], found.last)
                found.events.append(f"started  {match[2]}")
                found.failed.pop(int(match[1]), None)
        elif match := FINISHED.match(line):
            _finish(found, int(match[1]), match[2])
        elif match := FAILED.match(line):
            failing = match[1]
        elif failing and (match := OF_FAILED.match(line)):
            job = found.running.pop(int(match[1]), None)
            found.failed[int(match[1])] = f"{failing}: {job.what}" if job else failing
            found.events.append(f"FAILED   {found.failed[int(match[1])]}")
            failing = ""
        elif line.startswith(END):
            found.ended = True
        if not found.run and (match := RESULTS.search(line)):
            found.run = match[1]
    return found


def _finish(found: Progress, number: int, rule: str) -> None:
    job = found.running.pop(number, None)
    if rule not in TARGETS:
        found.done[rule] += 1
        found.events.append(f"done     {rule} {found.done[rule]}/{found.planned.get(rule, found.done[rule])}")
    if job is not None:
        found.seconds.setdefault(rule, []).append(found.last - job.began)


def is_alive(lock: Path = LOCK) -> bool:
    """Return whether the run that holds the folder lives; one that cannot be asked from here does."""
    import psutil

    owner = OWNER.match(lock.read_text()) if lock.is_file() else None
    if owner is None:
        return lock.is_file()  # a file system without locks gives no owner
    return owner[2] != platform.node() or bool(psutil.pid_exists(int(owner[1])))


def trainings(since: float, checkpoints: Path = CHECKPOINTS) -> Iterator[TrainingProgress]:
    """Yield the trainings that have written records since a moment.

    Args:
        since: Seconds since 1970.
        checkpoints: Folder of their checkpoints, with a folder for each.
    """
    for path in sorted(checkpoints.glob("*/step_metrics.csv")):
        row = _last_row(path) if path.stat().st_mtime >= since else None
        if row is None:
            continue
        plan = path.with_name("planned_steps.json")
        yield TrainingProgress(
            path.parent.name.rpartition("-")[0].replace("-", "/", 1),
            int(row["step"]),
            int(read_json(plan)["steps"]) if plan.is_file() else None,
            int(row["epoch"]),
            float(row["elapsed_time_seconds"]),
        )


def _last_row(path: Path) -> dict[str, str] | None:
    """Return the last whole row of a table that somebody appends to."""
    with path.open("rb") as file:
        head = file.readline()
        file.seek(max(len(head), file.seek(0, os.SEEK_END) - TAIL_BYTES))
        lines = file.read().decode().split("\n")
    if len(lines) < 2:  # the last is empty, or not written to its end
        return None
    return next(csv.DictReader([head.decode(), lines[-2]]), None)


def seconds_left(found: Progress, trained: Iterable[TrainingProgress]) -> float | None:
    """Return how long the jobs that are left would take one after another; None if it is not known.

    Trainings estimate their time themselves; other jobs count as their rule took in this run, or in the last
    one.

    Args:
        found: From ``read_log``.
        trained: From ``trainings``.
    """
    typical = _typical(found)
    left = dict(found.left())
    total = 0.0
    for training in trained:
        rule = training.name.partition("/")[0].removesuffix("s")
        seconds = training.left()
        if seconds is not None and left.get(rule, 0) > 0:
            left[rule] -= 1
            total += seconds
    if any(number and rule not in typical for rule, number in left.items()):
        return None
    return total + sum(typical[rule] * number for rule, number in left.items() if number)


def _typical(found: Progress) -> dict[str, float]:
    before: dict[str, list[float]] = {}
    folders = [Path("results", found.run), Path("cache")] if found.run else []
    for manifest in read_manifests(folders):
        before.setdefault(manifest["rule"], []).append(manifest["ended"] - manifest["began"])
    return {rule: fmean(seconds) for rule, seconds in {**before, **found.seconds}.items()}
