"""What a model is trained towards: weighted losses with what they read beside a batch."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import torch

from kdlib.losses.chunked import in_chunks
from kdlib.losses.combine import Combined, LossTerm, combine
from kdlib.losses.inputs import Judging
from kdlib.losses.sequence import by_reference
from kdlib.losses.table import Components

if TYPE_CHECKING:
    from jaxtyping import Float, Int
    from torch import Tensor

    from kdlib.losses.base import Loss, Unit
    from kdlib.losses.inputs import Batch
    from kdlib.losses.legality import Legality
    from kdlib.training.teacher.gold_embeddings import GoldVectors
    from kdlib.training.teacher.layers import Pairing


@dataclass(frozen=True, eq=False)
class Objective:
    """Components with what they read.

    Attributes:
        components: Which losses there are, with their constants.
        golds: Frozen encoder and its vectors of gold assertions, for losses that need the encoder.
        legality: What may follow what, for losses that need it.
        pairing: Which layers follow which, for losses that compare layers.
        judge: Whether the ids of a drawn output are valid, for losses that draw.
    """

    components: Components
    golds: GoldVectors | None = None
    legality: Legality | None = None
    pairing: Pairing | None = None
    judge: Callable[[list[int]], bool] | None = None

    def layers_asked(self) -> dict[str, bool]:
        """Return what of the layers ``target_output`` must tell."""
        pairing = self.pairing
        return {} if pairing is None else {"hidden": pairing.hidden, "attention": pairing.attention}

    def judging(self, seed: str, device: torch.device) -> Judging | None:
        """Return the judge of drawn outputs, if losses draw.

        Args:
            seed: Of the draws; one that tells step and rows makes a resumed training draw the same.
            device: Where the student's logits are.
        """
        if self.judge is None:
            return None
        generator = torch.Generator(device).manual_seed(random.Random(seed).getrandbits(63))
        return Judging(self.judge, generator)

    def combined(
        self,
        batch: Batch,
        weights: Mapping[str, float],
        counts: Mapping[Unit, int | Int[Tensor, ""]],
        only: str | None = None,
    ) -> Combined:
        """Return the weighted losses of one micro-batch, as shares of the whole accumulated batch.

        Args:
            batch: Student's logits and their references.
            weights: Weight of every component.
            counts: Positions and examples of the whole accumulated and gathered batch.
            only: The one component to evaluate; by default all.
        """
        losses = self.components.losses()
        chosen = losses if only is None else {only: losses[only]}
        factors = {name: loss.factor() for name, loss in chosen.items()}

        def of(part: Batch, names: Sequence[str]) -> Combined:
            terms = [LossTerm(name, _values(chosen[name], part), chosen[name].unit) for name in names]
            return combine(terms, weights, counts, factors)

        # Chunks know the gradient to the logits alone; layers are no function of these.
        inner = [name for name, loss in chosen.items() if "layers" in loss.needs]
        outer = [name for name in chosen if name not in inner]
        if not inner:
            return in_chunks(batch, partial(of, names=outer))
        if not outer:
            return of(batch, inner)
        return _sum(in_chunks(batch, partial(of, names=outer)), of(batch, inner), list(chosen))


def _values(loss: Loss, batch: Batch) -> Float[Tensor, " units"]:
    return by_reference(loss.values(batch), loss.unit, batch.lengths, batch.reference_weights)


def _sum(one: Combined, other: Combined, names: Sequence[str]) -> Combined:
    """Return the terms of both, in order of the names."""
    raw, weighted = one.raw | other.raw, one.weighted | other.weighted
    return Combined(
        total=one.total + other.total,
        raw={name: raw[name] for name in names},
        weighted={name: weighted[name] for name in names},
    )
