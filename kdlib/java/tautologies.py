"""Assertions that cannot fail, whatever the code under test does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from tree_sitter import Node

from kdlib.java.assertions import opening_call
from kdlib.java.syntax import COMMENTS, parse_statements, text
from kdlib.java.tokens import code_tokens

_LITERALS = frozenset(
    {
        "true",
        "false",
        "null_literal",
        "string_literal",
        "character_literal",
        "decimal_integer_literal",
        "hex_integer_literal",
        "octal_integer_literal",
        "binary_integer_literal",
        "decimal_floating_point_literal",
        "hex_floating_point_literal",
        "class_literal",
    }
)
_EQUAL = frozenset(
    {"assertEquals", "assertSame", "assertArrayEquals", "assertIterableEquals", "assertLinesMatch"}
)
_MATCHERS_OF_EQUALITY = frozenset(
    {"is", "equalTo", "sameInstance", "isEqualTo", "isSameAs", "isEqualByComparingTo"}
)
_NOT_NULL = frozenset({"object_creation_expression", "array_creation_expression"})
# Twice the same of these need not be equal.
_CHANGING = frozenset(
    {
        "method_invocation",
        "object_creation_expression",
        "array_creation_expression",
        "update_expression",
        "assignment_expression",
        "lambda_expression",
    }
)


def tautology(statement: str) -> str | None:
    """Return why an assertion cannot fail, or None if it may.

    ``assertTrue(true)``, ``assertEquals(x, x)``, ``assertNotNull(new A())``, ``assertThat(x, is(x))``,
    ``assertThat(x).isEqualTo(x)`` and similar ones cannot. Two equal calls may have two values, so
    ``assertEquals(next(), next())`` may fail.

    Args:
        statement: Java source; it need not be valid.
    """
    parsed = parse_statements(statement.encode(errors="replace"))
    if not parsed or len(parsed) != 1:
        return None
    call = opening_call(parsed[0])
    if call is None:
        return None
    name = _name(call)
    arguments = _arguments(call)
    check = _CHECKS.get(name)
    if name in _EQUAL:
        return _same_sides(arguments)
    if name == "assertThat":
        return _matched(parsed[0], call, arguments)
    return check(arguments) if check else None


def _matched(statement: Node, call: Node, arguments: Sequence[Node]) -> str | None:
    """Return why a value always fits its matcher, in Hamcrest's form or as a chain."""
    if len(arguments) > 1:
        value, matcher = arguments[-2:]
        inner = _arguments(matcher) if matcher.type == "method_invocation" else []
        if len(inner) == 1 and _name(matcher) in _MATCHERS_OF_EQUALITY:
            return _matched_once(value, _name(matcher), inner[0])
        return None
    chain = call.parent
    if not arguments or chain is None or chain.type != "method_invocation":
        return "it checks nothing" if chain == statement else None
    if chain.parent is None or chain.parent.type != "expression_statement":
        return None  # a longer chain says more
    name = _name(chain)
    given = _arguments(chain)
    if name in _MATCHERS_OF_EQUALITY and len(given) == 1:
        return _matched_once(arguments[0], name, given[0])
    fixed = _CHAINS.get(name)
    return _CHECKS[fixed](arguments) if fixed else None


def _matched_once(value: Node, name: str, expected: Node) -> str | None:
    if expected.type == "method_invocation" and _name(expected) in _MATCHERS_OF_EQUALITY and name == "is":
        inner = _arguments(expected)
        return _matched_once(value, _name(expected), inner[0]) if len(inner) == 1 else None
    return _same_sides([value, expected])


def _same_sides(arguments: Sequence[Node]) -> str | None:
    """Return why the values of a comparison are always equal; a message or delta may stand beside them."""
    # JUnit 4 takes a message first.
    first = 1 if len(arguments) > 2 and arguments[0].type == "string_literal" else 0
    sides = arguments[first : first + 2]
    if len(sides) < 2 or _code(sides[0]) != _code(sides[1]) or _CHANGING & set(_types(sides[0])):
        return None
    return f"both sides are {text(sides[0])}"


def _types(node: Node) -> Iterator[str]:
    """Yield the types of a node and of all below it."""
    pending = [node]
    while pending:
        node = pending.pop()
        yield node.type
        pending += node.named_children


def _always(value: str) -> Callable[[Sequence[Node]], str | None]:
    def check(arguments: Sequence[Node]) -> str | None:
        for argument in arguments:
            if argument.type == value:
                return f"its condition is the constant {value}"
            if argument.type == "binary_expression" and _is_constant(argument, value == "true"):
                return f"its condition is always {value}"
        return None

    return check


def _is_constant(node: Node, value: bool) -> bool:
    """Return whether a comparison has equal sides, so that it is always ``value``."""
    left = node.child_by_field_name("left")
    right = node.child_by_field_name("right")
    sign = node.child_by_field_name("operator")
    if left is None or right is None or sign is None or _code(left) != _code(right):
        return False
    if _CHANGING & set(_types(left)):
        return False
    return sign.type in (("==", "<=", ">=") if value else ("!=", "<", ">"))


def _never_null(arguments: Sequence[Node]) -> str | None:
    subject = arguments[0] if len(arguments) == 1 else None
    candidates = [subject] if subject else [part for part in arguments if part.type in _NOT_NULL]
    for part in candidates:
        if part.type in _NOT_NULL or (part.type in _LITERALS and part.type != "null_literal"):
            return f"{text(part)} is never null"
    return None


def _null(arguments: Sequence[Node]) -> str | None:
    return "null is null" if len(arguments) == 1 and arguments[0].type == "null_literal" else None


def _different_literals(arguments: Sequence[Node]) -> str | None:
    if len(arguments) == 2 and all(part.type in _LITERALS for part in arguments):
        one, other = map(text, arguments)
        return f"{one} and {other} are constants" if one != other else None
    return None


def _nothing_run(arguments: Sequence[Node]) -> str | None:
    body = arguments[0].child_by_field_name("body") if arguments else None
    return "it runs nothing" if body is not None and text(body).replace(" ", "") == "{}" else None


def _name(call: Node) -> str:
    name = call.child_by_field_name("name")
    return text(name) if name else ""


def _arguments(call: Node) -> list[Node]:
    listed = call.child_by_field_name("arguments")
    return [part for part in listed.named_children if part.type not in COMMENTS] if listed else []


def _code(node: Node) -> list[str]:
    while node.type == "parenthesized_expression":
        node = next(part for part in node.named_children if part.type not in COMMENTS)
    return code_tokens(text(node))


_CHECKS: dict[str, Callable[[Sequence[Node]], str | None]] = {
    "assertTrue": _always("true"),
    "assertFalse": _always("false"),
    "assertNotNull": _never_null,
    "assertNull": _null,
    "assertDoesNotThrow": _nothing_run,
    "assertNotEquals": _different_literals,
    "assertNotSame": _different_literals,
}
_CHAINS = {
    "isTrue": "assertTrue",
    "isFalse": "assertFalse",
    "isNotNull": "assertNotNull",
    "isNull": "assertNull",
}
