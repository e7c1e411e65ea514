"""The records of a training run: CSV rows by step and epoch, and the same numbers for live views."""

from __future__ import annotations

import csv
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from kdlib.files import DataError, atomic, write_json
from kdlib.telemetry.health import Keys, not_finite
from kdlib.telemetry.progress import Monitor
from kdlib.telemetry.step_csv import (
    EPOCHS,
    STEPS,
    Validation,
    history,
    metrics_of,
    read_steps,
    read_validations,
    step_columns,
    step_of,
)
from kdlib.tracking.mlflow_run import LiveRun

if TYPE_CHECKING:
    from kdlib.losses.combine import Combined

CLOCKS = ("timestamp", "memory_usage_mb", "elapsed_time_seconds")  # columns that differ between equal runs
PLANNED = "planned_steps.json"  # read by kdlib watch
EPOCH_COLUMNS = ["epoch", "step", "validation_nll"]


@dataclass(frozen=True)
class Norms:
    """Norms of a step's gradient before clipping.

    Attributes:
        total: Norm over all parameters.
        encoder: Norm over the parameters of the encoder alone; None for a causal model.
        decoder: Norm over the parameters of the decoder alone.
    """

    total: float
    encoder: float | None
    decoder: float | None


class StepRecords:
    """Writes ``step_metrics.csv`` (a row per micro-batch) and ``training_metrics.csv`` (one per validation).

    Values of a micro-batch are shares of those of the whole accumulated batch: the rows of a step add up.
    """

    def __init__(self, folder: Path, components: list[str], live: LiveRun, keys: Keys) -> None:
        """Prepare to write.

        Args:
            folder: Folder of the files.
            components: Names of the losses.
            live: MLflow run that receives the same numbers.
            keys: Keys of the configuration that warnings name.
        """
        self.folder = folder
        self.components = components
        self.live = live
        self.keys = keys
        self.monitor: Monitor | None = None
        self.process = psutil.Process()
        self.pending: list[dict[str, Any]] = []
        self.steps_path = folder / STEPS
        self.epochs_path = folder / EPOCHS
        self.columns = step_columns(components)
        self.last_step = 0
        self.started = time.time()

    def open(self, resumed_step: int) -> None:
        """Begin, or continue after ``resumed_step``: later rows of an interrupted run are dropped."""
        last = _keep(self.steps_path, self.columns, resumed_step)
        _keep(self.epochs_path, EPOCH_COLUMNS, resumed_step)
        self.last_step = resumed_step
        self.started = time.time() - float(last["elapsed_time_seconds"] if last else 0)

    def begin(self, planned_steps: int, warmup_steps: int) -> None:
        """Show the run live from now on.

        Args:
            planned_steps: Optimiser steps of the run.
            warmup_steps: Steps with rising learning rate.
        """
        before = history(read_steps(self.steps_path), read_validations(self.epochs_path))
        write_json(self.folder / PLANNED, {"steps": planned_steps})
        where = self.folder / "tensorboard"
        self.monitor = Monitor(where, self.keys, planned_steps, warmup_steps, before)

    def micro_batch(
        self,
        combined: Combined,
        weights: dict[str, float],
        temperature: float,
        alpha: float,
        gradient_norms: dict[str, float],
    ) -> None:
        """Remember the loss of one micro-batch until its step ends.

        Args:
            combined: Total and parts of the loss.
            weights: Weight of every component.
            temperature: Temperature of the divergences.
            alpha: Weight of the distillation term.
            gradient_norms: Norm of each weighted component's gradient; empty where it is not measured.

        Raises:
            DataError: If a loss is not finite.
        """
        row: dict[str, Any] = {
            "mini_batch_idx": len(self.pending),
            "temperature": temperature,
            "alpha": alpha,
        }
        for name in self.components:
            row[f"{name}_loss_raw"] = float(combined.raw[name])
            row[f"{name}_loss_weighted"] = float(combined.weighted[name])
            row[f"{name}_weight"] = weights[name]
            row[f"{name}_grad_norm"] = gradient_norms.get(name, "")
        row["total_loss_raw"] = sum(row[f"{name}_loss_raw"] for name in self.components)
        row["total_loss_weighted"] = float(combined.total.detach())
        losses = {f"the loss {name}": row[f"{name}_loss_weighted"] for name in self.components}
        self._refuse(losses, self.last_step + 1)
        self.pending.append(row)

    def step(self, epoch: int, step: int, learning_rate: float, norms: Norms, rows: int) -> None:
        """Write the micro-batches of a step; the norms stand in the last row.

        Args:
            epoch: Whole epochs done before the step.
            step: Number of the step, from 1.
            learning_rate: Learning rate of the step.
            norms: Norms of the gradient.
            rows: Number of examples in the step.
        """
        now = time.time()
        for row in self.pending:
            row |= {
                "timestamp": f"{now:.3f}",
                "epoch": epoch,
                "step": step,
                "learning_rate": learning_rate,
                "grad_norm_total": "",
                "grad_norm_encoder": "",
                "grad_norm_decoder": "",
                "effective_batch_size": rows,
                "memory_usage_mb": self.process.memory_info().rss >> 20,
                "elapsed_time_seconds": f"{now - self.started:.3f}",
            }
        parts = {"total": norms.total, "encoder": norms.encoder, "decoder": norms.decoder}
        self.pending[-1] |= {f"grad_norm_{part}": norm for part, norm in parts.items() if norm is not None}
        _append(self.steps_path, self.columns, self.pending)
        done = step_of(self.pending)
        self.pending = []
        self.last_step = step
        self.live.log(metrics_of(done), step)
        if self.monitor is not None:
            self.monitor.step(done)

    def refuse_gradient(self, norm: float) -> None:
        """Stop if the gradient of a step is not finite; its weights are lost.

        Args:
            norm: Norm of the whole gradient.

        Raises:
            DataError: If it is NaN or infinite.
        """
        self._refuse({"the gradient's norm": norm}, self.last_step)

    def epoch(self, epoch: int, step: int, validation_nll: float) -> None:
        """Write a validation.

        Raises:
            DataError: If it is not finite.
        """
        self._refuse({"the validation loss": validation_nll}, step)
        row = {"epoch": epoch, "step": step, "validation_nll": validation_nll}
        _append(self.epochs_path, EPOCH_COLUMNS, [row])
        self.live.log({"validation_nll": validation_nll}, step)
        if self.monitor is not None:
            self.monitor.validation(Validation(epoch, step, validation_nll))

    def close(self) -> None:
        """Close the bar and the events; the run in MLflow ends with the results."""
        if self.monitor is not None:
            self.monitor.close()
            self.monitor = None

    def _refuse(self, values: Mapping[str, float], step: int) -> None:
        if sentence := not_finite(values, step, self.keys):
            raise DataError(sentence)


def _append(path: Path, columns: Sequence[str], rows: list[dict[str, Any]]) -> None:
    with path.open("a", newline="") as file:
        csv.DictWriter(file, columns).writerows(rows)


def _keep(path: Path, columns: Sequence[str], last_step: int) -> dict[str, Any] | None:
    """Drop rows after a step, or make a file of none; return the last row left."""
    last = None
    with atomic(path) as partial, partial.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        if path.exists():
            with path.open(newline="") as old:
                for row in csv.DictReader(old):
                    # A row cut by a crash lacks its last column; the step is run again anyway.
                    if None not in row.values() and int(row["step"]) <= last_step:
                        writer.writerow(row)
                        last = row
    return last
