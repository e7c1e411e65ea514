from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz import fuzz

from kdlib.java.tokens import code_tokens
from kdlib.metrics.exact import exact_match
from kdlib.metrics.similarity import (
    edit_similarity,
    edit_similarity_signature,
    token_accuracy,
    token_accuracy_signature,
    token_similarity,
    token_similarity_signature,
)

TOKENS = st.lists(st.sampled_from(["a", "bc", "(", '"a b"']), max_size=7)
TEXT = st.text(alphabet="abé( \n", max_size=9)


def distance(a, b, replacement):
    """Cheapest edit, straight from the recurrence; a replacement costs 1 (Levenshtein) or 2 (indel)."""

    @cache
    def steps(i, j):
        if not i or not j:
            return i + j
        return min(
            steps(i - 1, j) + 1,
            steps(i, j - 1) + 1,
            steps(i - 1, j - 1) + (replacement if a[i - 1] != b[j - 1] else 0),
        )

    return steps(len(a), len(b))


@given(TOKENS, TOKENS)
def test_token_similarity_equals_the_recurrence(prediction, reference):
    longest = max(len(prediction), len(reference))
    expected = 1 - distance(prediction, reference, 1) / longest if longest else 1
    found = token_similarity(prediction, [reference])
    assert found == pytest.approx(expected)
    assert 0 <= token_accuracy(prediction, [reference]) <= found + 1e-12
    assert found <= 1
    assert (found == 1) == (prediction == reference)
    assert found == token_similarity(reference, [prediction])


@given(TOKENS, TOKENS)
def test_token_accuracy_equals_a_loop(prediction, reference):
    longest = max(len(prediction), len(reference))
    equal = 0
    for at in range(longest):
        equal += prediction[at : at + 1] == reference[at : at + 1]
    found = token_accuracy(prediction, [reference])
    assert found == (equal / longest if longest else 1)
    assert (found == 1) == (prediction == reference)


@given(TEXT, TEXT)
def test_edit_similarity_equals_the_recurrence_and_the_usual_ratio(prediction, reference):
    own, gold = "".join(prediction.split()), "".join(reference.split())
    total = len(own) + len(gold)
    found = edit_similarity(prediction, [reference])
    assert found == pytest.approx(1 - distance(own, gold, 2) / total if total else 1)
    assert found == pytest.approx(fuzz.ratio(own, gold) / 100)
    assert (found == 1) == exact_match(prediction, [reference])


@pytest.mark.parametrize(
    ("prediction", "reference", "similarity", "accuracy", "edit"),
    [
        ("assertTrue(x);", "assertTrue( x ) ;", 1, 1, 1),
        ("assertTrue(x);", "assertFalse(x);", 4 / 5, 4 / 5, 2 * 11 / 29),  # `assert`, `e(x);` in common
        ("assertEquals(1, x);", "assertEquals(x);", 5 / 7, 2 / 7, 2 * 16 / 34),
        ("Assert.assertNull(x);", "assertNull(x);", 5 / 7, 0, 2 * 14 / 35),
        ("", "assertNull(x);", 0, 0, 0),
        ("f(x);", "", 0, 0, 0),
        ("", " \n", 1, 1, 1),
    ],
)
def test_by_hand(prediction, reference, similarity, accuracy, edit):
    own, gold = code_tokens(prediction), code_tokens(reference)
    assert token_similarity(own, [gold]) == pytest.approx(similarity)
    assert token_accuracy(own, [gold]) == pytest.approx(accuracy)
    assert edit_similarity(prediction, [reference]) == pytest.approx(edit)


@pytest.mark.parametrize("metric", [token_similarity, token_accuracy, edit_similarity])
def test_the_best_reference_counts(metric):
    assert metric("abc", ["xyz", "abd", "q"]) == pytest.approx(2 / 3)
    with pytest.raises(ValueError, match="none"):
        metric("abc", [])


def test_signatures_tell_what_differs():
    found = [token_similarity_signature(), token_accuracy_signature(), edit_similarity_signature()]
    assert [own.split("|")[0] for own in found] == ["tok:java", "tok:java", "tok:char"]
    assert ["rapidfuzz:" in own for own in found] == [True, False, True]
