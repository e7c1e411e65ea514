"""Checkpoints of a training: which one to go on from, what it says, and when all may go."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kdlib.files import DataError

if TYPE_CHECKING:
    from transformers import PreTrainedModel

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


def check_fits(checkpoint: Path, model: PreTrainedModel) -> None:
    """Make sure that a checkpoint holds this model's weights: the trainer would keep what it does not find.

    Args:
        checkpoint: Complete checkpoint; one of a sharded model has no single file and is not looked into.
        model: The model that is to go on from it.

    Raises:
        DataError: If it is of another model.
    """
    from safetensors import SafetensorError, safe_open

    file = checkpoint / "model.safetensors"
    if not file.exists():
        return
    try:
        with safe_open(file, "pt") as weights:
            shapes = {name: tuple(weights.get_slice(name).get_shape()) for name in weights.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise DataError(
            f"{file}: cannot be read ({error}); delete {checkpoint.parent} and run again"
        ) from None
    own = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    for name, shape in shapes.items():
        if own.get(name) != shape:
            found = (
                f"has the shape {list(own[name])} in this one"
                if name in own
                else "does not exist in this one"
            )
            raise DataError(
                f"{checkpoint}: it is a checkpoint of another model, whose {name} {list(shape)} {found}; "
                f"delete {checkpoint.parent} and run again"
            )


def discard(folder: Path) -> None:
    """Delete checkpoints; their states go first, so that a crash leaves none that looks complete."""
    for state in folder.glob(f"*/{TRAINER_STATE}"):
        state.unlink()
    shutil.rmtree(folder)
