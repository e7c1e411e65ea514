"""The two CSV records of a training run, read back: optimiser steps and validations.

This is the one reader of ``step_metrics.csv`` and ``training_metrics.csv``.
"""

from __future__ import annotations

import csv
import math
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from kdlib.files import DataError

STEPS = "step_metrics.csv"
EPOCHS = "training_metrics.csv"
PARTS = ("loss_raw", "loss_weighted", "weight", "grad_norm")  # of every component
BEFORE = ("timestamp", "epoch", "step", "mini_batch_idx")
AFTER = (
    "total_loss_raw",
    "total_loss_weighted",
    "grad_norm_total",
    "grad_norm_encoder",
    "grad_norm_decoder",
    "learning_rate",
    "temperature",
    "alpha",
    "effective_batch_size",
    "memory_usage_mb",
    "elapsed_time_seconds",
)


@dataclass(frozen=True)
class Step:
    """One optimiser step; losses are sums over its micro-batches, each of which is a share of the batch's.

    Attributes:
        number: Number of the step, from 1.
        epoch: Whole epochs done before it.
        raw: Component: unweighted loss.
        weighted: Component: its term in the loss that is minimised.
        weights: Component: its weight.
        gradients: Component: norm of its weighted gradient, only where it was measured. Norms of
            micro-batches are added, which bounds the norm of their sum.
        total: Loss that is minimised.
        gradient: Norm of the whole gradient before clipping.
        encoder_gradient: Norm over the parameters of the encoder alone; None for a causal model.
        decoder_gradient: Norm over the parameters of the decoder alone.
        learning_rate: Learning rate of the step.
        temperature: Temperature of the divergences.
        alpha: Weight of the distillation term.
        rows: Number of examples in the step.
        memory: Memory in use, MB.
        seconds: Seconds since the training began.
        time: Seconds since 1970.
    """

    number: int
    epoch: int
    raw: dict[str, float]
    weighted: dict[str, float]
    weights: dict[str, float]
    gradients: dict[str, float]
    total: float
    gradient: float
    encoder_gradient: float | None
    decoder_gradient: float | None
    learning_rate: float
    temperature: float
    alpha: float
    rows: int
    memory: float
    seconds: float
    time: float

    def shares(self) -> dict[str, float]:
        """Return each component's share in the sum of the measured norms; empty if none was measured."""
        total = sum(self.gradients.values())
        if not (math.isfinite(total) and total > 0):
            return {}
        return {name: norm / total for name, norm in self.gradients.items()}


@dataclass(frozen=True)
class Validation:
    """One validation.

    Attributes:
        epoch: Epochs done.
        step: Optimiser steps done.
        nll: Negative log-likelihood, nats per token.
    """

    epoch: int
    step: int
    nll: float


def step_columns(components: Iterable[str]) -> list[str]:
    """Return the columns of ``step_metrics.csv``."""
    return [*BEFORE, *(f"{name}_{part}" for name in components for part in PARTS), *AFTER]


def components_of(columns: Iterable[str]) -> list[str]:
    """Return the components named in the columns of ``step_metrics.csv``."""
    end = "_loss_raw"
    return [name.removesuffix(end) for name in columns if name.endswith(end) and name != f"total{end}"]


def step_of(rows: Sequence[Mapping[str, Any]]) -> Step:
    """Return the step of some rows of ``step_metrics.csv``, one row per micro-batch.

    Raises:
        KeyError: If a column is missing.
        ValueError: If a field holds no number.
    """
    last = rows[-1]
    names = components_of(last)

    def summed(column: str) -> float:
        return sum(float(row[column]) for row in rows)

    measured = [name for name in names if last[f"{name}_grad_norm"] != ""]
    return Step(
        number=int(last["step"]),
        epoch=int(last["epoch"]),
        raw={name: summed(f"{name}_loss_raw") for name in names},
        weighted={name: summed(f"{name}_loss_weighted") for name in names},
        weights={name: float(last[f"{name}_weight"]) for name in names},
        gradients={name: summed(f"{name}_grad_norm") for name in measured},
        total=summed("total_loss_weighted"),
        gradient=float(last["grad_norm_total"]),
        encoder_gradient=_optional(last["grad_norm_encoder"]),
        decoder_gradient=_optional(last["grad_norm_decoder"]),
        learning_rate=float(last["learning_rate"]),
        temperature=float(last["temperature"]),
        alpha=float(last["alpha"]),
        rows=int(last["effective_batch_size"]),
        memory=float(last["memory_usage_mb"]),
        seconds=float(last["elapsed_time_seconds"]),
        time=float(last["timestamp"]),
    )


def metrics_of(step: Step) -> dict[str, float]:
    """Return the values that MLflow shows of a step, by the names of their columns."""
    parts = {"loss_raw": step.raw, "loss_weighted": step.weighted, "weight": step.weights}
    parts |= {"grad_norm": step.gradients}
    named = {f"{name}_{part}": value for part, values in parts.items() for name, value in values.items()}
    norms = {"grad_norm_encoder": step.encoder_gradient, "grad_norm_decoder": step.decoder_gradient}
    return {
        **named,
        **{name: norm for name, norm in norms.items() if norm is not None},
        "total_loss_weighted": step.total,
        "grad_norm_total": step.gradient,
        "learning_rate": step.learning_rate,
        "temperature": step.temperature,
        "alpha": step.alpha,
    }


def read_steps(path: Path) -> Iterator[Step]:
    """Yield the steps of a ``step_metrics.csv``, one at a time.

    Raises:
        DataError: If the file is missing or is no such table; the message names the line.
    """
    with _table(path) as file:
        reader = csv.DictReader(file)
        missing = [name for name in (*BEFORE, *AFTER) if name not in (reader.fieldnames or ())]
        if missing:
            raise DataError(f"{path}: not a step_metrics.csv, it has no column {missing[0]}")
        try:
            for _, rows in groupby(reader, key=lambda row: row["step"]):
                yield step_of(list(rows))
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"{path}:{reader.line_num}: not a whole row of numbers ({error})") from None


def read_validations(path: Path) -> list[Validation]:
    """Return the rows of a ``training_metrics.csv``."""
    with _table(path) as file:
        return [
            Validation(int(row["epoch"]), int(row["step"]), float(row["validation_nll"]))
            for row in csv.DictReader(file)
        ]


def history(steps: Iterable[Step], validations: Sequence[Validation]) -> Iterator[Step | Validation]:
    """Yield steps and validations in the order in which they happened.

    Args:
        steps: Steps in order; they are read once.
        validations: Validations in order; each comes after the step that it names.
    """
    left = deque(validations)
    for step in steps:
        while left and left[0].step < step.number:
            yield left.popleft()
        yield step
    yield from left


def _table(path: Path) -> Any:  # noqa: ANN401  (a text file)
    if not path.is_file():
        raise DataError(f"{path}: there is no such file")
    return path.open(newline="")


def _optional(text: object) -> float | None:
    return None if text == "" else float(str(text))
