from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdlib.java.validity import is_statement, is_statement_javalang

BOTH = [
    "assertEquals(1, x.f());",
    "  Assert.assertThat(x, is(new Foo<>(1)));  // why",
    "assertThrows(E.class, () -> { int a = 1; f(a); });",
    "int x = 1, y = 2;",
    "x = y++;",
    "i--;",
    "if (a) b(); else c();",
    "for (;;);",
    "try { a(); } finally { b(); }",
    "assert x == 1 : x;",
    "return;",
    "class Local {}",
    "{ a(); b(); }",
    "assertEquals((char) 1, (int[]) a[0]);",
]
MODERN = [
    'assertEquals("""\n  a\n  """, x);',
    "switch (x) { case 1 -> y(); default -> z(); }",
    "record P(int x) {}",
    "if (o instanceof String s && s.isEmpty()) f();",
    "yield 3;",
]
NEITHER = [
    "",
    "  \n",
    "// a comment",
    "/* a */ // b",
    ";",
    "assertTrue(x)",
    "assertEquals(1, x.f();",
    'assertEquals("a, x);',
    "assertEquals(1 2);",
    "a(); b();",
    "a();;",
    "a(); /* open",
    "} void other() { a();",
    "a(); } } class Other { void m() { b();",
    "import a.b;",
    "package a;",
    "void f() {}",
    "x",
    "{",
    "the answer is 42",
    "```java\nassertTrue(x);\n```",
    "\ud800();",
    "assertTrue(x);\0",
]


@pytest.mark.parametrize("text", BOTH)
def test_statements_by_both(text):
    assert is_statement(text)
    assert is_statement_javalang(text)


@pytest.mark.parametrize("text", MODERN)
def test_javalang_is_older_than_these(text):
    assert is_statement(text)
    assert not is_statement_javalang(text)


@pytest.mark.parametrize("text", NEITHER)
def test_no_statements(text):
    assert not is_statement(text)
    assert not is_statement_javalang(text)


@pytest.mark.parametrize("text", ["1 + 2;", "x -> 1;", "(x());", "this(1);", "@interface X {}"])
def test_no_statement_though_the_grammars_are_generous(text):
    assert not is_statement(text)


def test_degenerate_output_is_judged_at_once():
    # Each pair of brackets doubles javalang's time: without a bound the first line would take years.
    for text in ("((a)+(" * 200, "f(" * 3000 + ")" * 3000 + ";", "assertEquals(" * 2000, "x" * 10_000):
        assert not is_statement_javalang(text)
    assert is_statement("f(" * 300 + ")" * 300 + ";")


@pytest.mark.parametrize("text", ["@A(", "f(); @A(1", "@A((x);", '@A(")") ; @B.c("(', "@A(]);", "@A({);})"])
def test_javalang_does_not_look_for_the_end_of_an_annotation_for_ever(text):
    assert not is_statement(text)
    assert not is_statement_javalang(text)


@pytest.mark.parametrize("text", ["@A int x = 1;", '@A(")") int x = 1;', "@A({1, (2)}) class B { int[] c; }"])
def test_closed_annotations_are_fine(text):
    assert is_statement(text)
    assert is_statement_javalang(text)


@given(st.text(alphabet="af(){}[];\"'\\/*\n .,<>=1@"))
def test_never_raises(text):
    assert is_statement(text) in (True, False)
    assert is_statement_javalang(text) in (True, False)
