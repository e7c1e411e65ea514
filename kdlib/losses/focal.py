"""Focal loss: cross entropy that discounts what the student already knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from kdlib.losses.base import Loss
from kdlib.losses.cross_entropy import cross_entropy

if TYPE_CHECKING:
    from jaxtyping import Float, Int
    from torch import Tensor

    from kdlib.losses.inputs import Batch


class Focal(Loss):
    """−α(1−p)^γ·log p of the gold token."""

    gamma: float = Field(2.0, ge=0, description="γ, how much easy tokens are discounted")
    alpha: float = Field(0.25, gt=0, description="α, a constant factor")

    def values(self, batch: Batch) -> Float[Tensor, " positions"]:
        """Return the weighted focal loss of every position."""
        values = focal(batch.student, batch.ids, self.gamma, self.alpha)
        return values if batch.token_weights is None else values * batch.token_weights


def focal(
    student: Float[Tensor, "positions vocab"],
    targets: Int[Tensor, " positions"],
    gamma: float = 2.0,
    alpha: float = 0.25,
) -> Float[Tensor, " positions"]:
    """Return the focal loss −α·(1−p)^γ·log p of the gold token's probability p.

    Args:
        student: Logits at valid positions.
        targets: Gold token ids.
        gamma: γ ≥ 0, how much easy tokens are discounted; 0 gives α times the cross entropy.
        alpha: α > 0. With many classes it only rescales.

    Returns:
        One value per position, in nats.

    Raises:
        ValueError: If the numbers of positions differ.

    Reference:
        Lin et al. 2017, "Focal Loss for Dense Object Detection", eq. 5.

    Relations:
        ``focal(…, gamma=0, alpha=1)`` is ``cross_entropy``.
    """
    import torch

    surprise = cross_entropy(student, targets)
    doubt = -torch.expm1(-surprise)  # 1 − p, as precise as the surprise is
    # At p = 1 the derivative of doubt^γ is infinite for γ < 1, and 0 · inf is NaN; the product's limit is 0.
    doubt = doubt.clamp(min=torch.finfo(doubt.dtype).tiny)
    return alpha * doubt**gamma * surprise
