from __future__ import annotations

import random

import numpy as np
import pytest
import sacrebleu

from kdlib.metrics.bleu import bleu_signature, bleu_statistics, bleu_values

WORDS = ["assertEquals", "(", ")", ";", ",", "x", "1", '"a b"', "."]


def sacrebleu_value(predictions, references):
    """The corpus value by sacrebleu itself, short reference lists padded as it wants them."""
    most = max(map(len, references))
    columns = [[" ".join(own[at]) if at < len(own) else None for own in references] for at in range(most)]
    metric = sacrebleu.BLEU(tokenize="none")
    lines = [" ".join(own) for own in predictions]
    return metric.corpus_score(lines, columns).score, str(metric.get_signature())


def corpus(seed, rows, most_references):
    draw = random.Random(seed)
    predictions = [draw.choices(WORDS, k=draw.randint(0, 12)) for _ in range(rows)]
    references = [
        [draw.choices(WORDS, k=draw.randint(1, 12)) for _ in range(draw.randint(1, most_references))]
        for _ in range(rows)
    ]
    return predictions, references


@pytest.mark.parametrize(("rows", "most"), [(1, 1), (3, 1), (31, 1), (31, 3)])
def test_bit_equal_to_sacrebleu(rows, most):
    positive = 0
    for seed in range(20):
        predictions, references = corpus(seed, rows, most)
        value, signature = sacrebleu_value(predictions, references)
        sums = bleu_statistics(predictions, references).sum(axis=0, keepdims=True)
        assert bleu_values(sums).tolist() == [value]
        assert bleu_signature(references) == signature
        positive += value > 0
    assert positive > 0


def test_same_value_by_the_function_of_sacrebleu():
    predictions, references = corpus(1, 23, 1)
    lines = [" ".join(own) for own in predictions]
    gold = [" ".join(own[0]) for own in references]
    value = sacrebleu.corpus_bleu(lines, [gold], tokenize="none", force=True).score
    assert bleu_values(bleu_statistics(predictions, references).sum(axis=0, keepdims=True))[0] == value


def test_resampled_sums_equal_the_resampled_corpus():
    predictions, references = corpus(5, 17, 2)
    statistics = bleu_statistics(predictions, references)
    draws = np.random.default_rng(0).integers(17, size=(5, 17))
    values = bleu_values(np.stack([statistics[draw].sum(axis=0) for draw in draws]).astype(np.float64))
    for value, draw in zip(values, draws, strict=True):
        expected, _ = sacrebleu_value([predictions[at] for at in draw], [references[at] for at in draw])
        assert value == expected


def test_ends_of_the_scale():
    same = [["a", "b", "c", "d", "e"]]
    assert bleu_values(bleu_statistics(same, [same])).tolist() == pytest.approx([100.0])
    assert bleu_values(bleu_statistics([[]], [[["a"]]])).tolist() == [0.0]
    assert bleu_statistics([], []).shape == (0, 10)


def test_row_without_reference_is_named():
    with pytest.raises(ValueError, match="row 1 has none"):
        bleu_statistics([["a"], ["b"]], [[["a"]], []])
