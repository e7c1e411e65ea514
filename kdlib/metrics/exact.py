"""Exact match: equal once all white space is removed."""

from __future__ import annotations

from collections.abc import Sequence


def without_whitespace(text: str) -> str:
    """Remove all white space, inside string literals too, and rewrite nothing else."""
    return "".join(text.split())


def exact_match(prediction: str, references: Sequence[str]) -> bool:
    """Return whether a prediction equals a reference up to white space.

    Args:
        prediction: One candidate.
        references: Correct answers; any of them counts.
    """
    return exact_match_at_k([prediction], references, k=1)


def exact_match_at_k(candidates: Sequence[str], references: Sequence[str], k: int) -> bool:
    """Return whether one of the first k candidates equals a reference up to white space.

    Args:
        candidates: N-best list, best first; it may be shorter than k.
        references: Correct answers; any of them counts.
        k: How many candidates are looked at.

    Raises:
        ValueError: If k < 1.
    """
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    correct = {without_whitespace(reference) for reference in references}
    return any(without_whitespace(candidate) in correct for candidate in candidates[:k])
