"""Which layers of the teacher a student's layers follow, and the trained maps between their states.

Jiao et al. 2020, "TinyBERT: Distilling BERT for Natural Language Understanding", §3.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from kdlib.losses.hidden import hidden_states

if TYPE_CHECKING:
    from jaxtyping import Float
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
            relative: Whether to divide by the mean square of the teacher's states; see ``hidden_states``.

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
