"""Overlap of two token multisets: precision, recall and F1."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple


class TokenOverlap(NamedTuple):
    """Shares of common tokens, each in [0, 1].

    Attributes:
        precision: Common tokens / tokens of the prediction.
        recall: Common tokens / tokens of the reference.
        f1: Harmonic mean of the two.
    """

    precision: float
    recall: float
    f1: float


def token_overlap(prediction: Sequence[str], reference: Sequence[str]) -> TokenOverlap:
    """Compare two token lists as multisets: F1 = 2·common / (|p| + |r|).

    common = Σ_t min(count_p(t), count_r(t)). Two empty lists are equal and score 1; one empty list scores 0.

    Args:
        prediction: Tokens of the candidate.
        reference: Tokens of the correct answer.

    Reference: SQuAD's F1 (Rajpurkar et al. 2016) without its removal of articles and punctuation.
    """
    if not prediction and not reference:
        return TokenOverlap(1.0, 1.0, 1.0)
    common = (Counter(prediction) & Counter(reference)).total()
    return TokenOverlap(
        precision=common / len(prediction) if prediction else 0.0,
        recall=common / len(reference) if reference else 0.0,
        f1=2 * common / (len(prediction) + len(reference)),
    )


def best_token_overlap(prediction: Sequence[str], references: Sequence[Sequence[str]]) -> TokenOverlap:
    """Return the overlap with the reference of highest F1, the first of equals.

    Args:
        prediction: Tokens of the candidate.
        references: Tokens of each correct answer.

    Raises:
        ValueError: If there is no reference.
    """
    if not references:
        raise ValueError("token overlap needs a reference, got none")
    return max(
        (token_overlap(prediction, reference) for reference in references), key=lambda overlap: overlap.f1
    )
