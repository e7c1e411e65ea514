"""Attention maps that follow the teacher's, layer by layer, as in TinyBERT.

Jiao et al. 2020, "TinyBERT: Distilling BERT for Natural Language Understanding", §3.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from kdlib.losses.base import Loss, Need, Unit
from kdlib.losses.precision import widen

if TYPE_CHECKING:
    from jaxtyping import Bool, Float
    from torch import Tensor

    from kdlib.losses.inputs import Batch


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

        if batch.layers is None or not batch.layers.maps:
            raise ValueError("this loss needs the layers' attention of student and teacher")
        values = [
            attention(student, teacher, pair.mask)
            for pair in batch.layers.maps
            for student, teacher in zip(pair.student, pair.teacher, strict=True)
        ]
        return torch.stack(values).sum(dim=0)


def attention(
    student: Float[Tensor, "examples student_heads queries keys"],
    teacher: Float[Tensor, "examples teacher_heads queries keys"],
    mask: Bool[Tensor, "examples queries keys"],
) -> Float[Tensor, " examples"]:
    """Return the mean over heads and attended pairs of the squared difference of attention scores.

    1/(h·|mask|) Σ_i Σ_{q,k in mask} (A_i^S − A_i^T)²

    The maps are the scores before the softmax, as in the paper, which found that they converge faster than
    probabilities. So a constant added to a query's scores counts, though its softmax does not notice.
    Probabilities may be given instead; the formula is the same.

    Args:
        student: Scores A^S of one layer. If the numbers of heads differ, the heads' means are compared.
        teacher: Scores A^T of the mapped layer. No gradient reaches them.
        mask: True where the query is valid and attends to the key (valid, and not later where attention is
            causal). Other entries are not read: they may be NaN or infinite.

    Returns:
        One value per example; 0 for an example without a pair.

    Raises:
        ValueError: If examples, queries or keys differ.

    Reference:
        Jiao et al. 2020, eq. 7. The mean over heads for unequal models is this project's.
    """
    expected = (student.shape[0], *student.shape[2:])
    if (teacher.shape[0], *teacher.shape[2:]) != expected or mask.shape != expected:
        raise ValueError(
            "examples, queries and keys differ: "
            f"student {list(student.shape)}, teacher {list(teacher.shape)}, mask {list(mask.shape)}"
        )
    ignored = ~mask[:, None]
    # Filled before the difference: NaN − NaN times 0 would still be NaN, in the gradient as well.
    scores = widen(student).masked_fill(ignored, 0.0)
    aim = teacher.detach().to(scores.dtype).masked_fill(ignored, 0.0)
    if scores.shape[1] != aim.shape[1]:
        scores = scores.mean(dim=1, keepdim=True)
        aim = aim.mean(dim=1, keepdim=True)
    pairs = mask.sum(dim=(1, 2)).clamp(min=1)
    return (scores - aim).square().mean(dim=1).sum(dim=(1, 2)) / pairs
