"""KRS, the knowledge retention score: how much of its teacher a student keeps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

TEMPERATURE = 2.0  # of both distributions; the divergence is not scaled by its square
_AGREEMENT = 0.6  # weight of agreement; the rest is that of F1
_NO_AGREEMENT = 10.0  # mean divergence in nats from which on nothing agrees


def retention_statistics(
    divergence: Sequence[float],
    tokens: Sequence[int],
    f1_student: Sequence[float],
    f1_teacher: Sequence[float],
) -> NDArray[np.float64]:
    """Put side by side what the score needs of every row; summed over rows it gives that of a corpus.

    Args:
        divergence: Each row's Σ_t KL(teacher‖student) at T = 2 over its gold target's positions, in nats.
        tokens: Each row's number of positions, at least 1.
        f1_student: Token F1 of the student's prediction.
        f1_teacher: Token F1 of the teacher's.

    Returns:
        ``[rows, 4]``, in this order.

    Raises:
        ValueError: If the rows differ in number, a row has no position, or a value is not finite.
    """
    lengths = {len(divergence), len(tokens), len(f1_student), len(f1_teacher)}
    if len(lengths) != 1:
        raise ValueError(f"knowledge retention needs the same rows of all four, got {sorted(lengths)}")
    rows = np.column_stack([divergence, tokens, f1_student, f1_teacher]).astype(np.float64).reshape(-1, 4)
    wrong = ~np.isfinite(rows).all(axis=1) | (rows[:, 1] < 1)
    if wrong.any():
        at = int(wrong.argmax())
        raise ValueError(f"knowledge retention cannot use row {at}: {rows[at].tolist()}")
    return rows


def agreement_values(sums: NDArray[Any]) -> NDArray[np.float64]:
    """Return teacher/student agreement, 1 − min(mean KL(teacher‖student; T = 2) / 10, 1).

    The mean is over all positions of the corpus, not a mean of rows' means.

    Args:
        sums: ``[corpora, s]``, s ≥ 2, sums of divergences and of positions first.

    Returns:
        ``[corpora]``, in [0, 1].
    """
    # Rounding can leave the divergence of equal distributions a hair below 0.
    return 1 - np.clip(sums[:, 0] / sums[:, 1] / _NO_AGREEMENT, 0, 1)


def retention_values(sums: NDArray[Any]) -> NDArray[np.float64]:
    """Return KRS = .6·agreement + .4·min(F1_S / F1_T, 1) of summed statistics.

    F1_S and F1_T are means over the same rows. A student at least as good as its teacher keeps all of F1,
    also where both have none.

    Args:
        sums: ``[corpora, 4]``, sums of rows of ``retention_statistics``, one corpus (or resample) a row.

    Returns:
        ``[corpora]``, in [0, 1].
    """
    student = sums[:, 2].astype(np.float64)
    teacher = sums[:, 3].astype(np.float64)
    kept = np.divide(student, teacher, out=np.ones_like(student), where=student < teacher)
    return _AGREEMENT * agreement_values(sums) + (1 - _AGREEMENT) * kept


def retention_signature() -> str:
    """Return the weight of agreement, the temperature, and the divergence that counts as none."""
    return f"w:{_AGREEMENT:g}|T:{TEMPERATURE:g}|none:{_NO_AGREEMENT:g}nat"
