"""TensorBoard events of a training, made from its records."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from kdlib.telemetry.step_csv import Step, Validation


def step_scalars(step: Step) -> dict[str, float]:
    """Return the values that TensorBoard shows of an optimiser step, by their tags ``GROUP/NAME``."""
    norms = {"total": step.gradient, "encoder": step.encoder_gradient, "decoder": step.decoder_gradient}
    groups: dict[str, dict[str, float]] = {
        "Loss": {"total": step.total},
        "Loss_Raw": step.raw,
        "Loss_Weighted": step.weighted,
        "Weights": step.weights,
        "Gradients": {
            **{name: norm for name, norm in norms.items() if norm is not None},
            **step.gradients,
            **{f"{name}_share": share for name, share in step.shares().items()},
        },
        "Hyperparams": {
            "learning_rate": step.learning_rate,
            "temperature": step.temperature,
            "alpha": step.alpha,
            "batch_size": step.rows,
        },
        "Training": {
            "epoch": step.epoch,
            "memory_mb": step.memory,
            "seconds": step.seconds,
        },
    }
    return {f"{group}/{name}": value for group, values in groups.items() for name, value in values.items()}


class Board:
    """Writes event files; a step is one event, which costs a tenth of a millisecond."""

    def __init__(self, folder: Path) -> None:
        """Open a new event file.

        Args:
            folder: Folder of the event files; it is made if it is missing.
        """
        from torch.utils.tensorboard import FileWriter

        self.writer = FileWriter(str(folder))

    def step(self, step: Step) -> None:
        """Write a step."""
        self._write(step_scalars(step), step.number, step.time)

    def validation(self, validation: Validation, time: float) -> None:
        """Write a validation, and flush all events so far.

        Args:
            validation: The validation.
            time: Seconds since 1970.
        """
        self._write({"Validation/nll": validation.nll}, validation.step, time)
        self.writer.flush()

    def close(self) -> None:
        """Flush and close the event file."""
        self.writer.close()

    def _write(self, scalars: dict[str, float], step: int, time: float) -> None:
        from tensorboard.compat.proto.summary_pb2 import Summary

        values = [Summary.Value(tag=tag, simple_value=value) for tag, value in scalars.items()]
        self.writer.add_summary(Summary(value=values), step, time)


def write_board(folder: Path, history: Iterable[Step | Validation]) -> None:
    """Write the events of a finished run.

    Args:
        folder: Folder of the event file; it is made if it is missing.
        history: Records in order; they are read once.
    """
    board = Board(folder)
    now = 0.0
    for record in history:
        if isinstance(record, Validation):
            board.validation(record, now)
        else:
            board.step(record)
            now = record.time
    board.close()
