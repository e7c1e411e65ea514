"""What Slurm adds to a run: config/test.yaml locally, and through a Slurm on the same machine.

Jobs and cores are the same; what differs is that each job is submitted, started by Slurm and asked after. The
profile first asks 40 seconds after a submission, to spare a controller that many use: nothing beside jobs of
hours. Jobs here take seconds, so Slurm is first asked after two.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.contract import Claim, answer
from tests.workflow.project import CONFIG, copy_project
from tests.workflow.slurm import Slurm

SOONER = ["--slurm-init-seconds-before-status-checks", "2"]


def seconds_of(folder: Path, profile: str, environment: dict[str, str], *options: str) -> float:
    """Return the wall seconds of the whole DAG in a fresh copy of the project."""
    project = copy_project(folder)
    command = [sys.executable, "-m", "snakemake", "--profile", f"profiles/{profile}", *CONFIG, *options]
    environment = {**environment, "PYTHONPATH": str(project.folder)}
    started = time.perf_counter()
    done = subprocess.run(command, cwd=project.folder, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    return time.perf_counter() - started


def main() -> None:
    """Run the DAG twice."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        local = seconds_of(folder / "local", "local", dict(os.environ))
        daemons = folder / "daemons"
        daemons.mkdir()
        slurm = Slurm(daemons)
        try:
            slurm.start()
            through = seconds_of(folder / "slurm", "slurm", slurm.env, *SOONER)
        finally:
            slurm.stop()
    against = f"wall time of config/test.yaml, {local:.0f} s locally on the same machine"
    answer("slurm", {"slurm_over_local": Claim(through / local, "ratio", None, "lower", against, 1)})


if __name__ == "__main__":
    main()
