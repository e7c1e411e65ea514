"""What a model is trained towards: the loss terms of one batch, from gold tokens and teacher signals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kdlib.config import Components
from kdlib.losses.combine import LossTerm
from kdlib.losses.cross_entropy import cross_entropy
from kdlib.losses.divergence import jsd, kl
from kdlib.losses.focal import focal
from kdlib.losses.semantic import semantic

if TYPE_CHECKING:
    from jaxtyping import Float, Int
    from torch import Tensor

    from kdlib.losses.semantic import Encode
    from kdlib.signals.signal import Signal


@dataclass(frozen=True, eq=False)
class FrozenEncoder:
    """An encoder that only measures: embedding table and mean-pooled states.

    Attributes:
        embedding: ``[vocab, width]`` input embeddings.
        encode: Input embeddings [rows, time, width] and mask [rows, time] to vectors [rows, width].
    """

    embedding: Float[Tensor, "vocab width"]
    encode: Encode


@dataclass(frozen=True, eq=False)
class Objective:
    """Components with what they read.

    Attributes:
        components: Which terms there are, with their constants.
        encoder: Frozen encoder, for semantic.
    """

    components: Components
    encoder: FrozenEncoder | None = None

    def scale(self) -> dict[str, float]:
        """Return the constant factors of components (β of the semantic loss)."""
        return {"semantic": self.components.semantic.scale} if self.components.semantic else {}

    def terms(
        self,
        student: Float[Tensor, "positions vocab"],
        targets: Int[Tensor, " positions"],
        places: Int[Tensor, " positions"],
        examples: int,
        signal: Signal | None,
    ) -> list[LossTerm]:
        """Return the loss terms of one micro-batch, unreduced.

        Args:
            student: Logits at valid positions, row after row.
            targets: Gold ids.
            places: Number of the row of each position.
            examples: Number of rows.
            signal: The teacher's distributions at the same positions, for kl and jsd.

        Raises:
            ValueError: If a component lacks what it reads.
        """
        use = self.components
        terms = []
        if use.ce:
            values = cross_entropy(student, targets, use.ce.label_smoothing)
            terms.append(LossTerm("ce", values, "position"))
        if use.focal:
            values = focal(student, targets, use.focal.gamma, use.focal.alpha)
            terms.append(LossTerm("focal", values, "position"))
        if use.kl or use.jsd:
            if signal is None:
                raise ValueError("kl and jsd need the teacher's signal")
            if use.kl:
                terms.append(LossTerm("kl", kl(student, signal), "position"))
            if use.jsd:
                terms.append(LossTerm("jsd", jsd(student, signal), "position"))
        if use.semantic:
            if self.encoder is None:
                raise ValueError("the semantic loss needs a frozen encoder")
            values = semantic(student, targets, places, examples, self.encoder.embedding, self.encoder.encode)
            terms.append(LossTerm("semantic", values, "example"))
        return terms
