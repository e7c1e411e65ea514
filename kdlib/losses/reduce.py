"""The one place where losses are divided."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from jaxtyping import Float, Int
    from torch import Tensor


def mean_over(values: Float[Tensor, " n"], count: int | Int[Tensor, ""]) -> Float[Tensor, ""]:
    """Return the share of these values in a mean: Σ values / count.

    The shares of all micro-batches and processes add up to the mean over the whole batch. A mean of the
    micro-batches' means would not: it over-weights the small ones.

    Args:
        values: Unreduced values of one micro-batch.
        count: Number of values in the *whole* accumulated and gathered batch.

    Returns:
        A scalar; for a count of 0 it is 0, still with a graph.
    """
    count = torch.as_tensor(count, device=values.device)  # kept on the device: reading it would stall a GPU
    return values.sum() * (count > 0) / count.clamp(min=1)
