"""Is a text one syntactically valid Java statement? By tree-sitter (modern Java) and by javalang (Java 8)."""

from __future__ import annotations

from collections.abc import Sequence

import javalang
from tree_sitter import Node

from kdlib.java.syntax import parse_statements

# JLS 21 §14.8: only these expressions may stand as a statement; the grammar would take any.
_EXPRESSIONS = frozenset(
    {"assignment_expression", "update_expression", "method_invocation", "object_creation_expression"}
)
# The grammar takes every declaration inside a method; JLS 21 §14.3-§14.4 only these.
_STATEMENTS = frozenset(
    {
        "assert_statement",
        "block",
        "break_statement",
        "class_declaration",
        "continue_statement",
        "do_statement",
        "enhanced_for_statement",
        "enum_declaration",
        "for_statement",
        "if_statement",
        "interface_declaration",
        "labeled_statement",
        "local_variable_declaration",
        "record_declaration",
        "return_statement",
        "switch_expression",
        "synchronized_statement",
        "throw_statement",
        "try_statement",
        "try_with_resources_statement",
        "while_statement",
        "yield_statement",
    }
)
# javalang's parser tries every open bracket in several ways and takes time exponential in their depth.
_DEEPEST = 21  # with the braces around the statement
_OPENING = {")": "(", "]": "[", "}": "{"}


def is_statement(text: str) -> bool:
    """Return whether a text is exactly one syntactically valid Java statement, by tree-sitter.

    Empty text, comments alone and the empty statement ``;`` are invalid.

    Args:
        text: A candidate, e.g. a generated assertion.
    """
    return only_statement(text) is not None


def only_statement(text: str) -> Node | None:
    """Return the statement of a text that is exactly one valid Java statement, else None.

    Args:
        text: A candidate, e.g. a generated assertion.
    """
    statements = parse_statements(text.encode(errors="replace"))
    if statements is None or len(statements) != 1:
        return None
    (statement,) = statements
    if statement.type == "expression_statement":
        return statement if statement.named_children[0].type in _EXPRESSIONS else None
    return statement if statement.type in _STATEMENTS else None


def is_statement_javalang(text: str) -> bool:
    """Return whether a text is exactly one valid Java statement, by javalang.

    The measure of earlier systems, kept for comparison. It knows Java 8: text blocks and ``->`` cases fail.

    Args:
        text: A candidate, e.g. a generated assertion.
    """
    try:
        tokens = list(javalang.tokenizer.tokenize(f"{{\n{text}\n}}"))
        if not _is_parsed_in_time(tokens):
            return False
        parser = javalang.parser.Parser(tokens)
        statements = parser.parse_block()
    # Wrong input meets javalang's own errors, but also StopIteration, TypeError, RecursionError and more.
    except Exception:
        return False
    # A brace of the text may end the block early.
    whole = isinstance(parser.tokens.look(), javalang.tokenizer.EndOfInput)
    return whole and len(statements) == 1 and type(statements[0]) is not javalang.tree.Statement


def _is_parsed_in_time(tokens: Sequence[javalang.tokenizer.JavaToken]) -> bool:
    """Return whether all brackets match and are not too deep.

    Where they do not match, the text is wrong, and javalang would look for the end of ``@A(`` for ever.
    """
    open_brackets: list[str] = []
    for token in tokens:
        if token.value in _OPENING.values():
            open_brackets.append(token.value)
            if len(open_brackets) > _DEEPEST:
                return False
        elif token.value in _OPENING and (not open_brackets or open_brackets.pop() != _OPENING[token.value]):
            return False
    return not open_brackets
