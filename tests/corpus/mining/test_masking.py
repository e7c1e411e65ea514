"""Masked tests, read off the mined examples."""

from __future__ import annotations

import pytest

from kdlib.java.syntax import parse_statements
from kdlib.records import MARKER


def masks(mine_test, body):
    members = "    @Test\n    public void adds() {\n" + body + "\n    }"
    examples, _ = mine_test(members)
    head, tail = "@Test\npublic void adds() {\n", "\n}"
    for example in examples:
        assert example.masked_test.startswith(head)
        assert example.masked_test.endswith(tail)
        assert example.masked_test.count(MARKER) == 1
    return [(example.masked_test[len(head) : -len(tail)], *example.references) for example in examples]


def test_two_assertions_with_statements_between(mine_test):
    body = """        Money a = Money.of(1);
        assertEquals(1, a.cents()); // first

        // adds
        Money b = a.plus(a);
        assertEquals(2, b.cents()); // second

        b.cents();"""
    first = (
        f"    Money a = Money.of(1);\n    {MARKER}\n\n    // adds\n    Money b = a.plus(a);\n    b.cents();"
    )
    second = (
        "    Money a = Money.of(1);\n    assertEquals(1, a.cents()); // first\n\n    // adds\n"
        f"    Money b = a.plus(a);\n    {MARKER}\n\n    b.cents();"
    )
    assert masks(mine_test, body) == [
        (first, "assertEquals(1, a.cents());"),
        (second, "assertEquals(2, b.cents());"),
    ]


def test_a_run_of_assertions_leaves_no_run_of_blank_lines(mine_test):
    one = "        assertEquals(0, Money.ZERO.cents());\n"
    found = masks(mine_test, "\n".join([one] * 5) + "        Money.of(1);")
    assert found[0][0] == f"    {MARKER}\n\n    Money.of(1);"


def test_code_on_the_line_of_the_marker_is_not_swallowed(mine_test):
    body = "        Money a = Money.of(1); assertEquals(1, a.cents()); a.plus(a); assertTrue(a.cents() > 0);"
    assert masks(mine_test, body) == [
        (f"    Money a = Money.of(1); {MARKER}\n    a.plus(a);", "assertEquals(1, a.cents());"),
        (
            f"    Money a = Money.of(1); assertEquals(1, a.cents()); a.plus(a); {MARKER}",
            "assertTrue(a.cents() > 0);",
        ),
    ]


def test_the_syntax_around_a_nested_assertion_stays_whole(mine_test):
    body = """        for (int i = 0; i < 3; i++) {
            if (i > 0) assertEquals(i, Money.of(i).cents());
            else assertEquals(0, Money.ZERO.cents());
        }
        try {
            Money.of("x");
            fail("no number");
        } catch (NumberFormatException e) {
            assertNotNull(e);
        }
        java.util.List.of(1).forEach(x -> {
            assertEquals(1, Money.of(x).cents());
        });
        switch (1) {
            case 1:
                assertEquals(1, Money.of(1).cents());
                break;
        }"""
    found = masks(mine_test, body)
    assert len(found) == 6
    for masked, reference in found:
        restored = masked.replace(MARKER, reference)
        assert parse_statements(restored.encode()) is not None, restored
        assert len(parse_statements(restored.encode())) == 4
    assert "if (i > 0) " + MARKER + "\n        else ;" in found[0][0]
    assert "} catch (NumberFormatException e) {\n    }" in found[2][0]
    assert 'fail("no number");' in found[3][0]
    assert f"forEach(x -> {{\n        {MARKER}\n    }});" in found[4][0]


def test_an_assertion_inside_another_belongs_to_it(mine_test):
    body = """        assertThrows(Exception.class, () -> {
            Money.of("x");
            assertTrue(false);
        });"""
    assert masks(mine_test, body) == [
        (f"    {MARKER}", 'assertThrows(Exception.class, () -> { Money.of("x"); assertTrue(false); });')
    ]


def test_an_assertion_of_many_lines_and_a_text_block(mine_test):
    body = '''        assertEquals(
            """
            two  words
              deeper
            """,
            Money.of(1)
                .toString());'''
    ((masked, reference),) = masks(mine_test, body)
    assert masked == f"    {MARKER}"
    text = '"""\n            two  words\n              deeper\n            """'
    assert reference == f"assertEquals( {text}, Money.of(1) .toString());"


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_line_ends_do_not_show(mine, newline):
    test = """package shop;
import org.junit.*;
public class MoneyTest {
\t@Test
\tpublic void adds() {
\t\tMoney a = Money.of(1);
\t\tAssert.assertEquals(1,
\t\t\ta.cents());
\t\ta.plus(a);
\t}
}
"""
    money = """package shop;
class Money {
\tlong cents() {
\t\treturn 1;
\t}
\tstatic Money of(int x) { return null; }
}
"""
    files = {"MoneyTest.java": test, "Money.java": money}
    ((example,), _) = mine({path: text.replace("\n", newline) for path, text in files.items()})
    assert (
        example.masked_test
        == f"@Test\npublic void adds() {{\n\tMoney a = Money.of(1);\n\t{MARKER}\n\ta.plus(a);\n}}"
    )
    assert example.focal_method == "long cents() {\n\treturn 1;\n}"
    assert example.references == ("Assert.assertEquals(1, a.cents());",)
