"""In which precision losses compute: single at least, whatever the student computes in."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor


def widen(values: Float[Tensor, ...]) -> Float[Tensor, ...]:
    """Return the values in single precision at least; single and double precision are kept.

    Half precision keeps 8 to 11 bits, too few for a sum over a vocabulary or a difference of logarithms, and
    squares overflow in it.

    Args:
        values: Floating-point numbers of any precision and shape.
    """
    import torch

    return values.to(torch.promote_types(values.dtype, torch.float32))


def log_probabilities(
    student: Float[Tensor, "positions vocab"], temperature: float = 1.0
) -> Float[Tensor, "positions vocab"]:
    """Return log softmax(z / T), in single precision at least.

    Args:
        student: Logits z.
        temperature: T > 0.
    """
    import torch

    wide = widen(student)
    # Dividing by 1 would cost another pass over the vocabulary, forward and backward.
    return torch.log_softmax(wide if temperature == 1 else wide / temperature, dim=-1)
