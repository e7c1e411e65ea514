"""Corpus BLEU-4 over code tokens (Papineni et al. 2002), by sacrebleu (Post 2018), from row statistics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import Any

import numpy as np
from numpy.typing import NDArray

_ORDER = 4
Tokens = Sequence[str]


def bleu_statistics(
    predictions: Sequence[Tokens], references: Sequence[Sequence[Tokens]]
) -> NDArray[np.int64]:
    """Count what BLEU needs of every row; summed over rows it gives the corpus value.

    Tokens are joined by spaces, as sacrebleu reads them: a string literal with blanks is several words.

    Args:
        predictions: Tokens of each row's candidate.
        references: Tokens of each row's correct answers, at least one a row.

    Returns:
        ``[rows, 10]``: words of the candidate, words of the reference of closest length, matched n-grams
        and the candidate's n-grams for n = 1..4.

    Raises:
        ValueError: If the rows differ in number or one has no reference.
    """
    if not all(references):
        raise ValueError(
            f"BLEU needs a reference for every row; row {[bool(r) for r in references].index(False)} has none"
        )
    rows = [_row(prediction, row) for prediction, row in zip(predictions, references, strict=True)]
    return np.array(rows, dtype=np.int64).reshape(-1, 2 + 2 * _ORDER)


def _row(prediction: Tokens, references: Sequence[Tokens]) -> list[int]:
    from sacrebleu.metrics.helpers import extract_all_word_ngrams

    ngrams, length = extract_all_word_ngrams(" ".join(prediction), 1, _ORDER)
    gold = [extract_all_word_ngrams(" ".join(reference), 1, _ORDER) for reference in references]
    allowed: Counter[tuple[str, ...]] = reduce(or_, (ngrams for ngrams, _ in gold))
    lengths = [own_length for _, own_length in gold]
    total = [max(length - n + 1, 0) for n in range(1, _ORDER + 1)]
    correct = [0] * _ORDER
    for ngram in ngrams.keys() & allowed.keys():
        correct[len(ngram) - 1] += min(ngrams[ngram], allowed[ngram])
    # Of two equally close references the shorter counts, as in sacrebleu.
    closest = min(lengths, key=lambda reference: (abs(reference - length), reference))
    return [length, closest, *correct, *total]


def bleu_values(sums: NDArray[Any]) -> NDArray[np.float64]:
    """Return the BLEU of summed statistics, on sacrebleu's scale 0..100.

    Args:
        sums: ``[corpora, 10]``, sums of rows of ``bleu_statistics``, one corpus (or resample) a row.

    Returns:
        ``[corpora]``, bit-equal to ``sacrebleu.corpus_bleu(..., tokenize="none")``.
    """
    from sacrebleu.metrics.bleu import BLEU

    def value(row: list[int]) -> float:
        correct = row[2 : 2 + _ORDER]
        total = row[2 + _ORDER :]
        return BLEU.compute_bleu(correct, total, row[0], row[1], smooth_method="exp").score

    return np.array([value(row) for row in sums.astype(np.int64).tolist()], dtype=np.float64)


def bleu_signature(references: Sequence[Sequence[Tokens]]) -> str:
    """Return sacrebleu's signature, which states references per row, case, tokenizer, smoothing and version.

    Args:
        references: Tokens of each row's correct answers.
    """
    from sacrebleu.metrics.bleu import BLEU

    numbers = {len(row) for row in references}
    metric = BLEU(tokenize="none")
    # -1 is sacrebleu's own mark of a number that varies.
    metric.num_refs = numbers.pop() if len(numbers) == 1 else -1
    return str(metric.get_signature())
