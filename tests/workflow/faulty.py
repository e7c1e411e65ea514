"""Makes trainings fail at a chosen moment; copied as ``sitecustomize.py`` into the project of a test.

The moment is a step after the first complete checkpoint. What happens then stands in ``faults/NAME``, a line
for each time: ``stop`` freezes the process until somebody kills its job, ``leak`` fills memory for some
seconds. The job's number is left in ``faults/NAME.jobs``.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

LEAKED_BYTES = 4_500_000_000
HELD_S = 8.0  # Slurm looks every three seconds


def on_event(event: str, arguments: tuple[object, ...]) -> None:
    """Look at every file that is opened: a training appends to its record once a step."""
    if event != "open" or not str(arguments[0]).endswith("/step_metrics.csv") or arguments[1] != "a":
        return
    folder = Path(str(arguments[0])).parent
    planned = Path("faults") / folder.name.rpartition("-")[0]
    if planned.exists() and any(_whole(state) for state in folder.glob("checkpoint-*/trainer_state.json")):
        kind, *later = planned.read_text().split() or [""]
        planned.write_text("\n".join(later))
        if kind:
            with planned.with_suffix(".jobs").open("a") as jobs:
                jobs.write(f"{os.environ['SLURM_JOB_ID']}\n")
        if kind == "stop":
            os.kill(os.getpid(), signal.SIGSTOP)
        elif kind == "leak":
            held = b"\1" * LEAKED_BYTES
            time.sleep(HELD_S)
            del held


def _whole(state: Path) -> bool:
    try:
        json.loads(state.read_text())
    except ValueError:
        return False
    return True


sys.addaudithook(on_event)
