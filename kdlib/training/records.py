"""The records of a training run: CSV rows by step and epoch, and the same numbers live in MLflow."""

from __future__ import annotations

import csv
import resource
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kdlib.files import atomic
from kdlib.training.live import LiveRun

if TYPE_CHECKING:
    from kdlib.losses.combine import Combined

CLOCKS = ("timestamp", "memory_usage_mb", "elapsed_time_seconds")  # differ between equal runs


class StepRecords:
    """Writes ``step_metrics.csv`` (a row per micro-batch) and ``training_metrics.csv`` (a row per epoch).

    Values of a micro-batch are shares of the whole accumulated batch's: the rows of a step add up to it.
    """

    def __init__(self, folder: Path, components: list[str], batch_size: int, live: LiveRun) -> None:
        self.folder = folder
        self.components = components
        self.batch_size = batch_size
        self.live = live
        self.started = time.time()
        self.pending: list[dict[str, Any]] = []
        self.steps_path = folder / "step_metrics.csv"
        self.epochs_path = folder / "training_metrics.csv"

    def step_columns(self) -> list[str]:
        """Return the columns of ``step_metrics.csv``."""
        parts = [
            f"{name}_{part}"
            for name in self.components
            for part in ("loss_raw", "loss_weighted", "weight", "grad_norm")
        ]
        return [
            *("timestamp", "epoch", "step", "mini_batch_idx"),
            *parts,
            *(
                "total_loss_raw",
                "total_loss_weighted",
                "grad_norm_total",
                "learning_rate",
                "temperature",
                "alpha",
            ),
            *("effective_batch_size", "memory_usage_mb", "elapsed_time_seconds"),
        ]

    def open(self, resumed_step: int) -> None:
        """Begin, or go on after ``resumed_step``: later rows of an interrupted run are dropped."""
        _keep(self.steps_path, self.step_columns(), resumed_step)
        _keep(self.epochs_path, ["epoch", "step", "validation_nll"], resumed_step)

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
            combined: Total and parts.
            weights: Weight of every component.
            temperature: Of the divergences.
            alpha: Weight of the distillation term.
            gradient_norms: Norm of each weighted component's gradient, or nothing where it is not measured.
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
        self.pending.append(row)

    def step(self, epoch: int, step: int, learning_rate: float, grad_norm: float) -> None:
        """Write the micro-batches of a step; the gradient norm, before clipping, stands in the last row."""
        now = time.time()
        for row in self.pending:
            row |= {
                "timestamp": f"{now:.3f}",
                "epoch": epoch,
                "step": step,
                "learning_rate": learning_rate,
                "effective_batch_size": self.batch_size * len(self.pending),
                "memory_usage_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
                "elapsed_time_seconds": f"{now - self.started:.3f}",
            }
        self.pending[-1]["grad_norm_total"] = grad_norm
        _append(self.steps_path, self.step_columns(), self.pending)
        sums = [f"{name}_loss_{part}" for name in self.components for part in ("raw", "weighted")]
        live = {key: sum(row[key] for row in self.pending) for key in [*sums, "total_loss_weighted"]}
        live |= {f"{name}_weight": self.pending[-1][f"{name}_weight"] for name in self.components}
        last = self.pending[-1]
        live |= {key: last[key] for key in ("grad_norm_total", "learning_rate", "temperature", "alpha")}
        self.live.log(live, step)
        self.pending = []

    def epoch(self, epoch: int, step: int, validation_nll: float) -> None:
        """Write the validation of an epoch."""
        row = {"epoch": epoch, "step": step, "validation_nll": validation_nll}
        _append(self.epochs_path, list(row), [row])
        self.live.log({"validation_nll": validation_nll}, step)
        print(f"epoch {epoch}  step {step}  validation {validation_nll:.4f} nats/token", flush=True)


def _append(path: Path, columns: list[str], rows: list[dict[str, Any]]) -> None:
    with path.open("a", newline="") as file:
        csv.DictWriter(file, columns).writerows(rows)


def _keep(path: Path, columns: list[str], last_step: int) -> None:
    rows: list[dict[str, Any]] = []
    if path.exists():
        with path.open(newline="") as file:
            # A row cut by a crash lacks its last column; the step is run again anyway.
            rows = [
                row
                for row in csv.DictReader(file)
                if None not in row.values() and int(row["step"]) <= last_step
            ]
    with atomic(path) as partial, partial.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
