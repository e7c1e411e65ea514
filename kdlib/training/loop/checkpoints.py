"""Checkpoints of a training: which one to resume from, whether it fits, and when all may be deleted."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kdlib.files import DataError, atomic, write_json
from kdlib.telemetry.step_csv import EPOCHS, STEPS

if TYPE_CHECKING:
    from torch import nn

TRAINER_STATE = "trainer_state.json"  # of transformers


def last_checkpoint(folder: Path) -> Path | None:
    """Return the newest complete checkpoint, or None; incomplete ones, left by a crash, are removed."""
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
    """Return whether training ended at a checkpoint; the trainer would continue after an early stop."""
    state = read_state(checkpoint)
    stopped: bool = state["stateful_callbacks"]["TrainerControl"]["args"]["should_training_stop"]
    return stopped or state["global_step"] >= state["max_steps"]


def adopt(checkpoint: Path, folder: Path) -> Path:
    """Copy a checkpoint, the best one before it and the records into the folder of another training.

    Args:
        checkpoint: Complete checkpoint that a user named, in the folder of its own training.
        folder: Where the other training keeps its checkpoints; it has none yet.

    Returns:
        The copy, to resume from.

    Raises:
        DataError: If it is no complete checkpoint, or the best one or the records are gone.
    """
    state = json.loads(state_of(checkpoint).read_text())
    best = None
    if state["best_global_step"]:
        best = checkpoint.with_name(f"checkpoint-{state['best_global_step']}")
        state["best_model_checkpoint"] = str(folder / best.name)
    records = [checkpoint.with_name(name) for name in (STEPS, EPOCHS)]
    for path in (*records, *([best] if best else [])):
        if not path.exists():
            raise DataError(f"{path}: there is no such file, and {checkpoint} cannot be resumed without it")
    for path in records:
        with atomic(folder / path.name) as partial:
            shutil.copyfile(path, partial)
    for path in {best or checkpoint, checkpoint}:
        with atomic(folder / path.name) as partial:
            shutil.copytree(path, partial)
            if path == checkpoint:
                write_json(partial / TRAINER_STATE, state)
    return folder / checkpoint.name


def state_of(checkpoint: Path) -> Path:
    """Return the file with the trainer's state of a checkpoint that a user named.

    Raises:
        DataError: If there is no complete checkpoint.
    """
    if not _is_complete(checkpoint):
        raise DataError(f"{checkpoint}: no complete checkpoint; {_there_are(checkpoint.parent)}")
    return checkpoint / TRAINER_STATE


def _there_are(folder: Path) -> str:
    found = sorted(path.parent.name for path in folder.glob(f"*/{TRAINER_STATE}"))
    return f"in {folder} there are {', '.join(found)}" if found else f"{folder} holds none"


def check_fits(checkpoint: Path, model: nn.Module) -> None:
    """Make sure that a checkpoint holds the weights that are trained, each in its shape, as safetensors.

    Args:
        checkpoint: Complete checkpoint.
        model: The model, or a wrapper of it with an adapter, whose checkpoints hold the adapter alone.

    Raises:
        DataError: If it is of another model, of which the trainer would load what fits, or its weights are
            pickled.
    """
    held = _shapes(checkpoint)
    # peft names its adapters in the model and not in the file.
    here = {name.replace(".default.", "."): tuple(w.shape) for name, w in model.state_dict().items()}
    trained = {name.replace(".default.", ".") for name, w in model.named_parameters() if w.requires_grad}
    wrong = sorted(name for name in held.keys() | trained if held.get(name) != here.get(name))
    if wrong:
        raise DataError(
            f"{checkpoint}: it is a checkpoint of another model, {_difference(wrong[0], held, here)}; "
            f"delete {checkpoint.parent} and run again"
        )


def _difference(name: str, held: Mapping[str, tuple[int, ...]], here: Mapping[str, tuple[int, ...]]) -> str:
    if name not in held:
        return f"which has no {name}"
    if name not in here:
        return f"whose {name} {held[name]} does not exist in this one"
    return f"whose {name} {held[name]} has the shape {here[name]} in this one"


def _shapes(checkpoint: Path) -> dict[str, tuple[int, ...]]:
    """Return the shape of every weight in a checkpoint, without reading the weights."""
    from safetensors import SafetensorError, safe_open

    files = [path for path in checkpoint.glob("*.safetensors") if path.is_file()]
    if not files:
        raise DataError(
            f"{checkpoint}: no safetensors; pickled weights can run code and are not read, so delete "
            f"{checkpoint.parent} and run again"
        )
    shapes: dict[str, tuple[int, ...]] = {}
    for path in files:
        try:
            with safe_open(path, "pt") as weights:
                names = weights.keys()
                shapes |= {name: tuple(weights.get_slice(name).get_shape()) for name in names}
        except SafetensorError as error:
            raise DataError(
                f"{path}: cannot be read ({error}); delete {checkpoint} and run again, from the one before"
            ) from None
    return shapes


def discard(folder: Path) -> None:
    """Delete checkpoints; their states go first, so that a crash leaves none that looks complete."""
    for state in folder.glob(f"*/{TRAINER_STATE}"):
        state.unlink()
    shutil.rmtree(folder)
