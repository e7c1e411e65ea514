"""One of the processes that run a training stage together: ``accelerate launch … -m kdlib.training CALL``.

``kdlib.training.launch`` writes the call and starts the launcher.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import torch
from accelerate import PartialState
from pydantic import validate_call

from kdlib.files import DataError, read_json
from kdlib.training.distill import distill
from kdlib.training.finetune import finetune
from kdlib.training.launch import error_file

# Validation makes the dataclasses and models of a stage's signature from JSON.
STAGES: dict[str, Callable[..., None]] = {
    "finetune": validate_call(finetune),
    "distill": validate_call(distill),
}


def main(call: Path) -> None:
    """Run a stage as one of several processes.

    Args:
        call: JSON with the stage's name and its arguments.
    """
    content = read_json(call)
    PartialState(cpu=not torch.accelerator.is_available())  # joins the others, and takes this process's GPU
    try:
        STAGES[content["stage"]](*content["arguments"])
    except DataError as error:
        error_file(call).write_text(str(error))
        raise SystemExit(1) from None


if __name__ == "__main__":
    main(Path(sys.argv[1]))
