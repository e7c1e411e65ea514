"""Code tokens of any Java text, broken text included: a lexer, since half a statement has no useful tree."""

from __future__ import annotations

import re

_COMMENT = r"//[^\n]* | /\*.*?(?:\*/|\Z)"
# Text block, string, character; an open one ends with the text or with the line.
_LITERAL = r"""
    \"{3}[ \t\f]*\r?\n(?:[^\\]|\\.)*?(?:\"{3}|\Z)
  | "(?:[^"\\\n]|\\[^\n])*(?:"|\\?(?=\n|\Z))
  | '(?:[^'\\\n]|\\[^\n])*(?:'|\\?(?=\n|\Z))
"""
# In order of precedence and, where that is free, of frequency; after JLS 21 §3.8-§3.12. Shifts and closing
# generics look alike to a lexer, so `>` always stands alone (JLS §3.5 leaves the choice to the parser).
_LEXER = re.compile(
    rf"""
    \s+ | {_COMMENT}
    | ( [^\W\d][\w$]*
      | {_LITERAL}
      | 0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]+)?[fFdDlL]?
      | 0[bB][01_]+[lL]?
      | (?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9_]+)?[fFdDlL]?
      | \$[\w$]*
      | \.\.\. | -> | :: | \+\+ | -- | && | \|\| | <<= | << | [-+*/%&|^!=<>]=
      | \S
      )
    """,
    re.VERBOSE | re.DOTALL,
)
# The line break after a line comment stays, or the comment would swallow what follows it.
_SPACE = re.compile(rf"( {_LITERAL} | //[^\n]*\n? | {_COMMENT} ) | \s+", re.VERBOSE | re.DOTALL)


def code_tokens(text: str) -> list[str]:
    """Return the Java tokens of a snippet, without comments.

    A string, character or text block is one token, quotes included. Anything goes in: what is no Java token
    comes out character by character, and a text of nothing but comments is split at white space, so that only
    blank text has no tokens.

    Args:
        text: Java source of any extent, also syntactically wrong.

    Returns:
        Tokens in source order.
    """
    return list(filter(None, _LEXER.findall(text))) or text.split()


def token_spans(text: str) -> list[tuple[int, int]]:
    """Return where the Java tokens of a snippet stand; a text of nothing but comments has none.

    Args:
        text: Java source of any extent, also syntactically wrong.

    Returns:
        Character spans [start, end) in source order; their texts are ``code_tokens``.
    """
    return [match.span(1) for match in _LEXER.finditer(text) if match[1]]


def one_line(statement: str) -> str:
    """Collapse white space outside literals and comments, so that a statement of many lines becomes one.

    Args:
        statement: Java source.

    Returns:
        The source on one line, but for text blocks and line comments, which keep their line breaks.
    """
    return _SPACE.sub(lambda match: match[1] or " ", statement.strip())
