"""Softmax over a large vocabulary, whose probabilities add up to 1 on any processor.

On a CPU torch's own adds one exponential after the other in each lane of the vectors. Beside a 1, a lane
loses what is below its last digit: 3e-4 of 65,536 flat tokens in AVX2's lanes, half as much in AVX-512's,
which are twice as many. Where a mass is stored, or compared with another, it is summed here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jaxtyping import Float, Int
    from torch import Tensor

CHUNK = 2**21  # numbers at once on a CPU: 8 MiB stay in its cache for whatever comes next
# torch.sum adds pairwise and costs nothing; making doubles of all numbers takes half as long as all the rest.
# From 2^15 numbers on it shares a lone row out to threads: its sum would depend on what is beside it.
BLOCK = 2**12


def in_parts(logits: Float[Tensor, "positions vocab"]) -> tuple[Float[Tensor, "part vocab"], ...]:
    """Return views of some positions at a time, few enough for a processor's cache."""
    size = CHUNK // logits.shape[1] if logits.device.type == "cpu" else len(logits)
    return logits.split(max(size, 1))


def log_sum(weights: Float[Tensor, "positions vocab"]) -> Float[Tensor, "positions 1"]:
    """Return log Σ w in double precision, off by 4e-7 at most for a quarter of a million of weights up to 1.

    Args:
        weights: exp(z − max z), say, in single precision.
    """
    import torch

    sums = torch.stack([block.sum(dim=1) for block in weights.split(BLOCK, dim=1)], dim=1)
    return sums.sum(dim=1, keepdim=True, dtype=torch.float64).log()


def normalise(scaled: Float[Tensor, "positions vocab"]) -> Float[Tensor, "positions vocab"]:
    """Turn z into log softmax(z), in place and without a gradient.

    Args:
        scaled: Logits z in single precision, already divided by a temperature.

    Returns:
        The same tensor.
    """
    for part in in_parts(scaled):
        part -= part.amax(dim=1, keepdim=True)
        # Converted first: a difference of two types would convert the many numbers instead.
        part -= log_sum(part.exp()).to(part.dtype)
    return scaled


def negative_log_likelihood(
    logits: Float[Tensor, "positions vocab"], targets: Int[Tensor, " positions"]
) -> Float[Tensor, " positions"]:
    """Return −log softmax(z) of a token at each position, in nats and double precision.

    Args:
        logits: Logits z of any precision.
        targets: Token ids.
    """
    import torch

    parts, first = [], 0
    for part in in_parts(logits):
        wide, gold = part.float(), targets[first : first + len(part), None]
        peak = wide.amax(dim=1, keepdim=True)
        total = log_sum((wide - peak).exp_())
        parts.append(total + (peak.double() - wide.gather(1, gold).double()))
        first += len(part)
    return torch.cat(parts)[:, 0]
