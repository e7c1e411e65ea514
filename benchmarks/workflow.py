"""How long the default run takes after installation, and how long Snakemake plans: nothing, or a sweep."""

from __future__ import annotations

import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.contract import Claim, answer, quick

# 500 students: with their predictions and agreement 1,500 jobs.
SWEEP = """
sweep:
  recipes: [traditional, trident]
  sizes: [nano, tiny, mini, small, base]
  temperatures: [1, 2, 4, 8, {start: 4, end: 2}]
  seeds: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
"""
COPIED = ["Snakefile", "workflow", "config", "profiles", "examples", "kdlib"]


def snakemake(folder: Path, *options: str) -> tuple[float, str]:
    """Run Snakemake in a folder and return wall seconds and output."""
    command = [sys.executable, "-m", "snakemake", "--profile", "profiles/local", *options]
    started = time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    return time.perf_counter() - started, done.stdout + done.stderr


def planned_sweep(folder: Path, config: list[str]) -> float:
    """Return the wall seconds of a dry run with 500 more students."""
    (folder / "sweep.yaml").write_text(SWEEP)
    seconds, output = snakemake(folder, "--dry-run", *(config or ["--configfile"]), "sweep.yaml")
    if not re.search(r"^student\s+500$", output, re.MULTILINE):
        raise SystemExit(f"the sweep was not planned:\n{output}")
    return seconds


def main() -> None:
    """Measure in a copy without results, so that every rule runs."""
    config = ["--configfile", "config/test.yaml"] if quick() else []
    with tempfile.TemporaryDirectory() as folder:
        for name in COPIED:
            source, target = Path(name), Path(folder) / name
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, target)
        first, _ = snakemake(Path(folder), *config)
        noops = []
        for _ in range(3 if quick() else 5):
            seconds, output = snakemake(Path(folder), *config)
            if "Nothing to be done" not in output:
                raise SystemExit(f"a second run was not empty:\n{output}")
            noops.append(seconds)
        sweeps = [planned_sweep(Path(folder), config) for _ in range(3)]
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
