"""Statistics of an epoch, computed from its steps: numbers for JSON and a line to read."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from kdlib.telemetry.step_csv import Step, Validation


@dataclass(frozen=True)
class Epoch:
    """Means over the optimiser steps of one epoch.

    Attributes:
        number: Number of the epoch, from 1.
        first: Its first step.
        last: Its last step so far.
        steps: Number of optimiser steps.
        rows: Number of examples.
        raw: Component: unweighted loss.
        weighted: Component: weighted loss.
        gradients: Component: gradient norm over the steps where it was measured; missing if it never was.
        shares: Component: share in the measured norms, over the same steps.
        total: Loss that is minimised.
        norms: ``total``, and where there are such parts ``encoder`` and ``decoder``: gradient norm.
        largest: Largest norm of the whole gradient.
    """

    number: int
    first: Step
    last: Step
    steps: int
    rows: int
    raw: dict[str, float]
    weighted: dict[str, float]
    gradients: dict[str, float]
    shares: dict[str, float]
    total: float
    norms: dict[str, float]
    largest: float

    def summary(self, validations: Sequence[Validation]) -> dict[str, Any]:
        """Return the content of ``epoch_N_summary.json``, which holds no clock times.

        Args:
            validations: Validations of the whole run.
        """
        nll = self.validation(validations)
        return {
            "epoch": self.number,
            "first_step": self.first.number,
            "last_step": self.last.number,
            "rows": self.rows,
            "loss": self.total,
            "components": {name: self._component(name) for name in self.raw},
            "gradient_norm": {**self.norms, "largest": self.largest if math.isfinite(self.largest) else None},
            "learning_rate": [self.first.learning_rate, self.last.learning_rate],
            "temperature": self.last.temperature,
            "alpha": self.last.alpha,
            "validation_nll": nll,
            "best_so_far": nll is not None and nll <= min(v.nll for v in self._until_now(validations)),
        }

    def validation(self, validations: Sequence[Validation]) -> float | None:
        """Return the last validation of the epoch, or None where there was none."""
        found = [v.nll for v in validations if self.first.number <= v.step <= self.last.number]
        return found[-1] if found else None

    def line(self, epochs: int, planned_steps: int, validations: Sequence[Validation]) -> str:
        """Return the epoch as a line to read.

        Args:
            epochs: Largest number of epochs of the run.
            planned_steps: Optimiser steps of the run.
            validations: Validations of the whole run.
        """
        parts = [f"epoch {self.number}/{epochs}", f"step {self.last.number}/{planned_steps}"]
        parts.append(f"loss {self.total:.4f}")
        if len(self.weighted) > 1:
            parts[-1] += f" = {' + '.join(f'{name} {value:.4f}' for name, value in self.weighted.items())}"
        nll = self.validation(validations)
        if nll is not None:
            best = nll <= min(v.nll for v in self._until_now(validations))
            parts.append(f"validation {nll:.4f} nats/token{', the best' if best else ''}")
        return "  ".join(parts)

    def _component(self, name: str) -> dict[str, Any]:
        return {
            "loss_raw": self.raw[name],
            "loss_weighted": self.weighted[name],
            "weight": [self.first.weights[name], self.last.weights[name]],
            "gradient_norm": self.gradients.get(name),
            "gradient_share": self.shares.get(name),
        }

    def _until_now(self, validations: Sequence[Validation]) -> list[Validation]:
        return [v for v in validations if v.step <= self.last.number]


class EpochSums:
    """Running sums over the steps of one epoch; it keeps only the first and the last step.

    Attributes:
        first: First step added, or None before it.
        last: Last step added, or None before it.
        steps: Number of steps.
        rows: Number of examples.
        largest: Largest norm of the whole gradient.
        sums: Group: name: sum of the finite values.
        counts: Group: name: number of the finite values.
    """

    def __init__(self) -> None:
        self.first: Step | None = None
        self.last: Step | None = None
        self.steps = 0
        self.rows = 0
        self.largest = 0.0
        self.sums: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
        self.counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))

    def add(self, step: Step) -> None:
        """Add the next step."""
        self.first = self.first or step
        self.last = step
        self.steps += 1
        self.rows += step.rows
        self.largest = max(self.largest, step.gradient)
        norms = {"total": step.gradient, "encoder": step.encoder_gradient, "decoder": step.decoder_gradient}
        groups: dict[str, Mapping[str, float | None]] = {
            "raw": step.raw,
            "weighted": step.weighted,
            "gradients": step.gradients,
            "shares": step.shares(),
            "norms": norms,
            "loss": {"total": step.total},
        }
        for group, values in groups.items():
            for name, value in values.items():
                # Half precision may overflow; such values do not enter a mean.
                if value is not None and math.isfinite(value):
                    self.sums[group][name] += value
                    self.counts[group][name] += 1

    def speed(self) -> float | None:
        """Return examples per second, or None if fewer than two steps were added."""
        if self.first is None or self.last is None or self.last.seconds <= self.first.seconds:
            return None
        return (self.rows - self.first.rows) / (self.last.seconds - self.first.seconds)

    def epoch(self) -> Epoch:
        """Return the epoch so far.

        Raises:
            ValueError: If no step has been added.
        """
        if self.first is None or self.last is None:
            raise ValueError("an epoch has at least one step")
        groups = ("raw", "weighted", "gradients", "shares", "norms")
        return Epoch(
            number=self.first.epoch + 1,
            first=self.first,
            last=self.last,
            steps=self.steps,
            rows=self.rows,
            total=self._means("loss")["total"],
            largest=self.largest,
            **{group: self._means(group) for group in groups},
        )

    def _means(self, group: str) -> dict[str, float]:
        return {name: value / self.counts[group][name] for name, value in self.sums[group].items()}


def epochs_of(steps: Iterable[Step]) -> Iterator[Epoch]:
    """Yield the epochs of some steps.

    Args:
        steps: Steps in order; they are read once.
    """
    for _, group in groupby(steps, key=lambda step: step.epoch):
        sums = EpochSums()
        for step in group:
            sums.add(step)
        yield sums.epoch()


def component_summary(epochs: Sequence[Epoch]) -> dict[str, Any]:
    """Return the content of ``multi_component_loss_summary.json``: each component from first to last epoch.

    Args:
        epochs: Epochs of a run, at least one.
    """
    first = epochs[0]
    last = epochs[-1]
    return {
        "epochs": len(epochs),
        "steps": last.last.number,
        "loss": {"first_epoch": first.total, "last_epoch": last.total},
        "components": {name: _component_summary(epochs, name) for name in first.raw},
    }


def _component_summary(epochs: Sequence[Epoch], name: str) -> dict[str, Any]:
    """Return one component from first to last epoch."""
    first = epochs[0]
    last = epochs[-1]
    measured = [epoch.shares[name] for epoch in epochs if epoch.shares]
    return {
        "loss_raw": {
            "first_epoch": first.raw[name],
            "last_epoch": last.raw[name],
            "lowest": min(epoch.raw[name] for epoch in epochs),
        },
        "loss_weighted": {"first_epoch": first.weighted[name], "last_epoch": last.weighted[name]},
        "share_of_loss": {
            "first_epoch": _share(first.weighted, name),
            "last_epoch": _share(last.weighted, name),
        },
        "weight": {"first": first.first.weights[name], "last": last.last.weights[name]},
        "scale": _scale(epochs, name),
        "gradient_share": {
            "first_measured": measured[0] if measured else None,
            "last_measured": measured[-1] if measured else None,
        },
    }


def _share(losses: dict[str, float], name: str) -> float | None:
    total = sum(losses.values())
    return losses[name] / total if total else None


def _scale(epochs: Sequence[Epoch], name: str) -> float | None:
    """Return the constant factor between raw and weighted losses beside the weight: β of semantic."""
    for step in (step for epoch in epochs for step in (epoch.last, epoch.first)):
        if (base := step.weights[name] * step.raw[name]) > 0:
            return float(f"{step.weighted[name] / base:.6g}")  # the records are of single precision
    return None
