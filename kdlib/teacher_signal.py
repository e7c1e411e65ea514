"""A teacher's distributions at the valid target positions of one or more rows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from jaxtyping import Float, Int
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class SignalKey:
    """What names one stored signal.

    Attributes:
        id: Id of the example.
        target_hash: ``records.target_hash`` of the target's token ids.
        rank: 0 for the gold target, 1…n for the teacher's own beam outputs, best first.
    """

    id: str
    target_hash: str
    rank: int


@dataclass(frozen=True, eq=False)
class FullSignal:
    """Log-probabilities of the whole vocabulary.

    Attributes:
        log_probs: ``[positions, vocab]``, normalised at ``temperature``; −inf is a probability of zero.
        temperature: T > 0 at which the teacher's logits were divided.

    Raises:
        ValueError: If the shape or the temperature is impossible.
    """

    log_probs: Float[Tensor, "positions vocab"]
    temperature: float

    def __post_init__(self) -> None:
        _check(self.log_probs, self.temperature)

    def positions(self, part: slice) -> FullSignal:
        """Return the signal at some of its positions."""
        return FullSignal(self.log_probs[part], self.temperature)

    def to(self, device: torch.device) -> FullSignal:
        """Return the signal on a device."""
        return FullSignal(self.log_probs.to(device), self.temperature)


@dataclass(frozen=True, eq=False)
class SparseSignal:
    """Log-probabilities of k tokens a position, and the mass of all others.

    Positions with fewer than k tokens are padded by entries of log-probability −inf, whose ids mean nothing.

    Attributes:
        ids: ``[positions, k]`` token ids, distinct within a position.
        log_probs: ``[positions, k]``, of the full distribution at ``temperature`` (not renormalised over k).
        tail_mass: ``[positions]``, probability of all tokens that ``ids`` leaves out.
        temperature: T > 0 at which the teacher's logits were divided.

    Raises:
        ValueError: If the shapes do not fit together or the temperature is impossible.
    """

    ids: Int[Tensor, "positions k"]
    log_probs: Float[Tensor, "positions k"]
    tail_mass: Float[Tensor, " positions"]
    temperature: float

    def __post_init__(self) -> None:
        _check(self.log_probs, self.temperature)
        if self.ids.shape != self.log_probs.shape or self.tail_mass.shape != self.ids.shape[:1]:
            shapes = [list(part.shape) for part in (self.ids, self.log_probs, self.tail_mass)]
            raise ValueError(
                f"ids, log_probs and tail_mass must be [p, k], [p, k] and [p], got {shapes[0]}, {shapes[1]}, "
                f"{shapes[2]}"
            )

    def positions(self, part: slice) -> SparseSignal:
        """Return the signal at some of its positions."""
        return SparseSignal(self.ids[part], self.log_probs[part], self.tail_mass[part], self.temperature)

    def to(self, device: torch.device) -> SparseSignal:
        """Return the signal on a device."""
        return SparseSignal(
            self.ids.to(device), self.log_probs.to(device), self.tail_mass.to(device), self.temperature
        )


Signal = FullSignal | SparseSignal


def _check(log_probs: Float[Tensor, "positions k"], temperature: float) -> None:
    if log_probs.ndim != 2:
        raise ValueError(f"log_probs must be [positions, entries], got the shape {list(log_probs.shape)}")
    if not 0 < temperature < math.inf:
        raise ValueError(f"temperature must be > 0, got {temperature}")
