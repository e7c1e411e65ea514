"""Code Quality Score: five views of the predictions in one number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kdlib.metrics.significance import Statistic

WEIGHTS = {
    "codebleu": 0.25,
    "semantic": 0.25,
    "ast_validity": 0.20,
    "token_similarity": 0.20,
    "token_accuracy": 0.10,
}
_ROUNDING = 1e-9  # of a mean of values that are all 0 or all 1


def quality_values(
    codebleu: NDArray[np.float64],
    semantic: NDArray[np.float64],
    ast_validity: NDArray[np.float64],
    token_similarity: NDArray[np.float64],
    token_accuracy: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return .25·CodeBLEU + .25·semantic + .20·AST + .20·token similarity + .10·token accuracy.

    Args:
        codebleu: ``[corpora]``, corpus CodeBLEU on the scale 0..1.
        semantic: ``[corpora]``, mean semantic similarity.
        ast_validity: ``[corpora]``, share of valid statements.
        token_similarity: ``[corpora]``, mean of ``kdlib.metrics.similarity.token_similarity``.
        token_accuracy: ``[corpora]``, mean of ``kdlib.metrics.similarity.token_accuracy``.

    Returns:
        ``[corpora]``, in [0, 1].

    Raises:
        ValueError: If a part is not in [0, 1]: a scale of 0..100, or a cosine below 0.
    """
    parts = (codebleu, semantic, ast_validity, token_similarity, token_accuracy)
    for name, part in zip(WEIGHTS, parts, strict=True):
        wrong = part[~((part >= -_ROUNDING) & (part <= 1 + _ROUNDING))]
        if wrong.size:
            raise ValueError(f"{name} of a quality score must lie in [0, 1], got {wrong[0]:g}")
    return np.average(parts, axis=0, weights=list(WEIGHTS.values()))


def quality_statistics(
    codebleu: NDArray[Any],
    semantic: Sequence[float],
    ast_validity: Sequence[float],
    token_similarity: Sequence[float],
    token_accuracy: Sequence[float],
) -> NDArray[np.float64]:
    """Put the statistics of the five parts side by side; summed over rows they give the score of a corpus.

    Args:
        codebleu: ``[rows, c]``, CodeBLEU's own statistics.
        semantic: One value a row.
        ast_validity: 0 or 1 a row.
        token_similarity: One value a row.
        token_accuracy: One value a row.

    Returns:
        ``[rows, c + 5]``: CodeBLEU's, the four values, and 1 for the row.
    """
    rows = np.ones(len(codebleu))
    return np.column_stack([codebleu, semantic, ast_validity, token_similarity, token_accuracy, rows])


def quality_from_sums(codebleu_values: Statistic) -> Statistic:
    """Return the function from sums of ``quality_statistics`` to Code Quality Scores.

    Args:
        codebleu_values: The same for CodeBLEU alone: ``[corpora, c]`` to ``[corpora]`` in 0..1.
    """

    def values(sums: NDArray[np.float64]) -> NDArray[np.float64]:
        means = sums[:, -5:-1] / sums[:, -1:]
        return quality_values(codebleu_values(sums[:, :-5]), *means.T)

    return values


def quality_signature() -> str:
    """Return the weights of the parts."""
    return "w:" + ",".join(f"{name}={weight:g}" for name, weight in WEIGHTS.items())
