from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import pytest
import sacrebleu
from hypothesis import given
from hypothesis import strategies as st

from kdlib.metrics.chrf import chrf_signature, chrf_statistics, chrf_values

TEXT = st.text(alphabet='ab(;" \n\t é', max_size=15)
ROW = st.tuples(TEXT, st.lists(TEXT, min_size=1, max_size=3))


def value(predictions, references):
    """The corpus value by the leaf."""
    return chrf_values(chrf_statistics(predictions, references).sum(axis=0, keepdims=True))[0]


def sacrebleu_value(predictions, references):
    """The corpus value by sacrebleu itself, short reference lists padded as it wants them."""
    most = max(map(len, references))
    columns = [[own[at] if at < len(own) else None for own in references] for at in range(most)]
    metric = sacrebleu.CHRF()
    return metric.corpus_score(predictions, columns).score, str(metric.get_signature())


def exact_value(prediction, reference):
    """chrF of one pair in fractions, n-grams crossed out one by one; shares nothing with sacrebleu."""
    own, gold = "".join(prediction.split()), "".join(reference.split())
    precisions, recalls = [], []
    for n in range(1, 7):
        grams = [own[at : at + n] for at in range(len(own) - n + 1)]
        left = [gold[at : at + n] for at in range(len(gold) - n + 1)]
        if grams and left:
            counts = len(grams), len(left)
            hits = 0
            for gram in grams:
                if gram in left:
                    left.remove(gram)
                    hits += 1
            precisions.append(Fraction(hits, counts[0]))
            recalls.append(Fraction(hits, counts[1]))
    if not sum(precisions):
        return 0
    p, r = sum(precisions) / len(precisions), sum(recalls) / len(recalls)
    return 500 * p * r / (4 * p + r)


@given(st.lists(ROW, min_size=1, max_size=6))
def test_bit_equal_to_sacrebleu(rows):
    predictions, references = map(list, zip(*rows, strict=True))
    expected, signature = sacrebleu_value(predictions, references)
    assert value(predictions, references) == expected
    assert chrf_signature(references) == signature


@given(TEXT, TEXT)
def test_one_pair_equals_fractions(prediction, reference):
    assert value([prediction], [[reference]]) == pytest.approx(float(exact_value(prediction, reference)))


@pytest.mark.parametrize(
    ("prediction", "reference", "expected"),
    [
        ("assertTrue(x);", "assert True( x ) ;", 100),
        # n=1: 2 of 2 and 3; n=2: 1 of 1 and 2; n=3 only in the reference. P = 1, R = (2/3 + 1/2) / 2.
        ("ab", "abc", 500 * (7 / 12) / (4 + 7 / 12)),
        ("abc", "ab", 500 * (7 / 12) / (4 * 7 / 12 + 1)),
        ("ab", "ba", 500 * 0.25 / 2.5),
        ("a", "b", 0),
        ("", "a", 0),
        ("", "", 0),  # as sacrebleu has it
    ],
)
def test_by_hand(prediction, reference, expected):
    assert value([prediction], [[reference]]) == pytest.approx(expected)


def test_best_reference_counts_and_the_first_of_equals():
    assert value(["abc"], [["xyz", "abc"]]) == 100
    first, second = chrf_statistics(["ab", "ab"], [["cd", "xyz"], ["xyz", "cd"]]).tolist()
    assert (first[1], second[1]) == (2, 3)


def test_resampled_sums_equal_the_resampled_corpus():
    draw = random.Random(3)
    predictions = ["".join(draw.choices("ab ", k=draw.randint(0, 9))) for _ in range(17)]
    references = [["".join(draw.choices("ab ", k=9)) for _ in range(draw.randint(1, 3))] for _ in range(17)]
    statistics = chrf_statistics(predictions, references)
    draws = np.random.default_rng(0).integers(17, size=(5, 17))
    values = chrf_values(np.stack([statistics[draw].sum(axis=0) for draw in draws]).astype(np.float64))
    assert len(set(values)) > 1
    for found, draw in zip(values, draws, strict=True):
        assert found == sacrebleu_value([predictions[at] for at in draw], [references[at] for at in draw])[0]


def test_row_without_reference_is_named():
    with pytest.raises(ValueError, match="row 1 has none"):
        chrf_statistics(["a", "b"], [["a"], []])
    assert chrf_statistics([], []).shape == (0, 18)
