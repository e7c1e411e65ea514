"""Data flow by hand: (variable, relation, origins), variables numbered as they appear."""

from __future__ import annotations

import itertools

import pytest

from kdlib.java.syntax import parse
from kdlib.java.tokens import code_tokens
from kdlib.metrics.dataflow import can_flow, data_flow

FROM, COMPUTED = "comesFrom", "computedFrom"


def flows(text):
    return data_flow(parse(text.encode()).root_node)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("f(x);", []),
        ("f(1, 1);", []),  # literals hold nothing
        ("f(x, x);", [(0, FROM, ()), (0, FROM, (0,))]),
        ("this.f(this, true, true);", []),
        # x is made of y, y is where it comes from.
        ("int x = y;", [(1, FROM, (0,)), (0, FROM, ())]),
        # The last setting counts, so that the first x goes nowhere; 2 and 3 are variables 0 and 2.
        (
            "x = 2; x = 3; f(x);",
            [(1, COMPUTED, (0,)), (0, FROM, ()), (1, COMPUTED, (2,)), (2, FROM, ()), (1, FROM, (1,))],
        ),
        ("x++;", [(0, COMPUTED, (0,))]),
        ("int x; f(x);", [(0, FROM, ()), (0, FROM, (0,))]),
        ("int x = true; f(x);", [(0, FROM, (0,))]),
        ("x += y + y;", [(1, COMPUTED, (0,)), (0, FROM, ()), (0, FROM, (0,))]),
        # A string is one variable, whatever stands in it.
        ('x = "a\\n";', [(1, COMPUTED, (0,)), (0, FROM, ())]),
    ],
)
def test_by_hand(text, expected):
    assert flows(text) == expected


def test_loops_carry_values_round():
    # The first x has no origin unless the loop comes round.
    once, twice = flows("{ f(x); x = y; }"), flows("while (true) { f(x); x = y; }")
    assert (0, FROM, ()) not in twice
    assert twice[0] == (0, FROM, (0,))
    assert once[0] != (0, FROM, (0,))
    for loop in ("for (int i = 0; true; ) { f(x); x = y; }", "for (T t : ts) { f(x); x = y; }"):
        assert any(own == (number,) for number, _, own in flows(loop))
    # Without a declaration nothing is repeated.
    assert flows("for (;;) { f(x); x = y; }") == once


def test_branches_join():
    # Both settings of x, and no other, may be what is read, so that each of them is an origin and stays.
    both = flows("int x; if (a) x = true; else x = false; f(x);")
    assert both == [(0, FROM, ()), (0, FROM, (0,))]
    # The condition is not passed on the way to `else`: b is read there for the first time again.
    assert flows("if (b) f(); else g(b);") == []
    assert flows("if (b) f(b); else g();") == [(0, FROM, ()), (0, FROM, (0,))]


def loops(depth):
    """Loops in loops that all set what the others read."""
    body = "f(" + ", ".join(f"v{n}" for n in range(depth)) + ");"
    for n in reversed(range(depth)):
        body = f"while (c{n}) {{ v{n} = w{n}; {body} w{n} = v{(n + 1) % depth}; if (d) v{n} = u{n}; }}"
    return body


@pytest.mark.parametrize("depth", [1, 2, 3, 5, 16])
def test_deep_loops_end(depth):
    own = flows(loops(depth))
    # Every variable but d, which nothing sets and which is read before, has an origin inside the loops.
    assert sum(bool(origins) for _, _, origins in own) >= 4 * depth


@pytest.mark.parametrize(
    "text",
    [
        "f(a$b, a$b);",
        "f(_x, _x);",
        "f(ü, ü);",
        "f(a\u0331, a\u0331);",
        "f(Ⅷ, Ⅷ);",
        "x >>= 1;",
        "for (T a : b) f();",
        "--x;",
    ],
)
def test_no_text_with_flow_is_left_out(text):
    assert flows(text)
    assert can_flow(code_tokens(text))


@pytest.mark.parametrize(
    "operator", ["=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>=", ">>>="]
)
def test_every_assignment_can_flow(operator):
    assert flows(f"x {operator} y;") == [(1, COMPUTED, (0,)), (0, FROM, ())]
    assert can_flow(code_tokens(f"x {operator} y;"))


def test_most_assertions_cannot_flow():
    assert not can_flow(code_tokens('assertEquals(0, list.get(0).size(), "size(0)");'))


def test_numbers_are_shared_by_equal_shapes():
    renamed = [flows(text) for text in ("int a = b; f(a, b);", "int x = y; g(x, y);")]
    assert renamed[0] == renamed[1]
    assert all(
        a != b for a, b in itertools.pairwise([flows("f(x, x);"), flows("x = x;"), flows("int x = x;")])
    )
