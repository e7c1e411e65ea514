"""Where a process runs: its host, its job on a cluster, and the commit of its project."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from functools import cache

SLURM = {"slurm_job": "SLURM_JOB_ID", "slurm_partition": "SLURM_JOB_PARTITION"}


def place() -> dict[str, str]:
    """Return ``host``, ``slurm_job`` and ``slurm_partition`` in a Slurm job, ``git_commit`` in a clone."""
    slurm = {name: os.environ[variable] for name, variable in SLURM.items() if variable in os.environ}
    commit = _commit()
    return {"host": platform.node(), **slurm, **({"git_commit": commit} if commit else {})}


@cache
def _commit() -> str | None:
    if shutil.which("git") is None:
        return None
    done = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None
