"""Weights, temperature, α and warm-up of a training run, as functions of its progress."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kdlib.config import Student, Temperature, Training
from kdlib.training.loop.schedules import alpha_at, temperature_at, weight_at

ConvergedBy = Literal["ce", "validation"]


@dataclass(frozen=True)
class Plan:
    """Weights, temperature and learning rate over a run.

    Attributes:
        table: Component: first and last weight.
        balance: Whether α weighs kl and 1 − α ce, beside the table.
        temperature: First and last temperature.
        alpha0: α of the first epochs, in [0, 1].
        convergence: Relative improvement per epoch below which α begins to fall.
        converged_by: What must improve: ``ce`` of the epochs or ``validation``.
        epochs: Planned number of epochs E.
        warmup_ratio: Share of the steps with rising learning rate.
        warmup_steps: Number of these steps, in place of the share.
        floor: Share of the peak learning rate at the end.
        patience: Validations without improvement before stopping.
        validation_frequency: Epochs from one validation to the next.
    """

    table: dict[str, tuple[float, float]]
    balance: bool
    temperature: Temperature
    alpha0: float
    convergence: float
    converged_by: ConvergedBy
    epochs: int
    warmup_ratio: float
    warmup_steps: int | None
    floor: float
    patience: int
    validation_frequency: int

    def moment(self, epoch: int, converged: bool) -> tuple[float, float]:
        """Return temperature and α of an epoch."""
        return (
            temperature_at(self.temperature.start, self.temperature.end, epoch, self.epochs),
            alpha_at(self.alpha0, epoch, self.epochs, converged),
        )

    def temperatures(self) -> list[float]:
        """Return the temperatures of all epochs, in ascending order and each once."""
        return sorted({self.moment(epoch, False)[0] for epoch in range(self.epochs)})

    def weights(self, progress: float, alpha: float) -> dict[str, float]:
        """Return every component's weight at a share of the optimiser steps."""
        weights = {name: weight_at(first, last, progress) for name, (first, last) in self.table.items()}
        return weights | ({"kl": alpha, "ce": 1 - alpha} if self.balance else {})

    def warmup(self, steps: int) -> int:
        """Return how many of a run's optimiser steps have a rising learning rate."""
        return round(self.warmup_ratio * steps) if self.warmup_steps is None else self.warmup_steps


def teacher_plan(training: Training) -> Plan:
    """Return the plan of a teacher: cross entropy alone."""
    return _plan(training, {"ce": (1.0, 1.0)}, False, Temperature(start=1, end=1), 1.0, 0.0, "ce")


def student_plan(student: Student) -> Plan:
    """Return the plan of a student preset."""
    return _plan(
        student.training,
        student.weights(),
        student.balanced(),
        student.temperature,
        student.alpha,
        student.convergence,
        student.converged_by,
    )


def _plan(
    training: Training,
    table: dict[str, tuple[float, float]],
    balance: bool,
    temperature: Temperature,
    alpha0: float,
    convergence: float,
    converged_by: ConvergedBy,
) -> Plan:
    return Plan(
        table=table,
        balance=balance,
        temperature=temperature,
        alpha0=alpha0,
        convergence=convergence,
        converged_by=converged_by,
        epochs=training.epochs,
        warmup_ratio=training.warmup_ratio,
        warmup_steps=training.warmup_steps,
        floor=training.floor,
        patience=training.patience,
        validation_frequency=training.validation_frequency,
    )
