"""Edit similarities of tokens and characters, and equality position by position; each in [0, 1]."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version

from rapidfuzz.distance import Indel, Levenshtein

from kdlib.metrics.exact import without_whitespace


def token_similarity(prediction: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    """Return 1 − Levenshtein(p, r) / max(|p|, |r|) over tokens, for the most similar reference.

    Two empty lists are equal and score 1; one empty list scores 0.

    Args:
        prediction: Tokens of the candidate.
        references: Tokens of each correct answer, at least one.

    Returns:
        A value in [0, 1]; 1 only for equal lists.

    Raises:
        ValueError: If there is no reference.

    Reference: Levenshtein 1966.
    """
    _check(references)
    return max(Levenshtein.normalized_similarity(prediction, reference) for reference in references)


def token_similarity_signature() -> str:
    """Return how tokens are compared, with the version of the library that does it."""
    return f"tok:java|dist:levenshtein|norm:max|rapidfuzz:{version('rapidfuzz')}"


def token_accuracy(prediction: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    """Return #{i: p_i = r_i} / max(|p|, |r|) over tokens, for the reference that agrees most.

    Two empty lists are equal and score 1; one empty list scores 0. One token too many at the start lets all
    others count as wrong.

    Args:
        prediction: Tokens of the candidate.
        references: Tokens of each correct answer, at least one.

    Returns:
        A value in [0, 1]; 1 only for equal lists.

    Raises:
        ValueError: If there is no reference.

    Relations:
        At most ``token_similarity``: to replace the unequal positions is one way of editing.
    """
    _check(references)
    return max(_equal_positions(prediction, reference) for reference in references)


def token_accuracy_signature() -> str:
    """Return how tokens are compared."""
    return "tok:java|norm:max"


def _equal_positions(prediction: Sequence[str], reference: Sequence[str]) -> float:
    longest = max(len(prediction), len(reference))
    # Tokens past the shorter list's end have no counterpart.
    equal = sum(left == right for left, right in zip(prediction, reference, strict=False))
    return equal / longest if longest else 1.0


def edit_similarity(prediction: str, references: Sequence[str]) -> float:
    """Return 2·LCS(p, r) / (|p| + |r|) over characters, for the most similar reference.

    This is the "edit similarity" of code completion: ``fuzz.ratio`` / 100, which allows insertions and
    deletions but no replacements. All white space is removed first, so that layout does not count and a
    prediction scores 1 just where ``exact_match`` holds. Two empty texts score 1; one empty text scores 0.

    Args:
        prediction: A candidate.
        references: Correct answers, at least one.

    Returns:
        A value in [0, 1].

    Raises:
        ValueError: If there is no reference.

    Reference: the line completion of CodeXGLUE (Lu et al. 2021); RepoBench and CrossCodeEval use it too.
    """
    _check(references)
    text = without_whitespace(prediction)
    return max(Indel.normalized_similarity(text, without_whitespace(reference)) for reference in references)


def edit_similarity_signature() -> str:
    """Return how characters are compared, with the version of the library that does it."""
    return f"tok:char|ws:no|dist:indel|norm:sum|rapidfuzz:{version('rapidfuzz')}"


def _check(references: Sequence[object]) -> None:
    if not references:
        raise ValueError("a similarity needs a reference, got none")
