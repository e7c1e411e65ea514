from __future__ import annotations

from itertools import product
from math import exp

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kdlib.losses.pans import pans as pans_loss
from kdlib.metrics.pans import pans, pans_signature

TOKENS = st.lists(st.sampled_from(["a", "b", "c", "("]), max_size=12)


def matrix_pans(prediction, reference):
    """The definition, with the whole matrix of every n-gram against every other."""
    if not prediction and not reference:
        return 1.0
    values = []
    for n in range(1, 5):
        p = [prediction[at : at + n] for at in range(len(prediction) - n + 1)]
        r = [reference[at : at + n] for at in range(len(reference) - n + 1)]
        if not p and not r:
            continue
        w = np.zeros((len(p) + 1, len(r) + 1))  # one more, so that no maximum is of nothing
        for i, j in product(range(len(p)), range(len(r))):
            w[i, j] = np.exp(-0.1 * abs(i - j)) * (p[i] == r[j])
        values.append(min(w.max(axis=0).sum(), w.max(axis=1).sum()) / max(len(p), len(r)))
    return np.mean(values)


def test_one_only_for_equal_lists_of_a_small_alphabet():
    lists = [list(own) for length in range(7) for own in product("ab", repeat=length)]
    assert len(lists) == 127
    for prediction, reference in product(lists, repeat=2):
        found = pans(prediction, [reference])
        assert 0 <= found <= 1
        assert (found == 1) == (prediction == reference)


@given(TOKENS, TOKENS)
def test_equals_the_definition(prediction, reference):
    found = pans(prediction, [reference])
    assert found == pytest.approx(matrix_pans(prediction, reference))
    assert found == pans(reference, [prediction])
    assert (found == 1) == (prediction == reference)
    assert (found > 0) == (bool(set(prediction) & set(reference)) or prediction == reference)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=9))
def test_is_one_minus_the_loss_of_a_certain_student(pairs):
    chosen, gold = map(list, zip(*pairs, strict=True))
    student = torch.full((len(pairs), 4), -1e4, dtype=torch.float64)
    student[torch.arange(len(pairs)), chosen] = 0
    (loss,) = pans_loss(student, torch.tensor(gold), [len(pairs)]).tolist()
    assert pans(list(map(str, chosen)), [list(map(str, gold))]) == pytest.approx(1 - loss)


@pytest.mark.parametrize(
    ("prediction", "reference", "expected"),
    [
        ("", "", 1),
        ("a", "a", 1),
        ("a", "b", 0),
        ("", "a", 0),
        ("a", "", 0),
        ("ab", "ba", exp(-0.1) / 2),  # both words one off, no common pair
        ("aaa", "a", 1 / 9),  # one of three; pairs and triples only in the prediction
        ("abcd", "abcx", (3 / 4 + 2 / 3 + 1 / 2) / 4),
        ("xabcd", "abcd", exp(-0.1) * (4 / 5 + 3 / 4 + 2 / 3 + 1 / 2) / 4),
        ("a" * 11, "b" * 10 + "a", (exp(0) / 11) / 4),
        ("a" + "c" * 10, "b" * 10 + "a", (exp(-1) / 11) / 4),
    ],
)
def test_by_hand(prediction, reference, expected):
    assert pans(list(prediction), [list(reference)]) == pytest.approx(expected)
    assert matrix_pans(list(prediction), list(reference)) == pytest.approx(expected)


def test_a_repeated_token_gains_nothing():
    once = pans(["a"], [["a", "b"]])
    assert pans(["a", "a"], [["a", "b"]]) <= once
    assert pans(["a"] * 50, [["a"]]) < 0.01


def test_nearer_is_better():
    reference = [str(at) for at in range(30)]
    shifted = [pans(["x"] * by + reference[: 30 - by], [reference]) for by in range(12)]
    assert shifted == sorted(shifted, reverse=True)
    assert len(set(shifted)) == 12


def test_the_best_reference_counts():
    assert pans(["a", "b"], [["c"], ["a", "b"], ["a"]]) == 1
    with pytest.raises(ValueError, match="none"):
        pans(["a"], [])


def test_signature():
    assert pans_signature() == "tok:java|n:1-4|decay:0.1"
