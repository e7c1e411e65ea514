"""How weights, temperature, α and the learning rate move while a student is trained."""

from __future__ import annotations

ALPHA_FLOOR = 0.3
ALPHA_DROP = 0.2


def weight_at(first: float, last: float, progress: float) -> float:
    """Return a component's weight: first + p·(last − first).

    Args:
        first: Weight at the first optimiser step.
        last: Weight at the end.
        progress: p = optimiser steps done / optimiser steps of the run, in [0, 1].

    Raises:
        ValueError: If progress lies outside [0, 1].
    """
    if not 0 <= progress <= 1:
        raise ValueError(f"progress must be in [0, 1], got {progress}")
    return first + progress * (last - first)


def temperature_at(start: float, end: float, epoch: int, epochs: int) -> float:
    """Return the temperature of an epoch: start·(end/start)^(e/E), constant within it.

    The last epoch, e = E − 1, stays a step short of ``end``.

    Args:
        start: Temperature of epoch 0, > 0.
        end: Temperature that the decay tends to, > 0.
        epoch: e, whole epochs done.
        epochs: E, epochs of the run.
    """
    return start * (end / start) ** (epoch / epochs)


def alpha_at(alpha0: float, epoch: int, epochs: int, converged: bool) -> float:
    """Return the weight α of the distillation term: max(0.3, α0 − 0.2·e/E) after convergence, α0 before.

    The floor of 0.3 never raises α: an α0 below it, which only a user can set, stays as it is.

    Args:
        alpha0: α0, the weight at the start.
        epoch: e, whole epochs done.
        epochs: E, epochs of the run.
        converged: Whether ``has_converged`` was true after this or any earlier epoch.
    """
    if not converged:
        return alpha0
    return max(min(ALPHA_FLOOR, alpha0), alpha0 - ALPHA_DROP * epoch / epochs)


def has_converged(previous: float, current: float, threshold: float) -> bool:
    """Return whether cross entropy improved over an epoch by less than a share of itself.

    Args:
        previous: Mean cross entropy of the epoch before.
        current: Mean cross entropy of the epoch.
        threshold: Share, e.g. 0.01; an improvement of exactly this share is still progress.
    """
    if previous == 0:  # nothing is left to improve
        return True
    return previous - current < threshold * previous


def learning_rate_factor(step: int, steps: int, warmup_steps: int, floor: float) -> float:
    """Return the factor on the peak learning rate: a linear rise from 0 to 1, then a fall to ``floor``.

    Args:
        step: Optimiser steps done; beyond ``steps`` the factor stays at the floor.
        steps: Optimiser steps of the run.
        warmup_steps: Steps of the rise; the factor is 1 when they are done.
        floor: Factor at the end, in [0, 1].
    """
    if step < warmup_steps:
        return step / warmup_steps
    fall = min(1.0, (step - warmup_steps) / max(1, steps - warmup_steps))
    return 1 - (1 - floor) * fall
