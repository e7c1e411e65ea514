"""The objective of a training: weighted losses with what they read beside a batch."""

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
    from kdlib.training.teacher.gold_embeddings import GoldEmbeddingCache
    from kdlib.training.teacher.layers import Pairing


@dataclass(frozen=True, eq=False)
class Objective:
    """Components with what they read.

    Attributes:
        components: Which losses there are, with their constants.
        gold_embeddings: Frozen encoder and its embeddings of gold assertions, for losses that need them.
        legality: Which tokens Java allows to follow, for losses that need it.
        pairing: Which layers are compared, for losses that compare layers.
        judge: Returns whether the token ids of a drawn output are valid, for losses that draw.
    """

    components: Components
    gold_embeddings: GoldEmbeddingCache | None = None
    legality: Legality | None = None
    pairing: Pairing | None = None
    judge: Callable[[list[int]], bool] | None = None

    def layers_asked(self) -> dict[str, bool]:
        """Return the arguments that make ``target_output`` return what the losses read of the layers."""
        pairing = self.pairing
        return {} if pairing is None else {"hidden": pairing.hidden, "attention": pairing.attention}

    def judging(self, seed: str, device: torch.device) -> Judging | None:
        """Return the judge of drawn outputs, if losses draw.

        Args:
            seed: Seed of the draws; one made of step and rows makes a resumed training draw the same.
            device: Device of the student's logits.
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
            batch: Student's logits and what they are compared with.
            weights: Weight of every component.
            counts: Positions and examples of the whole accumulated and gathered batch.
            only: The one component to evaluate; None for all.
        """
        losses = self.components.losses()
        chosen = losses if only is None else {only: losses[only]}
        factors = {name: loss.factor() for name, loss in chosen.items()}

        def of(part: Batch, names: Sequence[str]) -> Combined:
            terms = [LossTerm(name, _values(chosen[name], part), chosen[name].unit) for name in names]
            return combine(terms, weights, counts, factors)

        # In chunks only the gradient with respect to the logits is known; layers do not depend on logits.
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
    raw = one.raw | other.raw
    weighted = one.weighted | other.weighted
    return Combined(
        total=one.total + other.total,
        raw={name: raw[name] for name in names},
        weighted={name: weighted[name] for name in names},
    )
