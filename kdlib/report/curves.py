"""The numbers of training curves, thinned to what a line can show."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

from kdlib.telemetry.step_csv import Step, read_steps, read_validations

POINTS = 300  # of a line; more are not to be seen on a panel a few hundred pixels wide


class Line(NamedTuple):
    """Points of a line; x are optimiser steps."""

    x: Sequence[float]
    y: Sequence[float]


class Curves(NamedTuple):
    """Lines of one training run.

    Attributes:
        raw: Component: its loss.
        weighted: Component and ``total``: what enters the sum, and the sum.
        weights: Component: its weight.
        shares: Component: its part in the sum of the norms of the weighted gradients, where these were
            measured; none of a single component.
        temperature: Temperature.
        learning_rate: Learning rate.
        validation: Validation NLL, nats per token.
    """

    raw: dict[str, Line]
    weighted: dict[str, Line]
    weights: dict[str, Line]
    shares: dict[str, Line]
    temperature: Line
    learning_rate: Line
    validation: Line


def read_curves(steps: Path, epochs: Path) -> Curves:
    """Read the records of one training.

    Args:
        steps: ``step_metrics.csv``, a row per micro-batch.
        epochs: ``training_metrics.csv``, a row per validation.

    Raises:
        DataError: If a file is missing, or a row of ``steps`` is not whole.
    """
    done = list(read_steps(steps))
    names = list(done[0].raw) if done else []
    numbers = [step.number for step in done]

    def losses(values: Sequence[float]) -> Line:
        return thinned(Line(numbers, values))

    def settings(values: Sequence[float]) -> Line:
        return thinned(Line(numbers, values), average=False)

    validations = read_validations(epochs)
    return Curves(
        raw={name: losses([step.raw[name] for step in done]) for name in names},
        weighted={
            **{name: losses([step.weighted[name] for step in done]) for name in names},
            "total": losses([step.total for step in done]),
        },
        weights={name: settings([step.weights[name] for step in done]) for name in names},
        shares=_shares(names, done),
        temperature=settings([step.temperature for step in done]),
        learning_rate=settings([step.learning_rate for step in done]),
        validation=Line(
            [validation.step for validation in validations], [validation.nll for validation in validations]
        ),
    )


def _shares(names: Sequence[str], steps: Sequence[Step]) -> dict[str, Line]:
    """Return each component's share of the gradient, in the steps where all norms are known and finite."""
    measured = {step.number: step.shares() for step in steps}
    found = {number: shares for number, shares in measured.items() if len(shares) == len(names)}
    if len(names) < 2 or not found:
        return {}
    return {name: thinned(Line(list(found), [shares[name] for shares in found.values()])) for name in names}


def thinned(line: Line, average: bool = True) -> Line:
    """Return at most ``POINTS`` points, each the mean or the last of a run of neighbours.

    Args:
        line: Points in order of x.
        average: Mean of x and y, which calms noise; or the last point, which keeps values that were set.
    """
    n = len(line.x)
    if n <= POINTS:
        return line
    ends = [place * n // POINTS for place in range(POINTS + 1)]
    runs = [slice(first, last) for first, last in pairwise(ends)]
    if average:
        return Line([fmean(line.x[run]) for run in runs], [fmean(line.y[run]) for run in runs])
    return Line([line.x[run][-1] for run in runs], [line.y[run][-1] for run in runs])
