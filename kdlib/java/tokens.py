"""Code tokens of any Java text, broken text included: a lexer, since half a statement has no useful tree."""

from __future__ import annotations

import re

# Alternatives in order of precedence, after JLS 21 §3.6-§3.12. Shifts and closing generics look alike to a
# lexer, so `>` always stands alone (JLS §3.5 leaves the choice to the parser); an open literal ends with its line.
_LEXER = re.compile(
    r"""
      //[^\n]* | /\*.*?(?:\*/|\Z)                                        # comments: matched, not captured
    | (
        \"{3}[ \t\f]*\r?\n(?:[^\\]|\\.)*?(?:\"{3}|\Z)                    # text block
      | "(?:[^"\\\n]|\\[^\n])*(?:"|\\?(?=\n|\Z))                         # string
      | '(?:[^'\\\n]|\\[^\n])*(?:'|\\?(?=\n|\Z))                         # character
      | 0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]+)?[fFdDlL]?
      | 0[bB][01_]+[lL]?
      | (?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9_]+)?[fFdDlL]?
      | [\w$]+                                                           # identifiers, keywords
      | \.\.\. | -> | :: | \+\+ | -- | && | \|\| | <<= | << | [-+*/%&|^!=<>]=
      | \S
      )
    """,
    re.VERBOSE | re.DOTALL,
)


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
    return [token for token in _LEXER.findall(text) if token] or text.split()
