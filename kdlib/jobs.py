"""How a rule's script runs: output to the rule's log, a user's error as one sentence, then a manifest."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kdlib.files import DataError
from kdlib.provenance.manifest import begun, finished


@contextmanager
def logged(log: str, offline: bool = True) -> Iterator[None]:
    """Send everything printed in the block, by subprocesses too, to a log file.

    A ``DataError`` ends the process with status 1 and its sentence as the last line of the log; any other
    error is ours and keeps its traceback.

    Args:
        log: Log file; an old one is replaced.
        offline: Keep libraries from asking a hub, unless HF_HUB_OFFLINE says otherwise: compute nodes often
            have no network, and a request waits for its time-out.
    """
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    if offline:
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
        if isinstance(stream, io.TextIOWrapper):
            # A log keeps the order of what happened, up to a kill.
            stream.reconfigure(line_buffering=True)
    with open(log, "w", buffering=1) as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    try:
        yield
    except DataError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(1) from None


@contextmanager
def recorded(job: Any, script: str, offline: bool = True) -> Iterator[None]:  # noqa: ANN401  (Snakemake's object)
    """Log a block as ``logged`` does, and if it succeeds write the manifest of what it made.

    Args:
        job: Snakemake's object of the job.
        script: The script's file.
        offline: As in ``logged``.
    """
    with logged(job.log[0], offline):
        manifest = begun(job, Path(script))
        yield
        finished(manifest, job)
