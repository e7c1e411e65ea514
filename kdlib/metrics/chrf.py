"""Corpus chrF over characters (Popović 2015), by sacrebleu's definition (Post 2018), from row statistics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kdlib.metrics.exact import without_whitespace

_ORDER = 6
_RECALL = 2 * 2  # β² of F_β, β = 2: recall counts twice as much as precision


def chrf_statistics(predictions: Sequence[str], references: Sequence[Sequence[str]]) -> NDArray[np.int64]:
    """Count what chrF needs of every row; summed over rows it gives the corpus value.

    All white space is removed first, as sacrebleu does and as ``exact_match`` does. Of several references the
    one of highest chrF counts, the first of equals.

    Args:
        predictions: Each row's candidate.
        references: Each row's correct answers, at least one a row.

    Returns:
        ``[rows, 18]``: for n = 1..6 the character n-grams of the candidate (0 if the reference has none of
        that length), those of the reference, and the matched ones.

    Raises:
        ValueError: If the rows differ in number or one has no reference.
    """
    if not all(references):
        raise ValueError(
            f"chrF needs a reference for every row; row {[bool(r) for r in references].index(False)} has none"
        )
    rows = [_row(prediction, row) for prediction, row in zip(predictions, references, strict=True)]
    return np.array(rows, dtype=np.int64).reshape(-1, 3 * _ORDER)


def _row(prediction: str, references: Sequence[str]) -> list[int]:
    text = without_whitespace(prediction)
    ngrams = _ngrams(text)
    candidates = [_counts(text, ngrams, without_whitespace(reference)) for reference in references]
    if len(candidates) == 1:
        return candidates[0]
    return candidates[int(np.argmax(chrf_values(np.array(candidates))))]


def _ngrams(text: str) -> list[str]:
    return [text[at : at + n] for n in range(1, _ORDER + 1) for at in range(len(text) - n + 1)]


def _counts(prediction: str, ngrams: list[str], reference: str) -> list[int]:
    matched = [0] * (_ORDER + 1)
    left = Counter(_ngrams(reference))
    for ngram in ngrams:
        if left.get(ngram):
            left[ngram] -= 1
            matched[len(ngram)] += 1
    counts = []
    for n in range(1, _ORDER + 1):
        ours = max(len(prediction) - n + 1, 0)
        other = max(len(reference) - n + 1, 0)
        counts += [ours if other else 0, other, matched[n]]
    return counts


def chrf_values(sums: NDArray[Any]) -> NDArray[np.float64]:
    """Return the chrF of summed statistics, on sacrebleu's scale 0..100.

    chrF = (1 + β²)·P·R / (β²·P + R), β = 2, with P and R the means of matched / candidate's and
    matched / reference's n-grams over those n of 1..6 for which both have n-grams; 0 if there are none.

    Args:
        sums: ``[corpora, 18]``, sums of rows of ``chrf_statistics``, one corpus (or resample) a row.

    Returns:
        ``[corpora]``, bit-equal to ``sacrebleu.corpus_chrf``.
    """
    counts = sums.astype(np.float64).reshape(-1, _ORDER, 3)
    precision, recall, orders = np.zeros((3, len(counts)))
    # One order after the other, as sacrebleu adds: another order of summation would round differently.
    for candidate, reference, matched in counts.transpose(1, 2, 0):
        both = (candidate > 0) & (reference > 0)
        precision += np.divide(matched, candidate, out=np.zeros_like(matched), where=both)
        recall += np.divide(matched, reference, out=np.zeros_like(matched), where=both)
        orders += both
    precision /= np.maximum(orders, 1)
    recall /= np.maximum(orders, 1)
    weighted = (1 + _RECALL) * precision * recall
    total = _RECALL * precision + recall
    return 100 * np.divide(weighted, total, out=np.zeros_like(total), where=total > 0)


def chrf_signature(references: Sequence[Sequence[str]]) -> str:
    """Return sacrebleu's signature; ``space:no`` says that white space is removed.

    Args:
        references: Each row's correct answers.
    """
    from sacrebleu.metrics.chrf import CHRF

    numbers = {len(row) for row in references}
    metric = CHRF()
    # -1 is sacrebleu's own mark of a number that varies.
    metric.num_refs = numbers.pop() if len(numbers) == 1 else -1
    return str(metric.get_signature())
