"""The student's distribution as every loss reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor


def log_probabilities(
    student: Float[Tensor, "positions vocab"], temperature: float = 1.0
) -> Float[Tensor, "positions vocab"]:
    """Return log softmax(z / T), in single precision at least.

    Args:
        student: Logits z.
        temperature: T > 0.
    """
    import torch

    # Half precision keeps 8 to 11 bits, too few for a sum over a vocabulary or a difference of logarithms.
    wide = student.to(torch.promote_types(student.dtype, torch.float32))
    # Dividing by 1 would cost another pass over the vocabulary, forward and backward.
    return torch.log_softmax(wide if temperature == 1 else wide / temperature, dim=-1)
