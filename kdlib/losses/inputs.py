"""What losses read: a student's logits at the valid positions, and all that they are compared with there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from kdlib.losses.expected import expected_vectors

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int
    from torch import Tensor

    from kdlib.losses.expected import FrozenEncoder
    from kdlib.losses.layers import Layers
    from kdlib.losses.validity import Judging
    from kdlib.teacher_signal import Signal


@dataclass(frozen=True, eq=False)
class Meanings:
    """Gold assertions in a frozen encoder.

    Attributes:
        encoder: Maps embeddings to vectors.
        golds: ``[golds, features]`` vectors of the distinct gold assertions of the whole accumulated and
            gathered batch.
        own: ``[examples]`` number of each example's own gold.
    """

    encoder: FrozenEncoder
    golds: Float[Tensor, "golds features"]
    own: Int[Tensor, " examples"]


@dataclass(frozen=True, eq=False)
class Illegality:
    """Which continuations are impossible.

    Attributes:
        bank: ``[situations, vocab]``, true for a token that cannot follow.
        situations: ``[positions]``, the row of ``bank`` that holds at a position.
    """

    bank: Bool[Tensor, "situations vocab"]
    situations: Int[Tensor, " positions"]


@dataclass(frozen=True, eq=False)
class Batch:
    """A student's logits and their references, example after example; padding is not in it.

    Attributes:
        student: ``[positions, vocab]`` logits.
        ids: ``[positions]`` gold tokens.
        lengths: Positions of each example; they add up to all positions.
        signal: The teacher's distributions at the same positions.
        token_weights: ``[positions]`` factors on ce and focal, or None for 1.
        reference_weights: ``[examples]`` factors on all losses, or None for 1; see ``losses.sequence``.
        meanings: For losses that need the encoder.
        illegality: For losses that need to know what Java allows.
        layers: For losses that compare layers.
        judging: For losses that draw outputs.
    """

    student: Float[Tensor, "positions vocab"]
    ids: Int[Tensor, " positions"]
    lengths: Sequence[int]
    signal: Signal | None = None
    token_weights: Float[Tensor, " positions"] | None = None
    reference_weights: Float[Tensor, " examples"] | None = None
    meanings: Meanings | None = None
    illegality: Illegality | None = None
    layers: Layers | None = None
    judging: Judging | None = None

    def __post_init__(self) -> None:
        positions = len(self.student)
        if len(self.ids) != positions or sum(self.lengths) != positions:
            raise ValueError(
                f"student has {positions} positions, ids {len(self.ids)}, lengths {sum(self.lengths)} in sum"
            )

    @cached_property
    def student_vectors(self) -> Float[Tensor, "examples features"]:
        """The student's expected embeddings through the frozen encoder; losses share one pass."""
        if self.meanings is None:
            raise ValueError("this loss needs a frozen encoder")
        return expected_vectors(self.student, self.lengths, self.meanings.encoder)

    def examples(self, first: int, last: int) -> Batch:
        """Return the examples ``first`` … ``last − 1`` as a batch of their own, without layers."""
        start = sum(self.lengths[:first])
        part = slice(start, start + sum(self.lengths[first:last]))
        weights, meanings, illegality = self.token_weights, self.meanings, self.illegality
        references = self.reference_weights
        return Batch(
            student=self.student[part],
            ids=self.ids[part],
            lengths=self.lengths[first:last],
            signal=None if self.signal is None else self.signal.positions(part),
            token_weights=None if weights is None else weights[part],
            reference_weights=None if references is None else references[first:last],
            meanings=None if meanings is None else replace(meanings, own=meanings.own[first:last]),
            judging=self.judging,
            illegality=None
            if illegality is None
            else replace(illegality, situations=illegality.situations[part]),
        )
