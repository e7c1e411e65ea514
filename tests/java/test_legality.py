from __future__ import annotations

from functools import reduce
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kdlib.java.legality import End, Mode, State, effect_of
from kdlib.java.tokens import code_tokens
from kdlib.java.validity import is_statement

COMPLETE = [
    "assertEquals(1, x.f());",
    "assertEquals(a[i], new int[] {1, 2}[0]); // why; (",
    "assertEquals(a / b, /* ) */ c); /* done */ \r\n\t",
    "assertEquals(a /*/ ( */, b /***/);",
    'assertEquals("", "\\"; (" + "\\\\");',
    "assertEquals('\"', '\\'');",
    "assertEquals(\"'\", '\\u0022');",
    'assertEquals("""\n  "a" ""b \\""" \\\\""", x);',
    'assertEquals("""  \t\r\n""", x);',
    "assertTrue(a < b == c > d);",
    "assertThat(new HashMap<String, List<int[]>>());",
    "assertThrows(E.class, () -> { int a = 1; f(a); });",
    "assertThrows(E.class, () -> { for (int i = 0; i < 3; i++) { try (A a = b(); C c = d()) { } } });",
    "assertAll(() -> { f(); }, () -> { g(); ; });",
    "assertEquals(1, switch (x) { case 1 -> { yield 2; } default -> 3; });",
    "assertEquals(x, new A() { int f() { return 1; } }.f());",
    "new A() { void f() { g(); } }.f();",
    "int[] x = {1, {2}[0]};",
    "final Exception e = assertThrows(E.class, this::f);",
    'assert x == 1 : "no; )";',
    "{ a(); b(); }",
    "try { a(); fail(); } catch (E e) { b(e.getMessage()); } // c",
]
# A text that still can follow, and one that cannot.
BOUNDARIES = [
    ("f(a[0", "]", ")"),
    ("f(a[0", "]);", "])}"),
    ("f(a", ");", "};"),
    ("f(() -> {", "});", ");"),
    ("f(() -> {", "; a(); })", "; a(); )"),
    ("f(() -> {", "for (;;) {", "for (;;] {"),
    ("f(", "g(", ";"),
    ("f(", "() -> { ; }", "(;)"),
    ("f(a[", "0", ";"),
    ("f", "();", "(;"),
    ("f(", "x);", ";);"),
    ("f()", ";", ";;"),
    ("f()", "; ", "; g"),
    ("f();", " // )", ")"),
    ("f();", "/", ";"),
    ("f();", "/* ; ", "/ 2"),
    ("f(); /", "/", " 2"),
    ("f(); /* ", "*/", "*/ x"),
    ("f(); // a", "b;", "\n;"),
    ('f("a', '");', '\n");'),
    ('f("a\\', '");', "\n"),
    ("f('a", "');", "\r"),
    ('f(""', ");", "};"),
    ('f("""', " \n", "a"),
    ('f("""\na', '"");', '""");;'),
    ("{ a(); ", "}", ")"),
    ("{ a(); }", ".b();", ")"),
    ("", "{", "}"),
]
INCOMPLETE = [
    "",
    " ",
    "f()",
    "f(",
    "f(1",
    "f();/",
    "f(); /* a",
    "f(); /* *",
    'f("a',
    "int[] x = {1}.y",
    "// f();",
]


@pytest.mark.parametrize("text", COMPLETE)
def test_a_statement_is_complete(text):
    state = State().after(text)
    assert state is not None
    assert state.complete


@pytest.mark.parametrize(("prefix", "possible", "impossible"), BOUNDARIES)
def test_what_can_follow(prefix, possible, impossible):
    state = State().after(prefix)
    assert state.after(possible) is not None
    assert state.after(impossible) is None


@pytest.mark.parametrize("text", INCOMPLETE)
def test_an_unfinished_statement_is_not_complete(text):
    assert not State().after(text).complete


