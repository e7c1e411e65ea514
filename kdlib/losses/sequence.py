"""Sequence level: the teacher's beam outputs as further references, each with its weight."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from kdlib.losses.base import Unit
from kdlib.losses.precision import widen

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor


def reference_weights(
    scores: Float[Tensor, " references"],
    lengths_per_example: Sequence[int],
    gold_weight: float,
    temperature: float = 1.0,
) -> Float[Tensor, " references"]:
    """Return how much each reference of an example counts: γ for the gold target, the rest for the beams.

    w_gold = γ, or 1 where there is no beam; w_k = (1−γ)·softmax over the example's beams of score_k / T.

    Args:
        scores: The teacher's log-probability of each reference, example after example. An example's first is
            its gold target, whose score is not read; at least one score of its beams must be finite.
        lengths_per_example: References of each example; the sum is the number of references.
        gold_weight: γ in [0, 1].
        temperature: T > 0; a large one makes the beams equal, a small one leaves the best only.

    Returns:
        Weights that sum to 1 in each example.

    Raises:
        ValueError: If γ, T or the lengths do not fit.

    Reference:
        Kim & Rush 2016, "Sequence-Level Knowledge Distillation", §3.2: the teacher's distribution over
        sequences restricted to its beams, and §3.3 for the mixture with the gold target.

    Relations:
        With one beam and γ = 0 it is their hard SeqKD: the gold target has no weight, the beam has 1.
    """
    if not 0 <= gold_weight <= 1:
        raise ValueError(f"gold_weight must be in [0, 1], got {gold_weight}")
    if not temperature > 0:
        raise ValueError(f"temperature must be > 0, got {temperature}")
    scores = widen(scores)
    parts = [scores[:0]]  # for a batch without examples
    for of_example in _groups(scores, lengths_per_example, "references"):
        gold, beams = of_example.tensor_split([1])
        parts.append(torch.full_like(gold, gold_weight if len(beams) else 1.0))
        parts.append((1 - gold_weight) * torch.softmax(beams / temperature, dim=0))
    return torch.cat(parts)


def by_reference(
    values: Float[Tensor, " units"],
    unit: Unit,
    lengths: Sequence[int],
    weights: Float[Tensor, " references"] | None,
) -> Float[Tensor, " units"]:
    """Return the values of any loss, each times the weight of the reference that it belongs to.

    Args:
        values: One value per position, or per reference.
        unit: Which of the two.
        lengths: Positions of each reference.
        weights: Weight of each reference; None for 1. No gradient reaches them.
    """
    if weights is None:
        return values
    return sequence_level(values, lengths if unit == "position" else [1] * len(lengths), weights)


def sequence_level(
    token_nll: Float[Tensor, " positions"],
    lengths: Sequence[int],
    weights: Float[Tensor, " references"],
) -> Float[Tensor, " positions"]:
    """Return each position's negative log-likelihood times the weight of its reference.

    Args:
        token_nll: −log p of the reference's token at each valid position, reference after reference.
        lengths: Positions of each reference; the sum is the number of positions.
        weights: Weight of each reference. No gradient reaches them, and what a weight of 0 belongs to is not
            read: an infinite value there is inert.

    Returns:
        One value per position. Their sum is −Σ_r w_r·log p(reference r), the paper's objective.

    Raises:
        ValueError: If the numbers of positions or references differ.

    Reference:
        Kim & Rush 2016, §3.2.

    Relations:
        With weights of 1 it is ``cross_entropy`` to the references.
    """
    if len(lengths) != len(weights):
        raise ValueError(f"there are {len(weights)} weights, but lengths of {len(lengths)} references")
    if sum(lengths) != len(token_nll):
        raise ValueError(f"there are {len(token_nll)} positions, but the lengths add up to {sum(lengths)}")
    token_nll = widen(token_nll)
    repeats = torch.tensor(lengths, dtype=torch.long, device=weights.device)
    # The given size spares a GPU the wait for the sum of the lengths.
    weight = weights.detach().to(token_nll.dtype).repeat_interleave(repeats, output_size=len(token_nll))
    return token_nll.masked_fill(weight == 0, 0.0) * weight  # 0 · inf is NaN


def _groups(values: Float[Tensor, " n"], lengths: Sequence[int], name: str) -> tuple[Tensor, ...]:
    """Return the values of each example."""
    if sum(lengths) != len(values):
        raise ValueError(f"there are {len(values)} {name}, but the lengths add up to {sum(lengths)}")
    return values.split(list(lengths))
