"""Shapes of assertions, by which tests compare how varied a set of them is."""

from __future__ import annotations

import re

from kdlib.java.assertions import ASSERTIONS
from kdlib.java.tokens import code_tokens

# JLS 21 §3.9 and the literals of §3.10.
_KEYWORDS = frozenset(
    """
    abstract assert boolean break byte case catch char class const continue default do double else enum
    extends final finally float for goto if implements import instanceof int interface long native new
    package private protected public return short static strictfp super switch synchronized this throw
    throws transient try void volatile while true false null
    """.split()  # noqa: SIM905  (a list of one a line is no clearer)
)
_NUMBER = re.compile(r"\.?[0-9]")
_WORD = re.compile(r"[^\W\d]|\$")


def shape_of(statement: str) -> str:
    """Return the shape of an assertion: its tokens with names and values replaced by placeholders.

    Names of assertions and keywords stay; other identifiers become ``ID``, literals ``STR``, ``NUM`` or
    ``CHR``.

    Args:
        statement: Java source; it need not be valid.

    Returns:
        Tokens joined by spaces.
    """
    tokens = code_tokens(statement)
    following = [*tokens[1:], ""]
    return " ".join(_shape(token, after) for token, after in zip(tokens, following, strict=False))


def _shape(token: str, following: str) -> str:
    if token[0] in "\"'":
        return "STR" if token[0] == '"' else "CHR"
    if _NUMBER.match(token):
        return "NUM"
    if not _WORD.match(token) or token in _KEYWORDS or (token in ASSERTIONS and following == "("):
        return token
    return "ID"
