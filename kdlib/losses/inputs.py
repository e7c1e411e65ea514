"""What losses read: a student's logits at the valid positions, and all that they are compared with there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import torch

from kdlib.losses.expected import FrozenEncoder, expected_vectors
from kdlib.teacher_signal import Signal

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int
    from torch import Tensor

    States = Sequence[Float[Tensor, "positions width"]]


@dataclass(frozen=True, eq=False)
class GoldEmbeddings:
    """Embeddings of gold assertions in a frozen encoder.

    Attributes:
        encoder: Maps input embeddings to one vector per assertion.
        vectors: ``[golds, features]`` vectors of the distinct gold assertions of the whole accumulated and
            gathered batch.
        of_example: ``[examples]`` row of ``vectors`` that belongs to each example.
    """

    encoder: FrozenEncoder
    vectors: Float[Tensor, "golds features"]
    of_example: Int[Tensor, " examples"]


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
class Judging:
    """Who judges samples, and what they are drawn with.

    Attributes:
        valid: Returns whether the ids of one sample are valid.
        generator: Source of randomness, on the student's device.
    """

    valid: Callable[[list[int]], bool]
    generator: torch.Generator


@dataclass(frozen=True, eq=False)
class StatePairs:
    """The states of a stack's layers, the student's beside those of the teacher's layers that they follow.

    Attributes:
        student: ``[positions, student_width]`` of each layer, at the valid positions of all examples.
        teacher: ``[positions, teacher_width]`` of each layer.
        lengths: Positions of each example.
        distance: Returns ``[positions]``, the distance of the student's states from the teacher's summed over
            the layers, and relative to the size of the teacher's if the third argument is true;
            ``losses.projections.Projections``.
    """

    student: States
    teacher: States
    lengths: Sequence[int]
    distance: Callable[[States, States, bool], Float[Tensor, " positions"]]


@dataclass(frozen=True, eq=False)
class MapPairs:
    """The attention maps of a stack's layers, the student's beside those of the teacher's.

    Attributes:
        student: ``[examples, student_heads, queries, keys]`` of each layer.
        teacher: ``[examples, teacher_heads, queries, keys]`` of each layer.
        mask: ``[examples, queries, keys]``, true where a valid query attends to the key.
    """

    student: Sequence[Float[Tensor, "examples student_heads queries keys"]]
    teacher: Sequence[Float[Tensor, "examples teacher_heads queries keys"]]
    mask: Bool[Tensor, "examples queries keys"]


@dataclass(frozen=True, eq=False)
class LayerPairs:
    """What the layers of student and teacher computed on a batch.

    Attributes:
        states: States of the stacks that both have (encoder, decoder).
        maps: Maps of their self-attention, and of the attention of decoder to encoder.
    """

    states: Sequence[StatePairs] = ()
    maps: Sequence[MapPairs] = ()


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
        gold_embeddings: For losses that need the encoder.
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
    gold_embeddings: GoldEmbeddings | None = None
    illegality: Illegality | None = None
    layers: LayerPairs | None = None
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
        if self.gold_embeddings is None:
            raise ValueError("this loss needs a frozen encoder")
        return expected_vectors(self.student, self.lengths, self.gold_embeddings.encoder)

    def examples(self, first: int, last: int) -> Batch:
        """Return the examples ``first`` … ``last − 1`` as a batch of their own, without layers."""
        start = sum(self.lengths[:first])
        part = slice(start, start + sum(self.lengths[first:last]))
        weights = self.token_weights
        references = self.reference_weights
        illegality = self.illegality
        embeddings = self.gold_embeddings
        return Batch(
            student=self.student[part],
            ids=self.ids[part],
            lengths=self.lengths[first:last],
            signal=None if self.signal is None else self.signal.positions(part),
            token_weights=None if weights is None else weights[part],
            reference_weights=None if references is None else references[first:last],
            gold_embeddings=None
            if embeddings is None
            else replace(embeddings, of_example=embeddings.of_example[first:last]),
            illegality=None
            if illegality is None
            else replace(illegality, situations=illegality.situations[part]),
            judging=self.judging,
        )
