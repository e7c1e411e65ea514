"""The numbers of training curves, read from CSV records and thinned to what a line can show."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

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
    """Read the records of one run.

    Rows of a step are shares of it: losses add up to the step's, settings are its last row's.

    Args:
        steps: step_metrics.csv, a row per micro-batch.
        epochs: training_metrics.csv, a row per validation.
    """
    columns, rows = _by_step(steps)
    total = "_loss_raw"
    names = [name.removesuffix(total) for name in columns if name.endswith(total) and name != f"total{total}"]

    def losses(column: str) -> Line:
        line = Line(list(rows), [sum(_number(row[column]) for row in own) for own in rows.values()])
        return thinned(line)

    def setting(column: str) -> Line:
        line = Line(list(rows), [_number(own[-1][column]) for own in rows.values()])
        return thinned(line, average=False)

    with epochs.open(newline="") as file:
        validations = list(csv.DictReader(file))
    return Curves(
        raw={name: losses(f"{name}_loss_raw") for name in names},
        weighted={name: losses(f"{name}_loss_weighted") for name in [*names, "total"]},
        weights={name: setting(f"{name}_weight") for name in names},
        shares=_shares(names, rows),
        temperature=setting("temperature"),
        learning_rate=setting("learning_rate"),
        validation=Line(_column(validations, "step"), _column(validations, "validation_nll")),
    )


def _shares(names: list[str], rows: dict[float, list[dict[str, str]]]) -> dict[str, Line]:
    """Return who makes the gradient, in the steps where it was measured."""
    found: dict[float, list[float]] = {}
    for step, own in rows.items():
        columns = [[row.get(f"{name}_grad_norm", "") for row in own] for name in names]
        norms = [sum(map(float, column)) for column in columns if all(column)]
        if len(norms) == len(names) and sum(norms) > 0:
            found[step] = [norm / sum(norms) for norm in norms]
    if len(names) < 2 or not found:
        return {}
    return {
        name: thinned(Line(list(found), [own[at] for own in found.values()])) for at, name in enumerate(names)
    }


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


def _by_step(path: Path) -> tuple[list[str], dict[float, list[dict[str, str]]]]:
    rows: dict[float, list[dict[str, str]]] = {}
    with path.open(newline="") as file:
        reader = csv.DictReader(file)
        for row in reader:
            rows.setdefault(float(row["step"]), []).append(row)
        return list(reader.fieldnames or []), rows


def _column(rows: Iterable[dict[str, str]], name: str) -> list[float]:
    return [_number(row[name]) for row in rows]


def _number(text: str) -> float:
    """Return a field's number; an empty field was not measured: NaN, a gap in the line."""
    return float(text) if text else float("nan")
