"""Weighing loss terms into one number to descend on; the one place where losses are divided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from kdlib.losses.base import Unit

if TYPE_CHECKING:
    from jaxtyping import Float, Int
    from torch import Tensor


@dataclass(frozen=True, eq=False)
class LossTerm:
    """A loss before reduction.

    Attributes:
        name: Name of the component, e.g. ``jsd``.
        values: One value per unit.
        unit: What a value belongs to, and so which count divides the sum.
    """

    name: str
    values: Float[Tensor, " n"]
    unit: Unit


@dataclass(frozen=True, eq=False)
class Combined:
    """The total and its parts.

    Attributes:
        total: What is descended on: the sum of ``weighted``, with a graph.
        raw: Name: mean value, unscaled and unweighted, without a graph.
        weighted: Name: weight · scale · raw, without a graph.
    """

    total: Float[Tensor, ""]
    raw: dict[str, Tensor]
    weighted: dict[str, Tensor]


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


def combine(
    terms: Sequence[LossTerm],
    weights: Mapping[str, float],
    counts: Mapping[Unit, int | Int[Tensor, ""]],
    scale: Mapping[str, float],
) -> Combined:
    """Return the total Σ weight·scale·mean of the terms, and each term's share.

    The gradient of one component is that of ``combine([term], …).total``.

    Args:
        terms: Terms of distinct names, at least one.
        weights: Name: weight; other names are allowed, so that a whole schedule can be given.
        counts: Unit: number of units in the whole accumulated and gathered batch.
        scale: Name: constant factor (β of the semantic loss); 1 for names left out.

    Returns:
        Shares in the whole batch: over all micro-batches each figure adds up to the batch's.

    Raises:
        ValueError: If there is no term, a name comes twice, or a weight or count is missing.
    """
    if not terms:
        raise ValueError("there are no loss terms to combine")
    raw: dict[str, Tensor] = {}
    weighted: dict[str, Tensor] = {}
    for term in terms:
        if term.name in raw:
            raise ValueError(f"loss term {term.name!r} is given twice")
        if term.name not in weights:
            raise ValueError(f"loss term {term.name!r} has no weight; weights: {sorted(weights)}")
        if term.unit not in counts:
            raise ValueError(f"loss term {term.name!r} needs a count per {term.unit}; got {sorted(counts)}")
        raw[term.name] = mean_over(term.values, counts[term.unit])
        weighted[term.name] = weights[term.name] * scale.get(term.name, 1.0) * raw[term.name]
    first, *others = weighted.values()
    return Combined(
        total=sum(others, start=first),
        raw={name: value.detach() for name, value in raw.items()},
        weighted={name: value.detach() for name, value in weighted.items()},
    )
