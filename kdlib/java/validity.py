"""Is a text one syntactically valid Java statement? By tree-sitter (modern Java) and by javalang (Java 8)."""

from __future__ import annotations

import javalang

from kdlib.java.syntax import parse_statements
from kdlib.java.tokens import code_tokens

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
_DEEPEST = 20


def is_statement(text: str) -> bool:
    """Return whether a text is exactly one syntactically valid Java statement, by tree-sitter.

    Empty text, comments alone and the empty statement ``;`` are invalid.

    Args:
        text: A candidate, e.g. a generated assertion.
    """
    statements = parse_statements(text.encode(errors="replace"))
    if statements is None or len(statements) != 1:
        return False
    statement = statements[0]
    if statement.type == "expression_statement":
        return statement.named_children[0].type in _EXPRESSIONS
    return statement.type in _STATEMENTS


def is_statement_javalang(text: str) -> bool:
    """Return whether a text is exactly one valid Java statement, by javalang.

    The measure of earlier systems, kept for comparison. It knows Java 8: text blocks and ``->`` cases fail.

    Args:
        text: A candidate, e.g. a generated assertion.
    """
    if not code_tokens(text) or _depth(text) > _DEEPEST:
        return False
    try:
        unit = javalang.parse.parse(f"class C {{ void m() {{\n{text}\n}} }}")
    # Wrong input meets javalang's own errors, but also StopIteration, TypeError, RecursionError and more.
    except Exception:
        return False
    if len(unit.types) != 1 or len(unit.types[0].body) != 1:
        return False
    body = unit.types[0].body[0].body
    return len(body) == 1 and type(body[0]) is not javalang.tree.Statement


def _depth(text: str) -> int:
    depth = deepest = 0
    for token in code_tokens(text):
        depth += (token in "([{") - (token in ")]}")
        deepest = max(deepest, depth)
    return deepest
