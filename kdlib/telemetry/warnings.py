"""Warnings of a training: the signs of ``health`` in its records, with likely causes, each cause once."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean

from kdlib.telemetry.health import (
    BLOCK,
    CHUNKS,
    COMPARED,
    MEASUREMENTS,
    SMALL,
    STILL,
    SWINGS,
    VANISHED,
    Keys,
    dominant,
    growing,
    oscillation,
    spike,
    standing,
    vanished,
    waiting,
)
from kdlib.telemetry.step_csv import Step, Validation


@dataclass(frozen=True)
class HealthWarning:
    """One warning.

    Attributes:
        cause: Identifier of the cause, e.g. ``gradient_spike``.
        step: Optimiser step at which it appeared.
        epoch: Whole epochs done at that step.
        seen: What the records show.
        likely: The likely cause.
        change: The key of the configuration to change.
    """

    cause: str
    step: int
    epoch: int
    seen: str
    likely: str
    change: str

    def text(self) -> str:
        """Return the warning as one line."""
        return f"step {self.step}: {self.seen}; likely {self.likely}; change {self.change}"


class Watch:
    """Finds warnings step by step, in memory that does not grow with the run; each cause once."""

    def __init__(self, keys: Keys, planned_steps: int, warmup_steps: int) -> None:
        """Begin before the first step.

        Args:
            keys: Keys of the configuration that warnings name.
            planned_steps: Optimiser steps of the run.
            warmup_steps: Steps with rising learning rate.
        """
        self.keys = keys
        self.warmup = warmup_steps
        self.planned = planned_steps
        self.length = max(BLOCK, planned_steps // CHUNKS)
        self.recent: deque[Step] = deque(maxlen=(SWINGS + 1) * BLOCK)
        self.shares: deque[dict[str, float]] = deque(maxlen=MEASUREMENTS)
        self.chunk: list[tuple[dict[str, float], float]] = []
        self.chunks: list[dict[str, float]] = []
        self.memory: list[float] = []
        self.validations: list[Validation] = []
        self.warned: set[str] = set()

    def step(self, step: Step) -> list[HealthWarning]:
        """Return the warnings of a step whose causes are new."""
        self.recent.append(step)
        if step.number > self.warmup and (shares := step.shares()):
            self.shares.append(shares)
        self.chunk.append((step.raw, step.memory))
        found = [self._spike(step), *self._vanished(), self._oscillation()]
        found.append(self._dominant() if step.gradients else None)
        if len(self.chunk) == self.length:
            self._close_chunk()
            found += [self._standing(step), self._growing()]
        return self._new(found, step.number, step.epoch)

    def validation(self, validation: Validation) -> list[HealthWarning]:
        """Return the warnings of a validation whose causes are new."""
        self.validations.append(validation)
        seen = waiting(self.validations)
        likely = "nothing more to learn at this size, or overfitting, if the training loss still falls"
        change = self.keys.of_training("dropout", "learning_rate")
        found = [("plateau", seen, likely, change)] if seen else []
        return self._new(found, validation.step, validation.epoch)

    def _new(
        self, found: Iterable[tuple[str, str, str, str] | None], step: int, epoch: int
    ) -> list[HealthWarning]:
        new = [
            HealthWarning(cause, step, epoch, seen, likely, change)
            for cause, seen, likely, change in filter(None, found)
            if cause not in self.warned
        ]
        self.warned |= {warning.cause for warning in new}
        return new

    def _close_chunk(self) -> None:
        names = self.chunk[-1][0]
        self.chunks.append({name: fmean(raw[name] for raw, _ in self.chunk) for name in names})
        self.memory.append(max(memory for _, memory in self.chunk))
        self.chunk = []

    def _spike(self, step: Step) -> tuple[str, str, str, str] | None:
        seen = spike(step)
        if seen is None:
            return None
        likely = "too high a learning rate"
        change = self.keys.of_training("learning_rate", "warmup_ratio")
        shares = step.shares()
        if len(shares) > 1:
            name, share = max(shares.items(), key=lambda item: item[1])
            likely = f"{name}, which makes {share:.0%} of it"
            change = self.keys.of_weight(name)
        return "gradient_spike", seen, likely, change

    def _vanished(self) -> list[tuple[str, str, str, str]]:
        seen = f"norm has been below {VANISHED:g} for {STILL} steps"
        if vanished([step.gradient for step in self.recent]):
            likely = "a loss that is at its floor, or numbers too small for the precision"
            return [
                ("vanishing_gradient", f"the gradient's {seen}", likely, self.keys.of_training("precision"))
            ]
        if vanished([step.encoder_gradient for step in self.recent]):
            likely = "a decoder that guesses without reading the prompt"
            change = self.keys.of_training("copy_steps", "learning_rate")
            return [("vanishing_encoder_gradient", f"the encoder's gradient {seen}", likely, change)]
        return []

    def _oscillation(self) -> tuple[str, str, str, str] | None:
        seen = oscillation([step.total for step in self.recent])
        likely = "too high a learning rate, or too few rows per step"
        change = self.keys.of_training("learning_rate", "accumulation")
        return ("oscillation", seen, likely, change) if seen else None

    def _dominant(self) -> tuple[str, str, str, str] | None:
        found = dominant(list(self.shares))
        if found is None:
            return None
        name, share = found
        return (
            f"dominant_{name}",
            f"{name} makes {share:.0%} of the gradient, the other losses hardly count",
            "its weight or scale, which is chosen for losses of another size",
            f"{self.keys.of_weight(name)}; kdlib analyse-loss-scaling computes by how much",
        )

    def _standing(self, step: Step) -> tuple[str, str, str, str] | None:
        late = step.number > self.planned * (1 - COMPARED / CHUNKS)  # the rate has fallen to its floor
        seen = None if late or self.length < SMALL else standing(self.chunks)
        likely = "too low a learning rate, or a model too small for its task"
        return ("plateau", seen, likely, self.keys.of_training("learning_rate")) if seen else None

    def _growing(self) -> tuple[str, str, str, str] | None:
        seen = growing(self.memory)
        likely = "something that keeps every step's data; a machine with little memory will end this run"
        return ("growing_memory", seen, likely, self.keys.of_training("batch_size")) if seen else None


def warnings_of(history: Iterable[Step | Validation], watch: Watch) -> list[HealthWarning]:
    """Return all warnings of a run from its records, in the order of their steps.

    Args:
        history: Records in order; they are read once.
        watch: A new watch.
    """
    found = []
    for record in history:
        found += watch.validation(record) if isinstance(record, Validation) else watch.step(record)
    return found