@pytest.mark.parametrize("text", COMPLETE)
def test_the_statement_ends_at_its_last_mark_only(text):
    """Every shorter prefix is open, unless it stops after a brace that may be the statement's last."""
    ends = [n for n in range(len(text)) if State().after(text[:n]).complete]
    code = [n for n in ends if text[n - 1] in ";}" and State().after(text[: n - 1]).mode is Mode.CODE]
    for n in code:
        prefix = text[:n]
        assert prefix.endswith("}") or "".join(code_tokens(text)) == "".join(code_tokens(prefix))
    assert not [n for n in ends if n < min(code, default=len(text))]


@pytest.mark.parametrize("text", COMPLETE)
def test_a_cut_statement_is_complete_wherever_the_grammar_says_so(text):
    cuts = [text[:n] for n in range(len(text) + 1) if is_statement(text[:n])]
    assert all(State().after(cut).complete for cut in cuts)
    for cut in cuts[:-1]:
        assert State().after(cut).end is not End.NO


ALPHABET = "a(){}[];\"'\\/*\n =\ufffd"


def cut_at(text, places):
    bounds = [0, *sorted(place % (len(text) + 1) for place in places), len(text)]
    return [text[a:b] for a, b in pairwise(bounds)]


def run(parts, state=None):
    return reduce(lambda at, part: at and at.after(part), parts, state or State())


# Mutilated statements get further into the automaton than random characters do.
TEXTS = st.one_of(
    st.text(ALPHABET, max_size=12),
    st.builds(
        lambda text, place, length, more: (
            text[: place % len(text)] + more + text[place % len(text) + length :]
        ),
        st.sampled_from(COMPLETE),
        st.integers(0, 200),
        st.integers(0, 3),
        st.text(ALPHABET, max_size=3),
    ),
)


@settings(max_examples=500, deadline=None)
@given(TEXTS, st.lists(st.integers(0, 200), max_size=4))
def test_any_cutting_leads_to_the_same_state(text, places):
    assert run(cut_at(text, places)) == run(text)


def stack_by_hand(tokens):
    """Return whether tokens can start a statement, and whether they are one, by a plain loop."""
    stack, over, last = [], False, ""
    for token in tokens:
        if over:
            return False, False
        if token in ("(", "[", "{"):
            stack.append(token)
        elif token in (")", "]", "}"):
            if not stack or stack.pop() + token not in ("()", "[]", "{}"):
                return False, False
        elif token == ";":
            if stack and "{" not in stack:
                return False, False
            over = not stack
        last = token
    return True, not stack and last in (";", "}")


@settings(max_examples=500, deadline=None)
@given(
    st.lists(
        st.sampled_from([*"()[]{};;", "a", "/", '"(;"', "'}'", "/*;*/", "// )\n", '"""\n{"""']), max_size=9
    )
)
def test_agrees_with_a_plain_loop_over_tokens(tokens):
    state = State().after("".join(token + " " for token in tokens))
    possible, complete = stack_by_hand([token for token in tokens if not token.startswith(("/*", "//"))])
    assert (state is not None, state is not None and state.complete) == (possible, possible and complete)


@settings(max_examples=300, deadline=None)
@given(TEXTS, st.text("a)]};({[ ", max_size=4), st.integers(0, 3))
def test_a_trimmed_state_judges_alike(prefix, text, more):
    state = run(prefix)
    effect = state and effect_of(state.mode, text)
    if effect is None:
        return
    trimmed = state.trimmed(len(effect.needs) + more)
    assert (trimmed.take(effect) is None) == (state.take(effect) is None)
    assert trimmed.complete == state.complete
    assert len(trimmed.stack) <= len(effect.needs) + more + 1


@pytest.mark.parametrize(("stack", "trimmed"), [("({[(", "{[("), ("([[(", "([("), ("[(", "[(")])
def test_trimming_remembers_a_brace(stack, trimmed):
    assert State(stack=stack).trimmed(2) == State(stack=trimmed)
