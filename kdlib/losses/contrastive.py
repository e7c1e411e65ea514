"""Contrastive loss: an example's own gold assertion among all gold assertions of the batch."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from kdlib.losses.base import Loss, Need, Unit
from kdlib.losses.cross_entropy import cross_entropy
from kdlib.losses.precision import widen

if TYPE_CHECKING:
    from jaxtyping import Float, Int
    from torch import Tensor

    from kdlib.losses.inputs import Batch


class Contrastive(Loss):
    """InfoNCE of the student's expected embeddings against the gold assertions of the batch."""

    unit: ClassVar[Unit] = "example"
    needs: ClassVar[frozenset[Need]] = frozenset({"encoder"})
    temperature: float = Field(0.1, gt=0, description="τ, divisor of the cosines")

    def values(self, batch: Batch) -> Float[Tensor, " examples"]:
        """Return the surprise of every example."""
        golds = batch.gold_embeddings
        if golds is None:
            raise ValueError("the contrastive loss needs a frozen encoder")
        return contrastive(batch.student_vectors, golds.vectors, golds.of_example, self.temperature)


def contrastive(
    student_vectors: Float[Tensor, "examples features"],
    golds: Float[Tensor, "golds features"],
    positives: Int[Tensor, " examples"],
    temperature: float = 0.1,
) -> Float[Tensor, " examples"]:
    """Return InfoNCE: the surprise at an example's own gold among all golds, from cosines.

    −log( exp(cos(s, g_own) / τ) / Σ_j exp(cos(s, g_j) / τ) )

    Under teacher forcing the student's p_t is conditional on the gold prefix, so s describes
    next-token choices, not free-running output.

    Args:
        student_vectors: s, from ``expected_vectors``.
        golds: g, vectors of the *distinct* gold assertions of the whole accumulated and gathered batch: equal
            assertions are not each other's negatives, and a zero vector, of a gold without positions, is
            nobody's. No gradient reaches them.
        positives: Row of ``golds`` that is the example's own.
        temperature: τ > 0.

    Returns:
        One value per example, in nats: log(golds) at chance, 0 with one gold; 0 for an example without
        positions, whose vector is zero.

    Raises:
        ValueError: If sizes differ or the temperature is impossible.

    Reference:
        van den Oord et al. 2018, "Representation Learning with Contrastive Predictive Coding", eq. 4.
    """
    from torch.nn.functional import normalize

    _check(student_vectors, golds, positives, temperature)
    student = widen(student_vectors)
    cosines = normalize(student) @ normalize(golds.detach().to(student.dtype)).T
    present = golds.any(dim=1)
    values = cross_entropy((cosines / temperature).masked_fill(~present, -math.inf), positives)
    return values.masked_fill(~(student_vectors.any(dim=1) & present[positives]), 0.0)


def distinct(keys: Sequence[Hashable]) -> tuple[list[int], list[int]]:
    """Return where each distinct key stands first, and the number of each key among the distinct ones.

    Args:
        keys: What makes two gold assertions the same, one per example.

    Returns:
        Indices of first occurrences, ascending, and for each key its place in that list.
    """
    first: dict[Hashable, int] = {}
    for index, key in enumerate(keys):
        first.setdefault(key, index)
    numbers = {key: number for number, key in enumerate(first)}
    return list(first.values()), [numbers[key] for key in keys]


def _check(
    student_vectors: Float[Tensor, "examples features"],
    golds: Float[Tensor, "golds features"],
    positives: Int[Tensor, " examples"],
    temperature: float,
) -> None:
    if positives.shape != student_vectors.shape[:1]:
        raise ValueError(f"there are {len(student_vectors)} examples, positives {list(positives.shape)}")
    if student_vectors.shape[1] != golds.shape[1]:
        raise ValueError(f"student vectors have {student_vectors.shape[1]} features, golds {golds.shape[1]}")
    if not 0 < temperature < math.inf:
        raise ValueError(f"temperature must be > 0, got {temperature}")
