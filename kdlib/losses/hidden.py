"""Hidden states that follow the teacher's, layer by layer, as in TinyBERT.

Jiao et al. 2020, "TinyBERT: Distilling BERT for Natural Language Understanding", §3.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from kdlib.losses.base import Loss, Need, Unit
from kdlib.losses.precision import widen

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    from kdlib.losses.inputs import Batch


class HiddenStates(Loss):
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
            per_position = pair.distance(pair.student, pair.teacher, self.relative)
            means = [
                part.sum(dim=0, keepdim=True) / max(len(part), 1)
                for part in per_position.split(list(pair.lengths))
            ]
            # The first part is for a batch without examples.
            values.append(torch.cat([per_position[:0], *means]))
        return torch.stack(values).sum(dim=0)


def hidden_states(
    student: Float[Tensor, "positions student_width"],
    teacher: Float[Tensor, "positions teacher_width"],
    projection: Float[Tensor, "teacher_width student_width"] | None = None,
    relative: bool = False,
) -> Float[Tensor, " positions"]:
    """Return the mean over the teacher's features of (W·h_s − h_t)².

    Args:
        student: Hidden states h_s at valid positions.
        teacher: Hidden states h_t of the mapped layer at the same positions. No gradient reaches them.
        projection: W; without it the widths must be equal.
        relative: Divide by the mean of h_t², so that a student of zeros has the value 1 whatever the size of
            the teacher's states, which in pre-norm models grows from layer to layer.

    Returns:
        One value per position.

    Raises:
        ValueError: If positions or widths do not fit.

    Reference:
        Jiao et al. 2020, eq. 8; eq. 9 is the same for embeddings. The relative form is this project's.
    """
    import torch

    if len(student) != len(teacher):
        raise ValueError(f"student has {len(student)} positions, teacher {len(teacher)}")
    widths = (teacher.shape[1], student.shape[1])
    if projection is None and widths[0] != widths[1]:
        raise ValueError(f"student has width {widths[1]}, teacher {widths[0]}: a projection is needed")
    if projection is not None and projection.shape != widths:
        raise ValueError(
            f"student has width {widths[1]}, teacher {widths[0]}, the projection {list(projection.shape)}"
        )
    student = widen(student)
    mapped = student if projection is None else student @ projection.to(student.dtype).T
    aim = teacher.detach().to(mapped.dtype)
    squares = (mapped - aim).square().mean(dim=1)
    if not relative:
        return squares
    return squares / aim.square().mean(dim=1).clamp(min=torch.finfo(aim.dtype).tiny)
