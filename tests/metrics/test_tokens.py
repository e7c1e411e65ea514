from __future__ import annotations

import random

import pytest

from kdlib.metrics.tokens import best_token_overlap, token_overlap


def loop_overlap(prediction, reference):
    """Cross out each token of the prediction once in the reference."""
    left, common = list(reference), 0
    for token in prediction:
        if token in left:
            left.remove(token)
            common += 1
    precision, recall = common / len(prediction), common / len(reference)
    return precision, recall, 2 * precision * recall / (precision + recall) if common else 0.0


def test_equals_crossing_out():
    draw = random.Random(3)
    for _ in range(100):
        prediction = draw.choices("abcde", k=draw.randint(1, 9))
        reference = draw.choices("abcde", k=draw.randint(1, 9))
        assert token_overlap(prediction, reference) == pytest.approx(loop_overlap(prediction, reference))


def test_empty_lists():
    assert token_overlap([], []) == (1, 1, 1)
    assert token_overlap([], ["a"]) == (0, 0, 0)
    assert token_overlap(["a"], []) == (0, 0, 0)


def test_order_is_free_but_counts_matter():
    assert token_overlap(["b", "a"], ["a", "b"]).f1 == 1
    assert token_overlap(["a", "a"], ["a"]) == pytest.approx((0.5, 1, 2 / 3))


def test_best_reference_by_f1():
    assert best_token_overlap(["a", "b"], [["c"], ["b", "a"], ["a"]]).f1 == 1
    with pytest.raises(ValueError, match="none"):
        best_token_overlap(["a"], [])
