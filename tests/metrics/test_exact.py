from __future__ import annotations

import pytest

from kdlib.metrics.exact import exact_match, exact_match_at_k


@pytest.mark.parametrize(
    ("prediction", "reference", "equal"),
    [
        ("assertEquals(1, x);", "assertEquals(1,\n\t x) ;", True),
        ('assertEquals("a b", x);', 'assertEquals("ab", x);', True),  # white space in literals too
        ("assertEquals(1, x)", "assertEquals(1, x);", False),
        ("AssertTrue(x);", "assertTrue(x);", False),
        ("org.junit.Assert.assertTrue(x);", "assertTrue(x);", False),
        ("", "assertTrue(x);", False),
        (" \n\t", "assertTrue(x);", False),
    ],
)
def test_only_white_space_is_forgiven(prediction, reference, equal):
    assert exact_match(prediction, [reference]) is equal


def test_any_reference_counts():
    assert exact_match("b ;", ["a;", "b;"])
    assert not exact_match("b;", [])


def test_at_k_looks_at_the_first_k():
    candidates = ["a;", "b;", "c;"]
    assert [exact_match_at_k(candidates, ["b;"], k) for k in (1, 2, 3, 9)] == [False, True, True, True]
    with pytest.raises(ValueError, match="got 0"):
        exact_match_at_k(candidates, ["b;"], 0)
