"""A copy of the project with its own kdlib, in which Snakemake runs as a user would run it."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tests.workflow.planner import planner

ROOT = Path(__file__).resolve().parents[2]
PARTS = ["Snakefile", "workflow", "config", "profiles", "examples", "kdlib"]
CONFIG = ["--configfile", "config/test.yaml"]


@dataclass(frozen=True)
class Project:
    """A working copy in which Snakemake runs as a user would run it.

    Attributes:
        output: What the first run in it printed, if it is kept.
    """

    folder: Path
    output: str = ""

    def snakemake(self, *options: str, check: bool = True) -> str:
        """Run Snakemake with the local profile and return what it printed."""
        command = ["--profile", "profiles/local", *CONFIG, *options]
        # The copy's kdlib comes before the installed one, in Snakemake and in its jobs.
        environment = {**os.environ, "PYTHONPATH": str(self.folder)}
        if "--dry-run" in options:
            code, output = planner().run(self.folder, environment, command)
        else:
            done = subprocess.run(
                [sys.executable, "-m", "snakemake", *command],
                cwd=self.folder,
                env=environment,
                capture_output=True,
                text=True,
                timeout=800,
            )
            code, output = done.returncode, done.stdout + done.stderr
        if check:
            assert code == 0, output[-8000:]
        return output

    def kdlib(self, *arguments: str, check: bool = True) -> str:
        """Run a command of the copy's kdlib and return what it printed."""
        command = [sys.executable, "-c", "from kdlib.cli import app; app()", *arguments]
        environment = {**os.environ, "PYTHONPATH": str(self.folder)}
        done = subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=800
        )
        output = done.stdout + done.stderr
        assert (done.returncode == 0) is check, output[-8000:]
        return output

    def planned(self) -> dict[str, int]:
        """Return how many jobs of each rule a run would start now, targets left out."""
        return jobs_in(self.snakemake("--dry-run"))


def jobs_in(output: str) -> dict[str, int]:
    """Return how many jobs of each rule a dry run tells of, targets left out."""
    counts = dict(re.findall(r"^(\w+)\s+(\d+)$", output, re.MULTILINE))
    return {rule: int(count) for rule, count in counts.items() if rule not in {"all", "total"}}


def copy_project(folder: Path) -> Project:
    """Return a copy without results, in a folder that is made if it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / part)
    return Project(folder)


def finished_project(shared: Path) -> Project:
    """Return the one copy whose whole DAG has run, and run it if nobody has; it is not to be changed.

    Args:
        shared: Folder of all test processes.
    """
    folder, printed = shared / "finished", shared / "finished.output"
    with locked(shared / "finished.lock"):
        if not printed.exists():
            shutil.rmtree(folder, ignore_errors=True)
            printed.write_text(copy_project(folder).snakemake())
    return Project(folder, printed.read_text())


def copied(project: Project, folder: Path) -> Project:
    """Return a copy of a project with all its results, with their dates."""
    shutil.copytree(project.folder, folder)
    return replace(project, folder=folder)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock that other processes wait for."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
