"""Running a training stage in this process, or in those that accelerate starts for it."""

from __future__ import annotations

import ctypes
import signal
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from pydantic_core import to_jsonable_python

from kdlib.files import DataError, write_json

PR_SET_PDEATHSIG = 1  # of Linux, prctl(2)


def launch(stage: partial[None], accelerate: str | None) -> None:
    """Run a stage.

    Args:
        stage: ``finetune`` or ``distill`` with all arguments, by their names.
        accelerate: Configuration of accelerate, whose processes run the stage together; None for this one.

    Raises:
        DataError: If the stage does, in whichever process.
        subprocess.CalledProcessError: If it fails otherwise; its traceback has been printed then.
    """
    if accelerate is None:
        stage()
        return
    with tempfile.TemporaryDirectory() as folder:
        job = Path(folder) / "job.json"
        write_json(job, {"stage": stage.func.__name__, "given": to_jsonable_python(stage.keywords)})
        command = [sys.executable, "-m", "accelerate.commands.launch", "--config_file", accelerate]
        done = subprocess.run(
            [*command, "--module", "kdlib.training", str(job)], check=False, preexec_fn=_end_with_parent
        )
        told = error_file(job)
        if told.exists():
            raise DataError(told.read_text())
        done.check_returncode()


def error_file(job: Path) -> Path:
    """Return where a process of a job leaves the sentence of a ``DataError``."""
    return job.with_suffix(".error")


def _end_with_parent() -> None:
    """Let the launcher end, and its processes with it, when this process is killed: it would write on."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
