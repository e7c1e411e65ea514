"""How much of the gradient each loss makes, and which β and weights would share it out as wanted.

The norm of a component's weighted gradient is weight · u, where u, in which β is, is what a unit of weight
brings. Weights and β can therefore be chosen for any shares once u is known. It moves while a model learns,
so the advice holds for the steps considered; and norms know no directions: gradients may cancel.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import fmean, median
from typing import Any

from kdlib.config.recipes import BALANCED
from kdlib.files import DataError, read_json
from kdlib.telemetry.step_csv import STEPS, Step, read_steps

PERIODS = 6  # rows of the table


@dataclass(frozen=True)
class Measured:
    """One step in which gradients were measured.

    Attributes:
        step: Number of the step, from 1.
        epoch: Whole epochs done before it.
        norms: Component: norm of the weighted gradient.
        shares: Component: its part in the sum of the norms.
        weights: Component: weight.
        scales: Component: constant factor beside the weight, β of semantic; missing where the loss is 0.
        rate: Learning rate.
    """

    step: int
    epoch: int
    norms: dict[str, float]
    shares: dict[str, float]
    weights: dict[str, float]
    scales: dict[str, float]
    rate: float


@dataclass(frozen=True)
class Advice:
    """Weights and β that would have given the wanted shares.

    Attributes:
        wanted: Component: wanted share.
        found: Component: mean share over the steps considered.
        weights: Component: constant weight, with unchanged factors; their sum is unchanged.
        scale: β of semantic that gives it its share with unchanged weights; None without semantic.
        scale_now: β in use.
        first: First step considered.
        steps: Number of measured steps considered.
    """

    wanted: dict[str, float]
    found: dict[str, float]
    weights: dict[str, float]
    scale: float | None
    scale_now: float | None
    first: int
    steps: int


def read_measured(run: Path) -> list[Measured]:
    """Return the measured steps of a run.

    Args:
        run: Folder of results with ``step_metrics.csv``, or that file.

    Raises:
        DataError: If the file is missing, it has fewer than two components, or no gradient was measured.
    """
    path = run / STEPS if run.is_dir() else run
    if not path.is_file():
        hint = f"; give a folder like {run}/students/NAME" if (run / "students").is_dir() else ""
        raise DataError(f"{path}: there is no such file{hint}")
    found = []
    names: list[str] = []
    for step in read_steps(path):
        names = list(step.raw)
        if step.shares():
            found.append(_measured(step))
    if len(names) == 1:
        raise DataError(f"{path}: {names[0]} is its only component, there is nothing to balance")
    if not found:
        raise DataError(
            f"{path}: no gradient norm of a component was measured; set training.records.gradient_every to "
            "less than the run's number of steps, and train again"
        )
    return found


def _measured(step: Step) -> Measured:
    base = {name: step.weights[name] * step.raw[name] for name in step.raw}
    scales = {name: step.weighted[name] / loss for name, loss in base.items() if loss > 0}
    return Measured(
        step.number,
        step.epoch,
        step.gradients,
        step.shares(),
        step.weights,
        # The records are of single precision.
        {name: float(f"{scale:.5g}") for name, scale in scales.items()},
        step.learning_rate,
    )


def after_warmup(measured: Sequence[Measured]) -> int:
    """Return the step with the highest learning rate: it falls from there on.

    Args:
        measured: Measured steps in order, at least one.
    """
    return max(measured, key=lambda step: (step.rate, -step.step)).step


def periods(measured: Sequence[Measured]) -> list[tuple[int, int, dict[str, float]]]:
    """Return mean shares over time: first step, last step, share by component, of at most six periods.

    Args:
        measured: Measured steps in order.
    """
    count = min(PERIODS, len(measured))
    borders = [at * len(measured) // count for at in range(count + 1)]
    parts = [measured[first:last] for first, last in pairwise(borders)]
    return [(part[0].step, part[-1].step, mean_shares(part)) for part in parts]


def mean_shares(measured: Sequence[Measured]) -> dict[str, float]:
    """Return each component's mean share.

    Args:
        measured: Measured steps, at least one.
    """
    return {name: fmean(step.shares[name] for step in measured) for name in measured[-1].shares}


def wanted_shares(asked: Mapping[str, float], measured: Sequence[Measured]) -> dict[str, float]:
    """Return the wanted shares: those asked for, scaled to add up to 1, or the proportion of the weights.

    Args:
        asked: Component: share; empty for the weights' own proportion.
        measured: The steps to consider.

    Raises:
        DataError: If a component is unknown or left out, or a share is not positive.
    """
    names = list(measured[-1].weights)
    shares = dict(asked) or {name: fmean(step.weights[name] for step in measured) for name in names}
    if unknown := [name for name in shares if name not in names]:
        raise DataError(f"this run has no component {unknown[0]}; it has {', '.join(names)}")
    if missing := [name for name in names if name not in shares]:
        raise DataError(
            f"no share is given for {', '.join(missing)}; give one for every component or for none"
        )
    if wrong := [name for name, share in asked.items() if not (math.isfinite(share) and share > 0)]:
        raise DataError(f"the share of {wrong[0]} must be above 0, got {asked[wrong[0]]:g}")
    total = sum(shares.values())
    return {name: share / total for name, share in shares.items()}


def advise(measured: Sequence[Measured], asked: Mapping[str, float]) -> Advice:
    """Return β and weights that would have given the wanted shares.

    With u_X the median of norm_X / weight_X, weights s_X / u_X share the gradient out as s. With weights as
    they are, semantic gets its share s if β is multiplied by s/(1−s) · (norm of all others) / (norm of
    semantic).

    Args:
        measured: The steps to consider, at least one.
        asked: Component: wanted share; empty for the proportion of the weights.

    Raises:
        DataError: If the wanted shares are impossible, or a component never had a gradient.
    """
    wanted = wanted_shares(asked, measured)
    units = {name: _unit(name, measured) for name in wanted}
    ratios = {name: share / units[name] for name, share in wanted.items()}
    kept = sum(fmean(step.weights[name] for step in measured) for name in wanted) / sum(ratios.values())
    now = next((step.scales["semantic"] for step in reversed(measured) if "semantic" in step.scales), None)
    return Advice(
        wanted=wanted,
        found=mean_shares(measured),
        weights={name: ratio * kept for name, ratio in ratios.items()},
        scale=None if now is None else now * _factor("semantic", wanted["semantic"], measured),
        scale_now=now,
        first=measured[0].step,
        steps=len(measured),
    )


def _unit(name: str, measured: Sequence[Measured]) -> float:
    """Return the gradient norm that one unit of a component's weight brings."""
    found = [step.norms[name] / step.weights[name] for step in measured if step.weights[name] > 0]
    if not found:
        raise DataError(
            f"{name} has weight 0 in all steps looked at, so what it would bring is unknown; look at others, "
            "or measure more often (training.records.gradient_every)"
        )
    unit = median(found)
    if unit == 0:
        raise DataError(f"{name} has no gradient at all: no weight can give it a share")
    return unit


