"""PANS, the position-aware n-gram similarity of two token lists."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from math import exp, inf

_LONGEST_NGRAM = 4
_DECAY = 0.1  # of a match's worth, per position that it is off
Ngram = tuple[str, ...]


def pans(prediction: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    """Return the position-aware n-gram similarity with the most similar reference.

    With w_ij = e^(−0.1·|i−j|) where n-gram i of the prediction p equals n-gram j of the reference r, else 0:
    PANS_n = min(Σ_j max_i w_ij, Σ_i max_j w_ij) / max(c_p, c_r), c the number of n-grams. PANS is the mean of
    PANS_n over those n of 1..4 for which p or r has n-grams. Two empty lists score 1, one empty list 0.

    The minimum of both directions over the larger count keeps it in [0, 1]: a text that repeats one token of
    the other gains nothing. It is 1 only if every unigram stands at its own place in both, for equal lists.

    Args:
        prediction: Tokens of the candidate.
        references: Tokens of each correct answer, at least one.

    Returns:
        A value in [0, 1]; the same if prediction and reference change places.

    Raises:
        ValueError: If there is no reference.

    Relations:
        ``kdlib.losses.pans.pans`` is 1 − this, with Π_k p_{i+k}(r_{j+k}) in place of equality, so that it
        has a gradient: the two are equal for a student that is certain of one token at each position. Its
        prediction is always as long as the reference.
    """
    if not references:
        raise ValueError("PANS needs a reference, got none")
    return max(_similarity(prediction, reference) for reference in references)


def pans_signature() -> str:
    """Return what PANS compares, and how far an n-gram may be off."""
    return f"tok:java|n:1-{_LONGEST_NGRAM}|decay:{_DECAY}"


def _similarity(prediction: Sequence[str], reference: Sequence[str]) -> float:
    longest = max(len(prediction), len(reference))
    if list(prediction) == list(reference):
        return 1.0
    total = 0.0
    orders = min(_LONGEST_NGRAM, longest)
    for n in range(1, orders + 1):
        ours = _ngrams(prediction, n)
        other = _ngrams(reference, n)
        credit = min(_credit(ours, other), _credit(other, ours))
        if not credit:
            break  # no common n-gram: no longer one either
        total += credit / (longest - n + 1)
    return total / orders


def _ngrams(tokens: Sequence[str], n: int) -> list[Ngram]:
    return list(zip(*(tokens[start:] for start in range(n)), strict=False))


def _credit(ngrams: list[Ngram], others: list[Ngram]) -> float:
    """Return Σ_i max_j w_ij: what each n-gram is worth by the nearest equal one of the others."""
    places: dict[Ngram, list[int]] = {}
    for at, ngram in enumerate(others):
        places.setdefault(ngram, []).append(at)
    total = 0.0
    for at, ngram in enumerate(ngrams):
        found = places.get(ngram)
        if found is None:
            continue
        following = bisect_left(found, at)
        distance = found[following] - at if following < len(found) else inf
        if following:
            distance = min(distance, at - found[following - 1])
        total += exp(-_DECAY * distance)
    return total
