"""Semantic loss: distance of the student's expected embedding from that of the gold assertion."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from kdlib.losses.base import Loss, Need, Unit
from kdlib.losses.precision import widen

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    from kdlib.losses.inputs import Batch


class Semantic(Loss):
    """1 − cosine of the student's expected embeddings and the gold assertion in a frozen encoder."""

    unit: ClassVar[Unit] = "example"
    needs: ClassVar[frozenset[Need]] = frozenset({"encoder"})
    scale: float = Field(5.0, gt=0, description="β, factor on the raw value")

    def values(self, batch: Batch) -> Float[Tensor, " examples"]:
        """Return the distance of every example."""
        golds = batch.gold_embeddings
        if golds is None:
            raise ValueError("the semantic loss needs a frozen encoder")
        return semantic(batch.student_vectors, golds.vectors[golds.of_example])

    def factor(self) -> float:
        """Return β."""
        return self.scale


def semantic(
    student_vectors: Float[Tensor, "examples features"], gold_vectors: Float[Tensor, "examples features"]
) -> Float[Tensor, " examples"]:
    """Return 1 − cos(s, g) of each example's vectors in a frozen encoder.

    Under teacher forcing the student's p_t is conditional on the gold prefix, so this compares next-token
    choices, not free-running output.

    Args:
        student_vectors: s, from ``expected_vectors``.
        gold_vectors: g, each example's own gold assertion; no gradient reaches it.

    Returns:
        One value per example in [0, 2]; 0 where the gold vector is zero, for an example without positions.

    Raises:
        ValueError: If the shapes differ.

    Reference:
        Jauregi Unanue et al. 2021, "BERTTune", with a sentence's cosine in place of BERTScore.
    """
    from torch.nn.functional import normalize

    if student_vectors.shape != gold_vectors.shape:
        raise ValueError(
            f"student vectors are {list(student_vectors.shape)}, gold vectors {list(gold_vectors.shape)}"
        )
    student = widen(student_vectors)
    gold = gold_vectors.detach().to(student.dtype)
    # ½‖s/‖s‖ − g/‖g‖‖² is 1 − cos, but keeps its digits and its sign where both point the same way.
    chord = normalize(student) - normalize(gold)
    return (chord.square().sum(dim=1) / 2).masked_fill(~gold.any(dim=1), 0.0)