def _factor(name: str, share: float, measured: Sequence[Measured]) -> float:
    """Return the factor on a component's gradient that gives it a share while all else stays."""
    counted = [step for step in measured if step.norms[name] > 0]
    ratios = [(sum(step.norms.values()) - step.norms[name]) / step.norms[name] for step in counted]
    return share / (1 - share) * median(ratios)


def keys_of(run: Path, advice: Advice) -> dict[str, Any]:
    """Return the configuration's keys that follow the advice.

    Args:
        run: Folder of results, or ``step_metrics.csv`` in it.
        advice: The advice.

    Returns:
        Key of the student: value. Without ``training_report.json`` the loss is taken for a weighted sum of
        components.
    """
    report = (run if run.is_dir() else run.parent) / "training_report.json"
    params = read_json(report)["params"] if report.is_file() else {}
    weights = {name: float(f"{weight:.3g}") for name, weight in advice.weights.items()}
    if params.get("loss") not in BALANCED:
        return {"schedule": None, "loss_weights": weights}
    both = advice.weights["kl"] + advice.weights["ce"]
    others = {name: weight / both for name, weight in advice.weights.items() if name not in ("kl", "ce")}
    keys = {
        "alpha": advice.weights["kl"] / both,
        **{f"{name}_weight": weight for name, weight in others.items()},
    }
    return {name: float(f"{value:.3g}") for name, value in keys.items()}


def analysis(run: Path, asked: Mapping[str, float], since: int | None) -> dict[str, Any]:
    """Return what ``kdlib analyse-loss-scaling`` reports, as plain values.

    Args:
        run: Folder of results, or ``step_metrics.csv``.
        asked: Component: wanted share; empty for the proportion of the weights.
        since: First step to consider; None for the end of warm-up.

    Raises:
        DataError: If no gradient was measured, or the wanted shares are impossible.
    """
    measured = read_measured(run)
    first = after_warmup(measured) if since is None else since
    looked_at = [step for step in measured if step.step >= first]
    if not looked_at:
        raise DataError(
            f"{run}: no gradient was measured from step {first} on, the last at {measured[-1].step}"
        )
    advice = advise(looked_at, asked)
    return {
        "run": str(run),
        "components": list(advice.wanted),
        "measured": {
            "steps": [step.step for step in measured],
            "shares": {name: [step.shares[name] for step in measured] for name in advice.wanted},
            "norms": {name: [step.norms[name] for step in measured] for name in advice.wanted},
        },
        "periods": [
            {"first_step": begin, "last_step": end, "shares": shares}
            for begin, end, shares in periods(measured)
        ],
        "looked_at": {"first_step": advice.first, "measured_steps": advice.steps},
        "share": advice.found,
        "wanted": advice.wanted,
        "weight": {name: fmean(step.weights[name] for step in looked_at) for name in advice.wanted},
        "recommended": {
            "weight": advice.weights,
            "semantic_scale": None
            if advice.scale is None
            else {"now": advice.scale_now, "then": advice.scale},
            "keys": keys_of(run, advice),
        },
    }
