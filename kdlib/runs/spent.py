"""Where the time of a run went, in one line, from the records that its jobs leave."""

from __future__ import annotations

import atexit
import os
import sys
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from kdlib.files import DataError, read_json
from kdlib.provenance.manifest import LONGEST_NAME, Manifest, read_manifests

RECORDS = Path(".snakemake/metadata")  # of Snakemake, a file for each output, its path in base64
NAMED = 6  # rules that the line names


class Spent(NamedTuple):
    """When a job ran; all times are seconds since 1970.

    Attributes:
        rule: Its rule.
        started: When Snakemake started it or handed it to a cluster; None if that is not recorded.
        began: When its script began to work, after interpreter, imports and the hashing of its input.
        ended: When its output was made and hashed.
    """

    rule: str
    started: float | None
    began: float
    ended: float


def tell_at_exit(run: Path, report: str | None = None, failed: bool = False) -> None:
    """Let this process end its output with the place of the report and with where the time went.

    Snakemake prints more after its handlers, so the lines wait for the end of the process.

    Args:
        run: The run's folder, e.g. ``results/default``.
        report: Its report, if it was among the targets.
        failed: Whether a job failed.
    """
    import psutil

    since = psutil.Process(os.getpid()).create_time()
    lines = [f"report: {report}"] if report else []
    try:
        jobs = jobs_since(since, [run, Path("cache")])
        lines += [in_one_line(jobs, since, time.time(), failed)] if jobs else []
    except DataError as error:  # no reason to fail a run that has ended well
        lines.append(f"where the time went is not known: {error}")
    for line in reversed(lines):  # the last that is registered comes first
        atexit.register(print, line, file=sys.stderr, flush=True)


def jobs_since(since: float, folders: Iterable[Path], records: Path = RECORDS) -> list[Spent]:
    """Return the jobs that began after a moment and have ended well.

    Args:
        since: Seconds since 1970.
        folders: The run's, and ``cache`` for what runs share.
        records: Snakemake's folder of records.

    Raises:
        DataError: If a manifest cannot be read.
    """
    made = [own for own in read_manifests(folders) if own["began"] >= since]
    return [Spent(own["rule"], _started(own, since, records), own["began"], own["ended"]) for own in made]


def _started(manifest: Manifest, since: float, records: Path) -> float | None:
    names = (urlsafe_b64encode(path.encode()).decode() for path in manifest["output"])
    for path in (records / name for name in names if len(name) < LONGEST_NAME):
        started = read_json(path).get("starttime") if path.is_file() else None
        if started is not None and since <= started <= manifest["began"]:
            return float(started)
    return None


def in_one_line(jobs: Sequence[Spent], since: float, until: float, failed: bool = False) -> str:
    """Return where the wall time between two moments went.

    Jobs run side by side, so that what they took adds up to more than the wall time.

    Args:
        jobs: From ``jobs_since``, one at least.
        since: When Snakemake began, in seconds since 1970.
        until: When its last job had ended.
        failed: Whether a job failed; such a job leaves no record.
    """
    wall, number = duration(until - since), f"{len(jobs)} job{'s' * (len(jobs) > 1)}"
    took = sum(own.ended - own.began for own in jobs)
    head = f"failed after {wall}" if failed else f"{wall} in all"
    text = f"{head}; {number} took {duration(took)}: {_by_rule(jobs)}"
    starts = [own.began - own.started for own in jobs if own.started is not None]
    if starts:
        text += f"; {duration(sum(starts))} more to start them"
    # While a failed job ran, none that is known did.
    return text if failed else f"{text}; {duration(_idle(jobs, since, until))} with none at work"


def _by_rule(jobs: Iterable[Spent]) -> str:
    """Return the longest rules with what their jobs took, and the sum of the others."""
    sums: dict[str, float] = {}
    for own in jobs:
        sums[own.rule] = sums.get(own.rule, 0.0) + own.ended - own.began
    ranked = sorted(sums.items(), key=lambda pair: -pair[1])
    named = ranked if len(ranked) == NAMED + 1 else ranked[:NAMED]  # one other has a name as well
    parts = [f"{rule} {duration(seconds)}" for rule, seconds in named]
    if rest := ranked[len(named) :]:
        parts.append(f"{len(rest)} others {duration(sum(seconds for _, seconds in rest))}")
    return " · ".join(parts)


def _idle(jobs: Iterable[Spent], since: float, until: float) -> float:
    """Return the seconds between two moments in which no job was at work."""
    idle, covered = 0.0, since
    for own in sorted(jobs, key=lambda own: own.began):
        idle += max(0.0, own.began - covered)
        covered = max(covered, own.ended)
    return idle + max(0.0, until - covered)


def duration(seconds: float) -> str:
    """Return a time in seconds below a minute and in minutes from there on."""
    number, unit = (seconds, "s") if seconds < 59.5 else (seconds / 60, "min")
    return f"{number:.{0 if number >= 9.95 else 1}f} {unit}"
