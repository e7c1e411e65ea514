"""Signs of trouble in a training, as functions of its records; ``warnings`` adds likely causes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean

from kdlib.config import Training
from kdlib.telemetry.step_csv import Step, Validation

SPIKE = 100.0  # norm of the whole gradient, before clipping
VANISHED = 1e-5  # norm of a gradient that changes nothing
STILL = 20  # steps that a gradient must have vanished for
BLOCK = 10  # steps of a mean, so that the noise of batches is not taken for oscillation
SWINGS = 7  # of means in turn, up and down
SWING = 0.25  # share of the mean loss that each swing must exceed
DOMINANT = 0.7  # share of one component in the gradient
MEASUREMENTS = 3  # of gradient shares that are averaged
WAITED = 3  # validations without progress
PROGRESS = 0.001  # share of the best validation by which a better one must differ
CHUNKS = 20  # parts of a run, whose means are compared
COMPARED = 4  # chunks on either side of a comparison
SMALL = 50  # steps of a chunk below which its mean is mostly noise
RISES = 5  # chunks in turn that need more memory than the one before
GROWTH = 1.2  # of the memory over these


@dataclass(frozen=True)
class Keys:
    """Names and values of the configuration's keys that a warning points to.

    Attributes:
        section: Section of the configuration, e.g. ``students.trident``.
        training: Values of its keys.
        balanced: Whether α weighs ce and kl.
    """

    section: str
    training: Training
    balanced: bool

    def of_training(self, *names: str) -> str:
        """Return keys of the training with their values."""
        return " or ".join(f"{self.section}.training.{n} (now {getattr(self.training, n)})" for n in names)

    def of_weight(self, component: str) -> str:
        """Return the key that weighs a component."""
        if self.balanced:
            return f"{self.section}.{'alpha' if component in ('ce', 'kl') else f'{component}_weight'}"
        if component == "semantic":
            return f"{self.section}.components.semantic.scale"
        return f"{self.section}.loss_weights.{component}"


def spike(step: Step) -> str | None:
    """Return a description if the gradient's norm exceeds 100, else None."""
    return f"the gradient's norm is {step.gradient:.3g}, above {SPIKE:g}" if step.gradient > SPIKE else None


def vanished(norms: Sequence[float | None]) -> bool:
    """Return whether a gradient's norm has been below 1e-5 for the last 20 steps.

    Args:
        norms: Norm of each step; None where the model has no such part.
    """
    last = norms[-STILL:]
    return len(last) == STILL and all(norm is not None and norm < VANISHED for norm in last)


def oscillation(losses: Sequence[float]) -> str | None:
    """Return a description if means over ten steps alternate by over a quarter of the loss, else None.

    Args:
        losses: Loss of each step; the last 80 count.
    """
    blocks = SWINGS + 1
    if len(losses) < blocks * BLOCK:
        return None
    last = losses[-blocks * BLOCK :]
    means = [fmean(last[at : at + BLOCK]) for at in range(0, len(last), BLOCK)]
    changes = [after - before for before, after in pairwise(means)]
    turns = all(before * after < 0 for before, after in pairwise(changes))
    least = min(map(abs, changes))
    if not turns or least <= SWING * abs(fmean(means)):
        return None
    return f"the loss of {BLOCK} steps swings between {min(means):.3g} and {max(means):.3g}, again and again"


def dominant(shares: Sequence[Mapping[str, float]]) -> tuple[str, float] | None:
    """Return the component that makes more than 0.7 of the gradient, with its share; None if none does.

    Args:
        shares: Component: share, of each measurement after warm-up; the last three are averaged.
    """
    last = shares[-MEASUREMENTS:]
    if not last or len(last[-1]) < 2:
        return None
    name = max(last[-1], key=lambda component: fmean(part[component] for part in last))
    share = fmean(part[name] for part in last)
    return (name, share) if share > DOMINANT else None


def waiting(validations: Sequence[Validation]) -> str | None:
    """Return a description if the last three validations are no better than the best before, else None."""
    if len(validations) <= WAITED:
        return None
    best = min(validations[:-WAITED], key=lambda validation: validation.nll)
    if min(validation.nll for validation in validations[-WAITED:]) < best.nll * (1 - PROGRESS):
        return None
    return f"validation is no better than the {best.nll:.4g} of step {best.step} for {WAITED} validations"


def standing(chunks: Sequence[Mapping[str, float]]) -> str | None:
    """Return a description if no component's loss fell from four chunks of a run to the next four, else None.

    Args:
        chunks: Component: mean loss, of equal parts of the run in order.
    """
    if len(chunks) < 2 * COMPARED:
        return None
    before = chunks[-2 * COMPARED : -COMPARED]
    after = chunks[-COMPARED:]
    if any(fmean(c[name] for c in after) < fmean(c[name] for c in before) for name in after[-1]):
        return None
    return f"no loss has fallen over the last {2 * COMPARED / CHUNKS:.0%} of the run"


def growing(memory: Sequence[float]) -> str | None:
    """Return a description if memory rose five chunks in a row and by a fifth in all, else None.

    Args:
        memory: Peak memory in MB of equal parts of the run, in order.
    """
    last = memory[-RISES - 1 :]
    if len(last) <= RISES or any(after <= before for before, after in pairwise(last)):
        return None
    if last[-1] < GROWTH * last[0]:
        return None
    return f"memory grew without a pause from {last[0]:.0f} to {last[-1]:.0f} MB"


def not_finite(losses: Mapping[str, float], step: int, keys: Keys) -> str | None:
    """Return an error message if a loss or the gradient is NaN or infinite, else None.

    Args:
        losses: Name: value in this step.
        step: Number of the step.
        keys: Keys of the configuration that the message names.
    """
    wrong = {name: value for name, value in losses.items() if not math.isfinite(value)}
    if not wrong:
        return None
    values = ", ".join(f"{name} is {value}" for name, value in wrong.items())
    change = "learning_rate"
    if step == 1:
        change = "precision"
        likely = "the model's weights or numbers too large for the precision"
    elif len(wrong) < len(losses):
        likely = f"{next(iter(wrong))} itself, or too high a learning rate"
    else:
        likely = "the weights diverged: too high a learning rate or too short a warm-up"
    return (
        f"training stopped at step {step}: {values}; likely {likely}; change {keys.of_training(change)} "
        "and run again"
    )
