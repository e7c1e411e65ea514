"""Losses that compare with the teacher's distributions by a divergence."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from kdlib.losses.loss import Loss, Need

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    from kdlib.losses.batch import Batch
    from kdlib.signals.signal import Signal

SIGNAL: frozenset[Need] = frozenset({"signal"})


class Kl(Loss):
    """T²·KL(teacher‖student)."""

    needs: ClassVar[frozenset[Need]] = SIGNAL

    def values(self, batch: Batch) -> Float[Tensor, " positions"]:
        """Return the divergence at every position."""
        from kdlib.losses.divergence import kl

        return kl(batch.student, _signal(batch))


class ReverseKl(Loss):
    """T²·KL(student‖teacher)."""

    needs: ClassVar[frozenset[Need]] = SIGNAL

    def values(self, batch: Batch) -> Float[Tensor, " positions"]:
        """Return the divergence at every position."""
        from kdlib.losses.divergence import reverse_kl

        return reverse_kl(batch.student, _signal(batch))


class SkewKl(Loss):
    """T²·KL(teacher‖λ·teacher + (1−λ)·student)."""

    needs: ClassVar[frozenset[Need]] = SIGNAL
    skew: float = Field(0.1, ge=0, lt=1, description="λ, share of the teacher in the mixture; 0 is kl")

    def values(self, batch: Batch) -> Float[Tensor, " positions"]:
        """Return the divergence at every position."""
        from kdlib.losses.divergence import skew_kl

        return skew_kl(batch.student, _signal(batch), self.skew)


class Jsd(Loss):
    """T²·Jensen–Shannon divergence."""

    needs: ClassVar[frozenset[Need]] = SIGNAL
    beta: float = Field(0.5, gt=0, lt=1, description="β, weight of the teacher; ½ is the symmetric form")

    def values(self, batch: Batch) -> Float[Tensor, " positions"]:
        """Return the divergence at every position."""
        from kdlib.losses.divergence import jsd

        return jsd(batch.student, _signal(batch), self.beta)


def _signal(batch: Batch) -> Signal:
    if batch.signal is None:
        raise ValueError("this loss needs the teacher's signal")
    return batch.signal
