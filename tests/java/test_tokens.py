from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdlib.java.syntax import parse
from kdlib.java.tokens import code_tokens, one_line, token_spans

JAVA = '''
class A<T> {
    int[] f(List<? extends T> xs) throws E { // gone
        /* gone */ long n = 0xFFL + 1_000 + .5e-3f + 0b101 + 0x1.8p3;
        String s = "a \\" b // no comment" + '\\'' + """
            block "quoted"
            """;
        for (int i = 0; i >= -n; i++) { xs.forEach(x -> A::g); s += i == 3 ? "" : null; }
        return new int[] {1, 2};
    }
    void g(int... y) { assert y != null && !false || true; n <<= 2; }
}
'''


def leaves(source):
    """Tokens by tree-sitter, literals whole: a reading of valid Java that shares nothing with the lexer."""
    stack, found = [parse(source.encode()).root_node], []
    while stack:
        node = stack.pop()
        if node.type in ("line_comment", "block_comment"):
            continue
        if node.child_count == 0 or node.type in ("string_literal", "character_literal"):
            found.append(node.text.decode())
        else:
            stack.extend(reversed(node.children))
    return found


def test_tokens_of_valid_java_are_those_of_the_grammar():
    assert code_tokens(JAVA) == leaves(JAVA)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('f("open, 1);\ng();', ["f", "(", '"open, 1);', "g", "(", ")", ";"]),
        ("'x", ["'x"]),
        ('"ends with \\', ['"ends with \\']),
        ('"""\nopen "" text', ['"""\nopen "" text']),
        ("a /* open", ["a"]),
        ("assertEquals(1 2", ["assertEquals", "(", "1", "2"]),
        ("List<List<X>>x", ["List", "<", "List", "<", "X", ">", ">", "x"]),
        ("# `", ["#", "`"]),
        ("Größe $1", ["Größe", "$1"]),
        ("", []),
        (" \n", []),
        ("// only this", ["//", "only", "this"]),
    ],
)
def test_broken_or_odd_text(text, expected):
    assert code_tokens(text) == expected


@given(st.text(alphabet="ab1\"'\\/*\n .<>é#"))
def test_only_blank_text_has_no_tokens_and_nothing_is_invented(text):
    tokens = code_tokens(text)
    assert bool(tokens) == bool(text.strip())
    position = 0
    for token in tokens:
        position = text.index(token, position) + len(token)


@given(st.text(alphabet="ab1\"'\\/*\n .<>é#"))
def test_spans_are_those_of_the_tokens(text):
    spans = token_spans(text)
    assert [text[start:end] for start, end in spans] == (code_tokens(text) if spans else [])
    assert spans == sorted(spans)
    assert all(end <= start for (_, end), (start, _) in pairwise(spans))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/* null */ null", [(11, 15)]),
        ("// a\na//b", [(5, 6)]),
        ("é é", [(0, 1), (2, 3)]),
        ("// only this", []),
        ("", []),
    ],
)
def test_spans_skip_comments(text, expected):
    assert token_spans(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" f(1,\n    2);\n", "f(1, 2);"),
        ("f(\"a  b\",  '\t');", "f(\"a  b\", '\t');"),
        (
            'f("""\n    two  words\n      deeper\n    """,\n  1);',
            'f("""\n    two  words\n      deeper\n    """, 1);',
        ),
        ("f(1, // one\n   2);", "f(1, // one\n 2);"),
        ("f(1, /* a\n b */\n   2);", "f(1, /* a\n b */ 2);"),
    ],
)
def test_one_line_touches_no_literal_and_keeps_the_code(text, expected):
    assert one_line(text) == expected
    assert code_tokens(one_line(text)) == code_tokens(text)
    assert one_line(one_line(text)) == one_line(text)
