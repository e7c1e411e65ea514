"""Losses on intermediate layers: what they read of student and teacher, and their constants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from kdlib.losses.base import Loss, Need, Unit

if TYPE_CHECKING:
    from jaxtyping import Bool, Float
    from torch import Tensor

    from kdlib.losses.hidden import Projections
    from kdlib.losses.inputs import Batch


@dataclass(frozen=True, eq=False)
class StatePairs:
    """The states of a stack's layers, the student's beside those of the teacher's layers that they follow.

    Attributes:
        student: ``[positions, student_width]`` of each layer, at the valid positions of all examples.
        teacher: ``[positions, teacher_width]`` of each.
        lengths: Positions of each example.
        projections: Trained maps from the student's width to the teacher's.
    """

    student: Sequence[Float[Tensor, "positions student_width"]]
    teacher: Sequence[Float[Tensor, "positions teacher_width"]]
    lengths: Sequence[int]
    projections: Projections


@dataclass(frozen=True, eq=False)
class MapPairs:
    """The attention maps of a stack's layers, the student's beside those of the teacher's.

    Attributes:
        student: ``[examples, student_heads, queries, keys]`` of each layer.
        teacher: ``[examples, teacher_heads, queries, keys]`` of each.
        mask: ``[examples, queries, keys]``, true where a valid query attends to the key.
    """

    student: Sequence[Float[Tensor, "examples student_heads queries keys"]]
    teacher: Sequence[Float[Tensor, "examples teacher_heads queries keys"]]
    mask: Bool[Tensor, "examples queries keys"]


@dataclass(frozen=True, eq=False)
class Layers:
    """What the layers of student and teacher computed on a batch.

    Attributes:
        states: Of the stacks that both have (encoder, decoder).
        maps: Of their self-attention, and of the attention of decoder to encoder.
    """

    states: Sequence[StatePairs] = ()
    maps: Sequence[MapPairs] = ()


class Hidden(Loss):
    """Squared distance of projected hidden states from the teacher's, layer by layer.

    The states are those of the teacher itself, which runs beside the student. A student of another family
    shares the decoder's positions with its teacher, not those of an encoder.
    """

    unit: ClassVar[Unit] = "example"
    needs: ClassVar[frozenset[Need]] = frozenset({"layers"})
    relative: bool = Field(
        True,
        description="divide by the mean square of the teacher's state, so that 1 is the loss of a student "
        "that says nothing; states of pretrained models may be large",
    )

    def values(self, batch: Batch) -> Float[Tensor, " examples"]:
        """Return Σ over layers of the mean over positions, for every example."""
        import torch

        if batch.layers is None or not batch.layers.states:
            raise ValueError("this loss needs the layers' states of student and teacher")
        values = []
        for pair in batch.layers.states:
            per_position = pair.projections(pair.student, pair.teacher, self.relative)
            means = [
                part.sum(dim=0, keepdim=True) / max(len(part), 1)
                for part in per_position.split(list(pair.lengths))
            ]
            values.append(torch.cat([per_position[:0], *means]))  # answers a batch without examples
        return torch.stack(values).sum(dim=0)


class Attention(Loss):
    """Squared distance of attention maps from the teacher's, layer by layer.

    Maps are probabilities, as transformers returns them. Only its ``eager`` attention does, which writes a
    map of queries × keys for each head and layer to memory and keeps it for the backward pass, in student and
    teacher; dropout of attention, if any, is in the student's. A student of another family attends to other
    positions: it is refused.
    """

    unit: ClassVar[Unit] = "example"
    needs: ClassVar[frozenset[Need]] = frozenset({"layers"})

    def values(self, batch: Batch) -> Float[Tensor, " examples"]:
        """Return Σ over layers of the mean over heads and attended pairs, for every example."""
        import torch

        from kdlib.losses.hidden import attention

        if batch.layers is None or not batch.layers.maps:
            raise ValueError("this loss needs the layers' attention of student and teacher")
        values = [
            attention(own, aim, pair.mask)
            for pair in batch.layers.maps
            for own, aim in zip(pair.student, pair.teacher, strict=True)
        ]
        return torch.stack(values).sum(dim=0)
