"""Running a training stage in this process, or in those that accelerate starts for it."""

from __future__ import annotations

import ctypes
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from pydantic_core import to_jsonable_python

from kdlib.config import Student, Teacher
from kdlib.files import DataError, write_json
from kdlib.training.inputs import StudentInputs, TeacherInputs
from kdlib.training.loop.job import Job

PR_SET_PDEATHSIG = 1  # of Linux, prctl(2)

Settings = TypeVar("Settings", Teacher, Student)
Inputs = TypeVar("Inputs", TeacherInputs, StudentInputs)


def launch(
    stage: Callable[[str, Settings, Inputs, Job], None],
    name: str,
    settings: Settings,
    inputs: Inputs,
    job: Job,
) -> None:
    """Run a stage in this process, or in those of its configuration of accelerate.

    Args:
        stage: ``finetune`` or ``distill``.
        name: Name of the teacher or student in the configuration.
        settings: The teacher or student; ``training.accelerate`` is the configuration of accelerate, whose
            processes run the stage together, or None for this process.
        inputs: Files that the stage reads.
        job: Where and how it runs.

    Raises:
        DataError: If the stage does, in whichever process.
        subprocess.CalledProcessError: If it fails otherwise; its traceback has been printed then.
    """
    accelerate = settings.training.accelerate
    if accelerate is None:
        stage(name, settings, inputs, job)
        return
    arguments = to_jsonable_python([name, settings, inputs, job])
    _run_processes({"stage": stage.__name__, "arguments": arguments}, accelerate)


def _run_processes(content: dict[str, Any], accelerate: str) -> None:
    """Run a stage in the processes of a configuration of accelerate.

    Args:
        content: Name of the stage and its arguments, as ``__main__`` reads them.
        accelerate: File of the configuration.
    """
    with tempfile.TemporaryDirectory() as folder:
        call = Path(folder) / "call.json"
        write_json(call, content)
        command = [sys.executable, "-m", "accelerate.commands.launch", "--config_file", accelerate]
        done = subprocess.run(
            [*command, "--module", "kdlib.training", str(call)], check=False, preexec_fn=_end_with_parent
        )
        message = error_file(call)
        if message.exists():
            raise DataError(message.read_text())
        done.check_returncode()


def error_file(call: Path) -> Path:
    """Return where a process of a launched stage leaves the message of a ``DataError``."""
    return call.with_suffix(".error")


def _end_with_parent() -> None:
    """Let the launcher end, and its processes with it, when this process is killed: it would write on."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
