"""How long the default run takes after installation, and how long Snakemake plans: nothing, or a sweep."""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.contract import Claim, answer, quick
from tests.workflow.project import CONFIG, Project, copy_project

# 500 students: with their predictions and agreement 1,500 jobs.
SWEEP = """
sweep:
  recipes: [traditional, trident]
  sizes: [nano, tiny, mini, small, base]
  temperatures: [1, 2, 4, 8, {start: 4, end: 2}]
  seeds: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
"""


def snakemake(project: Project, *options: str) -> tuple[float, str]:
    """Run Snakemake in a project and return wall seconds and output."""
    command = [sys.executable, "-m", "snakemake", "--profile", "profiles/local", *options]
    environment = {**os.environ, "PYTHONPATH": str(project.folder)}
    started = time.perf_counter()
    done = subprocess.run(command, cwd=project.folder, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    return time.perf_counter() - started, done.stdout + done.stderr


def planned_sweep(project: Project, config: list[str]) -> float:
    """Return the wall seconds of a dry run with 500 more students."""
    (project.folder / "sweep.yaml").write_text(SWEEP)
    seconds, output = snakemake(project, "--dry-run", *(config or ["--configfile"]), "sweep.yaml")
    if not re.search(r"^student\s+500$", output, re.MULTILINE):
        raise SystemExit(f"the sweep was not planned:\n{output}")
    return seconds


def empty_run(project: Project, config: list[str]) -> float:
    """Return the wall seconds of a run that has nothing to do."""
    seconds, output = snakemake(project, *config)
    if "Nothing to be done" not in output:
        raise SystemExit(f"a second run was not empty:\n{output}")
    return seconds


def main() -> None:
    """Measure in copies without results, so that every rule runs."""
    config = CONFIG if quick() else []
    with tempfile.TemporaryDirectory() as folder:
        project = copy_project(Path(folder, "project"))
        first, _ = snakemake(project, *config)
        noops = [empty_run(project, config) for _ in range(3 if quick() else 5)]
        sweeps = [planned_sweep(project, config) for _ in range(3)]
    what = "config/test.yaml" if quick() else "the default run"
    answer(
        "workflow",
        {
            "run_minutes": Claim(first / 60, "min", 8, "lower", f"{what}, all cores, after installation", 1),
            "noop_s": Claim(
                statistics.median(noops), "s", 10, "lower", f"{what}, nothing to be done", len(noops)
            ),
            "sweep500_dry_run_s": Claim(
                statistics.median(sweeps), "s", 15, "lower", "dry run of 500 students more", len(sweeps)
            ),
        },
    )


if __name__ == "__main__":
    main()
