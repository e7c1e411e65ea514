"""Intermediate layers: hidden states and attention maps that follow the teacher's, as in TinyBERT.

Jiao et al. 2020, "TinyBERT: Distilling BERT for Natural Language Understanding", §3.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from jaxtyping import Bool, Float
    from torch import Tensor


def layer_map(student_layers: int, teacher_layers: int) -> tuple[int, ...]:
    """Return the teacher's layer for each of the student's, evenly spaced and the last for the last.

    g(m) = m·N/M rounded half up, for m = 1…M.

    Args:
        student_layers: M ≥ 1.
        teacher_layers: N ≥ M.

    Returns:
        g(1), …, g(M), strictly increasing. Layers count from 1 as in the paper, where 0 are the embeddings:
        of a model's outputs, layer n gives ``hidden_states[n]`` and ``attentions[n - 1]``.

    Raises:
        ValueError: If the student has no layer or more than the teacher.

    Reference:
        Jiao et al. 2020, where 4 layers learn from 12 by g(m) = 3·m.
    """
    if not 1 <= student_layers <= teacher_layers:
        raise ValueError(f"cannot map {student_layers} student layers to {teacher_layers} teacher layers")
    return tuple(
        (2 * m * teacher_layers + student_layers) // (2 * student_layers)
        for m in range(1, student_layers + 1)
    )


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
    if len(student) != len(teacher):
        raise ValueError(f"student has {len(student)} positions, teacher {len(teacher)}")
    widths = (teacher.shape[1], student.shape[1])
    if projection is None and widths[0] != widths[1]:
        raise ValueError(f"student has width {widths[1]}, teacher {widths[0]}: a projection is needed")
    if projection is not None and projection.shape != widths:
        raise ValueError(
            f"student has width {widths[1]}, teacher {widths[0]}, the projection {list(projection.shape)}"
        )
    student = _wide(student)
    mapped = student if projection is None else student @ projection.to(student.dtype).T
    aim = teacher.detach().to(mapped.dtype)
    squares = (mapped - aim).square().mean(dim=1)
    if not relative:
        return squares
    return squares / aim.square().mean(dim=1).clamp(min=torch.finfo(aim.dtype).tiny)


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
    own = _wide(student).masked_fill(ignored, 0.0)
    aim = teacher.detach().to(own.dtype).masked_fill(ignored, 0.0)
    if own.shape[1] != aim.shape[1]:
        own, aim = own.mean(dim=1, keepdim=True), aim.mean(dim=1, keepdim=True)
    pairs = mask.sum(dim=(1, 2)).clamp(min=1)
    return (own - aim).square().mean(dim=1).sum(dim=(1, 2)) / pairs


class Projections(torch.nn.Module):
    """The trainable maps W, one per mapped layer, from the student's width to the teacher's.

    They start as the identity if the widths are equal, so that layers copied from the teacher start at zero
    loss, else as random matrices with orthonormal rows or columns, which keep lengths as far as they can.
    """

    def __init__(self, layers: int, student_width: int, teacher_width: int, seed: int) -> None:
        """Draw the maps.

        Args:
            layers: Number of mapped layers.
            student_width: Features of the student's hidden states.
            teacher_width: Features of the teacher's.
            seed: Fixes the maps; torch's global generator is neither read nor moved.
        """
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.weights = torch.nn.ParameterList()
        for _ in range(layers):
            weight = torch.eye(teacher_width, student_width)
            if student_width != teacher_width:
                torch.nn.init.orthogonal_(weight, generator=generator)
            self.weights.append(torch.nn.Parameter(weight))

    def forward(
        self,
        student: Sequence[Float[Tensor, "positions student_width"]],
        teacher: Sequence[Float[Tensor, "positions teacher_width"]],
        relative: bool = False,
    ) -> Float[Tensor, " positions"]:
        """Return the sum of ``hidden_states`` over the mapped layers.

        Args:
            student: Hidden states of each of the student's mapped layers at valid positions.
            teacher: Hidden states of the teacher's layers that ``layer_map`` names, in the same order.
            relative: As of ``hidden_states``.

        Returns:
            One value per position.

        Raises:
            ValueError: If the numbers of layers, positions or widths do not fit.
        """
        if not len(student) == len(teacher) == len(self.weights):
            raise ValueError(
                f"there are {len(self.weights)} projections, "
                f"{len(student)} student layers and {len(teacher)} teacher layers"
            )
        layers = zip(student, teacher, self.weights, strict=True)
        return torch.stack([hidden_states(*layer, relative) for layer in layers]).sum(dim=0)


def _wide(values: Tensor) -> Tensor:
    """Return the values in single precision at least, since squares overflow and sums round in half."""
    return values.to(torch.promote_types(values.dtype, torch.float32))
