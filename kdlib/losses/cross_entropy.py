"""Cross entropy to the gold token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from kdlib.losses.base import Loss
from kdlib.losses.precision import log_probabilities

if TYPE_CHECKING:
    from jaxtyping import Float, Int
    from torch import Tensor

    from kdlib.losses.inputs import Batch


class CrossEntropy(Loss):
    """Cross entropy to the gold token."""

    label_smoothing: Annotated[float, Field(ge=0, le=1)] = Field(
        0.0, description="mass spread evenly over the vocabulary"
    )

    def values(self, batch: Batch) -> Float[Tensor, " positions"]:
        """Return the weighted cross entropy of every position."""
        values = cross_entropy(batch.student, batch.ids, self.label_smoothing)
        return values if batch.token_weights is None else values * batch.token_weights


def cross_entropy(
    student: Float[Tensor, "positions vocab"],
    targets: Int[Tensor, " positions"],
    label_smoothing: float = 0.0,
) -> Float[Tensor, " positions"]:
    """Return the cross entropy to the gold token, whose mass may be smoothed over the vocabulary.

    −(1−ε)·log p(target) − ε·mean over v of log p(v)

    Args:
        student: Logits at valid positions.
        targets: Gold token ids. No id stands for padding: a negative one is an index error.
        label_smoothing: ε in [0, 1], the mass that is spread evenly.

    Returns:
        One value per position, in nats.

    Raises:
        ValueError: If the numbers of positions differ.

    Reference:
        Label smoothing: Szegedy et al. 2016, "Rethinking the Inception Architecture", §7.
    """
    if targets.shape != student.shape[:1]:
        raise ValueError(f"student has {student.shape[0]} positions, targets {list(targets.shape)}")
    log_p = log_probabilities(student)
    gold = -log_p.gather(1, targets[:, None]).squeeze(1)
    if label_smoothing == 0:  # 0 · inf is NaN where a logit is −inf
        return gold
    return (1 - label_smoothing) * gold - label_smoothing * log_p.mean(dim=-1)
