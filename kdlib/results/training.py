"""Schema of ``training_report.json``: how far a training went, with which settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import with_config

from kdlib.results.schema import STRICT, read


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class TrainingReport:
    """The content of ``training_report.json``.

    Attributes:
        name: Model, e.g. ``students/ce``.
        key: Digest of all that determines the training.
        parameters: Number of the model's parameters.
        steps: Optimiser steps done.
        planned_steps: Optimiser steps planned.
        epochs: Epochs done.
        coverage: Share of all rows that were drawn up to the end of each epoch.
        best_step: Step of the best validation.
        best_validation_nll: Its negative log-likelihood, nats per token.
        validation_nll: That of every validation.
        warnings: What looked wrong, a mapping for each warning.
        params: Settings of the training.
        references: Counts of the teacher's answers among the rows; None without any.
    """

    name: str
    key: str
    parameters: int
    steps: int
    planned_steps: int
    epochs: int
    coverage: Sequence[float]
    best_step: int
    best_validation_nll: float
    validation_nll: Sequence[float]
    warnings: Sequence[Mapping[str, Any]]
    params: Mapping[str, Any]
    references: Mapping[str, int] | None = None


def read_training(path: Path) -> TrainingReport:
    """Read ``training_report.json``; a file that does not fit the schema is a ``DataError``."""
    return read(path, TrainingReport)
