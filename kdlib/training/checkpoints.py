"""Checkpoints of a training: which one to go on from, what it says, and when all may go."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

TRAINER_STATE = "trainer_state.json"  # of transformers


def last_checkpoint(folder: Path) -> Path | None:
    """Return the newest complete checkpoint; one that a crash cut short is removed."""
    from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR

    found = sorted(
        folder.glob(f"{PREFIX_CHECKPOINT_DIR}-*"), key=lambda path: int(path.name.rpartition("-")[2])
    )
    while found:
        newest = found.pop()
        if _is_complete(newest):
            return newest
        shutil.rmtree(newest)
    return None


def _is_complete(checkpoint: Path) -> bool:
    """Return whether the trainer's state, which is written last, is whole."""
    try:
        read_state(checkpoint)
    except (FileNotFoundError, json.JSONDecodeError):
        return False
    return True


def read_state(checkpoint: Path) -> dict[str, Any]:
    """Return the trainer's state of a complete checkpoint."""
    state: dict[str, Any] = json.loads((checkpoint / TRAINER_STATE).read_text())
    return state


def is_last(checkpoint: Path) -> bool:
    """Return whether training ended at a checkpoint; the trainer itself would go on after an early stop."""
    state = read_state(checkpoint)
    stopped: bool = state["stateful_callbacks"]["TrainerControl"]["args"]["should_training_stop"]
    return stopped or state["global_step"] >= state["max_steps"]


def discard(folder: Path) -> None:
    """Delete checkpoints; their states go first, so that a crash leaves none that looks complete."""
    for state in folder.glob(f"*/{TRAINER_STATE}"):
        state.unlink()
    shutil.rmtree(folder)
