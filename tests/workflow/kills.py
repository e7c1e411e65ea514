"""SIGKILL of a whole run at seeded moments, in a finished project that has lost results of some jobs."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from kdlib.files import read_json
from kdlib.provenance.comparison import Compared, compare
from kdlib.provenance.manifest import manifest_path
from tests.workflow.project import CONFIG, Project

# Kept answers of earlier jobs, with which a job that runs again would have little to do.
KEPT = ("cache/checkpoints", "cache/executions", "cache/golds", "cache/predictions")
MARKS = Path(".snakemake/incomplete")  # a file for each output of a running job, its path in base64
STARTED = "KDLIB_KILLED_RUN"  # in the environment of all processes of a run
STARTUP_S = 0.5  # of a job, before its script begins
PATIENCE_S = 60


@dataclass(frozen=True)
class Job:
    """A job of a finished run.

    Attributes:
        seconds: Wall time from its start to its end.
    """

    rule: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    seconds: float


@dataclass(frozen=True)
class Moment:
    """When a run is killed: so many seconds after a job has begun."""

    job: Job
    delay: float


def jobs_of(project: Project) -> list[Job]:
    """Return all jobs of a finished run, with the seconds that they took in it."""
    asked = json.dumps({"overlays": CONFIG[1:], "targets": []})
    command = [sys.executable, "workflow/plan.py", asked]
    environment = {**os.environ, "PYTHONPATH": str(project.folder)}
    plan = subprocess.run(command, cwd=project.folder, env=environment, stdout=subprocess.PIPE, check=True)
    return [_job(project.folder, own) for own in json.loads(plan.stdout.splitlines()[-1])]


def moments(jobs: Sequence[Job], number: int, seed: int) -> list[Moment]:
    """Return moments in random order, every rule once before any comes twice."""
    rng = random.Random(seed)
    by_rule = {job.rule: [own for own in jobs if own.rule == job.rule] for job in jobs}
    rules: list[str] = []
    while len(rules) < number:
        rules += rng.sample(sorted(by_rule), len(by_rule))
    chosen = [rng.choice(by_rule[rule]) for rule in rules[:number]]
    return [Moment(job, rng.random() * job.seconds) for job in chosen]


def forget(project: Project, jobs: Sequence[Job], lost: Job) -> None:
    """Delete what a job and all jobs after it made, and the kept answers of all jobs."""
    gone, size = set(lost.outputs), 0
    while size < len(gone):
        size = len(gone)
        gone |= {path for job in jobs if gone & {*job.inputs} for path in job.outputs}
    for path in (project.folder / name for name in (*gone, *KEPT)):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def kill(project: Project, jobs: Iterable[Job], moment: Moment) -> list[str]:
    """Run Snakemake, and at the moment send SIGKILL to its process group.

    Returns:
        The rules whose jobs ran then; without that of the moment if it ended before.

    Raises:
        RuntimeError: If the run ends before, or leaves processes behind.
    """
    command = [sys.executable, "-m", "snakemake", "--profile", "profiles/local", *CONFIG]
    token = f"{project.folder}-{time.time()}"
    environment = {**os.environ, "PYTHONPATH": str(project.folder), STARTED: token}
    with (project.folder / "killed.log").open("wb") as out:
        run = subprocess.Popen(
            command, cwd=project.folder, env=environment, stdout=out, stderr=out, start_new_session=True
        )
    try:
        while not _running(project, [moment.job]):
            if run.poll() is not None:
                raise RuntimeError((project.folder / "killed.log").read_text()[-4000:])
            time.sleep(0.01)
        until = time.monotonic() + moment.delay
        while time.monotonic() < until and _running(project, [moment.job]):
            time.sleep(0.01)
        found = _running(project, jobs)
    finally:
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
    _await_silence(token)
    return found


def finish(project: Project, undisturbed: Project) -> list[Compared]:
    """Do what a user does after a kill, and return what then differs from the run that nobody disturbed."""
    project.snakemake("--unlock")
    project.snakemake()
    run = Path("results/test")
    before = read_json(undisturbed.folder / run / "manifest.json")
    found = compare(before, undisturbed.folder, project.folder)
    return [own for own in found if own.answer in {"differs", "missing"}]


def _job(folder: Path, plan: dict[str, Any]) -> Job:
    made = read_json(folder / manifest_path(Path(plan["log"])))
    seconds = made["ended"] - made["began"] + STARTUP_S
    return Job(plan["rule"], tuple(plan["input"]), tuple(plan["output"]), seconds)


def _running(project: Project, jobs: Iterable[Job]) -> list[str]:
    """Return the rules of the jobs that Snakemake has begun and not ended."""
    marks = project.folder / MARKS
    names = ((job.rule, urlsafe_b64encode(job.outputs[0].encode()).decode()) for job in jobs)
    return sorted(rule for rule, name in names if (marks / name).exists())


def _await_silence(token: str) -> None:
    """Wait until no process of a killed run is left, in whatever group; they all end by themselves."""
    until = time.monotonic() + PATIENCE_S
    while left := [own for own in psutil.process_iter(["environ", "cmdline"]) if _of(own, token)]:
        if time.monotonic() > until:
            raise RuntimeError(f"a killed run left {[own.info['cmdline'] for own in left]}")
        time.sleep(0.1)


def _of(process: psutil.Process, token: str) -> bool:
    return (process.info["environ"] or {}).get(STARTED) == token
