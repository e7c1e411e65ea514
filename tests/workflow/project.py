"""A copy of the project with its own kdlib, in which Snakemake runs as a user would run it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

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
        command = [sys.executable, "-m", "snakemake", "--profile", "profiles/local", *CONFIG, *options]
        # The copy's kdlib comes before the installed one, in Snakemake and in its jobs.
        done = subprocess.run(
            command,
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(self.folder)},
            capture_output=True,
            text=True,
            timeout=800,
        )
        output = done.stdout + done.stderr
        if check:
            assert done.returncode == 0, output[-8000:]
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
