from __future__ import annotations

import pytest

from kdlib.java.tautologies import tautology

ALWAYS_TRUE = {
    "assertTrue(true);": "its condition is the constant true",
    'Assert.assertTrue("why", true);': "its condition is the constant true",
    "assertTrue(x == (x));": "its condition is always true",
    "assertFalse(false);": "its condition is the constant false",
    "assertFalse(a.b < a.b);": "its condition is always false",
    "assertEquals(x, x);": "both sides are x",
    "assertEquals(x, /* the same */ x);": "both sides are x",
    'assertEquals("why", x, x);': "both sides are x",
    "assertEquals(1.0, 1.0, 0.1);": "both sides are 1.0",
    "assertSame(this.list, this . list);": "both sides are this.list",
    "assertNotNull(new Object());": "new Object() is never null",
    'assertNotNull("why", new int[2]);': "new int[2] is never null",
    'assertNotNull("text");': '"text" is never null',
    "assertNull(null);": "null is null",
    "assertNotEquals(1, 2);": "1 and 2 are constants",
    "assertThat(x, is(x));": "both sides are x",
    'assertThat("why", x, is(equalTo(x)));': "both sides are x",
    "assertThat(x).isEqualTo(x);": "both sides are x",
    "assertThat(true).isTrue();": "its condition is the constant true",
    "assertThat(x);": "it checks nothing",
    "assertDoesNotThrow(() -> { });": "it runs nothing",
}
MAY_FAIL = [
    "assertTrue(x);",
    "assertTrue(!true);",
    "assertFalse(true);",
    "assertTrue(x != x);",
    "assertEquals(x, y);",
    "assertEquals(next(), next());",
    "assertEquals(i++, i++);",
    "assertEquals(new Date(), new Date());",
    "assertEquals(x, 0.0, 0.0);",
    'assertEquals("a", x, y);',
    "assertNotSame(x, x);",
    "assertNotNull(make());",
    'assertNotNull("why", x);',
    "assertNotEquals(1, 1);",
    "assertThat(x, is(y));",
    "assertThat(x).isEqualTo(x).isPositive();",
    "assertThat(x).isEqualTo(y);",
    "assertThrows(E.class, () -> run());",
    "assertDoesNotThrow(() -> run());",
    "assertTrue(true); assertTrue(x);",
    "assertTrue(",
    "",
    "fail();",
]


@pytest.mark.parametrize(("statement", "reason"), ALWAYS_TRUE.items())
def test_what_cannot_fail_is_told_with_its_reason(statement, reason):
    assert tautology(statement) == reason


@pytest.mark.parametrize("statement", MAY_FAIL)
def test_what_may_fail_is_none(statement):
    assert tautology(statement) is None


def test_strange_texts_are_none():
    assert [tautology(text) for text in ("\ud83d", "((" * 5000, "x" * 10_000, "\x00")] == [None] * 4
