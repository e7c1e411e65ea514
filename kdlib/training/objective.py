"""What a model is trained towards: the loss terms of one batch, from gold tokens and teacher signals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kdlib.config import Components
from kdlib.losses.combine import LossTerm
from kdlib.losses.cross_entropy import cross_entropy
from kdlib.losses.divergence import jsd, kl
from kdlib.losses.focal import focal
from kdlib.losses.semantic import semantic
from kdlib.models.batch import Row
from kdlib.signals.signal import SignalKey, concatenate

if TYPE_CHECKING:
    from jaxtyping import Float, Int
    from torch import Tensor

    from kdlib.losses.semantic import Encode
    from kdlib.signals.signal import Signal
    from kdlib.signals.store import SignalStore


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
        store: Teacher signals, for kl and jsd.
        encoder: Frozen encoder, for semantic.
    """

    components: Components
    store: SignalStore | None = None
    encoder: FrozenEncoder | None = None

    def scale(self) -> dict[str, float]:
        """Return the constant factors of components (β of the semantic loss)."""
        return {"semantic": self.components.semantic.scale} if self.components.semantic else {}

    def terms(
        self,
        student: Float[Tensor, "positions vocab"],
        targets: Int[Tensor, " positions"],
        places: Int[Tensor, " positions"],
        rows: Sequence[Row],
        temperature: float,
    ) -> list[LossTerm]:
        """Return the loss terms of one micro-batch, unreduced.

        Args:
            student: Logits at valid positions, row after row.
            targets: Gold ids.
            places: Number of the row of each position.
            rows: The rows of the batch, to look up signals.
            temperature: T of kl and jsd.
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
            signal = self._signal(rows, temperature).to(student.device)
            if use.kl:
                terms.append(LossTerm("kl", kl(student, signal), "position"))
            if use.jsd:
                terms.append(LossTerm("jsd", jsd(student, signal), "position"))
        if use.semantic:
            if self.encoder is None:
                raise ValueError("the semantic loss needs a frozen encoder")
            values = semantic(
                student, targets, places, len(rows), self.encoder.embedding, self.encoder.encode
            )
            terms.append(LossTerm("semantic", values, "example"))
        return terms

    def _signal(self, rows: Sequence[Row], temperature: float) -> Signal:
        if self.store is None:
            raise ValueError("kl and jsd need a store of teacher signals")
        store = self.store
        return concatenate([store.signal(SignalKey(r.id, r.target_hash, 0), temperature) for r in rows])
