"""Checks that could fail by the contract of their library, so that nothing need be run to see it."""

from __future__ import annotations

from collections.abc import Sequence

from tree_sitter import Node

from kdlib.java.perturbing.calls import CALL, arguments_of, below, code, name_of, opening, unwrapped
from kdlib.java.perturbing.reads import NAMES
from kdlib.java.syntax import text

# `assertNotNull` is not among them: of a number it is no check.
_SIDES = frozenset({"assertEquals", "assertSame", "assertNotEquals", "assertNotSame"}) | {
    "assertArrayEquals",
    "assertIterableEquals",
    "assertLinesMatch",
}
_CONDITIONS = frozenset({"assertTrue", "assertFalse"})
_THROWS = frozenset({"assertThrows", "assertThrowsExactly", "assertDoesNotThrow"})
_IN_CHAIN = frozenset({"isEqualTo", "isSameAs", "isNotEqualTo", "isNotSameAs"})
_ALONE_IN_CHAIN = frozenset({"isTrue", "isFalse", "isNull"})
_MATCHERS = frozenset({"is", "equalTo", "not", "sameInstance"})
_OF_MOCKS = frozenset({"verifyNoMoreInteractions", "verifyNoInteractions", "verifyZeroInteractions"})
_NUMBERS = frozenset({"decimal_floating_point_literal", "decimal_integer_literal", "hex_integer_literal"})
_MOST_DELTA = 1.0


def plain_check(statement: Node) -> Node | None:
    """Return the call of a check whose verdict depends on a value that it is given as it was read.

    That value is a variable, a field, an element or what a call returns, and is not compared with itself:
    ``assertEquals(3, x.size())``, ``assertTrue(x)``, ``assertThat(x).isEqualTo(y)``. The verdict is that of
    the library only if the call means the library's method, which the caller has to know.

    Args:
        statement: A statement of a syntax tree.

    Returns:
        The call, of a chain the first one; None if the statement is no such check, though it may be one.
    """
    call = statement.named_children[0] if statement.type == "expression_statement" else None
    if call is None or call.type != CALL:
        return None
    first = opening(call)
    name = name_of(first)
    given = arguments_of(first)
    if name == "assertThat" and call != first:
        plain = first == call.child_by_field_name("object") and _is_plain_chain(call, given)
    elif call != first:
        plain = False
    elif name == "assertThat":
        plain = len(given) >= 2 and _is_plain_match(given[-2], given[-1])
    else:
        plain = _is_plain(name, given)
    return first if plain else None


def _is_plain(name: str, given: Sequence[Node]) -> bool:
    if name in _SIDES:
        return _has_plain_side(given)
    if name in _CONDITIONS:
        rest = [part for part in given if part.type != "string_literal"]
        return len(rest) == 1 and _is_plain_condition(rest[0])
    if name == "assertNull":
        return len(given) == 1 and _is_read(given[0])
    if name in _THROWS:
        return any(_calls_something(part) for part in given)
    return name in _OF_MOCKS and bool(given)


def _has_plain_side(given: Sequence[Node]) -> bool:
    """Return whether one of what is compared is; a message or a tolerance may stand beside them."""
    if len(given) == 2:
        return _compares(given[0], given[1])
    if len(given) == 3 and _is_text(given[0]) and given[1].type in _NUMBERS:
        return _compares(given[1], given[2])  # with a message as JUnit 4 takes it
    if len(given) == 4 and _is_text(given[0]) and _is_small(given[3]):
        return _compares(given[1], given[2])
    # Wherever the message stands, the one in the middle is compared.
    if len(given) != 3 or not (_is_text(given[0]) or _is_text(given[2]) or _is_small(given[2])):
        return False
    return _is_read(given[1]) and not any(_mentions(part, given[1]) for part in (given[0], given[2]))


def _compares(one: Node, other: Node) -> bool:
    """Return whether a side is read as it is, and the other does not read the same."""
    return any(
        _is_read(side) and not _mentions(against, side) for side, against in ((one, other), (other, one))
    )


def _is_plain_condition(node: Node) -> bool:
    node = unwrapped(node)
    while node.type == "unary_expression" and node.children[0].type == "!":
        node = unwrapped(node.named_children[-1])
    if node.type == "instanceof_expression":
        left = node.child_by_field_name("left")
        return left is not None and _is_read(left)
    if node.type == "binary_expression":
        left, right, sign = (node.child_by_field_name(part) for part in ("left", "right", "operator"))
        equality = sign is not None and sign.type in ("==", "!=")
        return equality and left is not None and right is not None and _compares(left, right)
    return _is_read(node)


def _is_plain_match(value: Node, matcher: Node) -> bool:
    expected = matcher
    while expected.type == CALL and name_of(expected) in _MATCHERS and len(arguments_of(expected)) == 1:
        expected = arguments_of(expected)[0]
    return (
        expected != matcher and expected.type != CALL and _is_read(value) and not _mentions(expected, value)
    )


def _is_plain_chain(call: Node, subject: Sequence[Node]) -> bool:
    given = arguments_of(call)
    if len(subject) != 1:
        return False
    if name_of(call) in _ALONE_IN_CHAIN:
        return not given and (
            _is_read(subject[0]) if name_of(call) == "isNull" else _is_plain_condition(subject[0])
        )
    return name_of(call) in _IN_CHAIN and len(given) == 1 and _compares(subject[0], given[0])


def _calls_something(part: Node) -> bool:
    if part.type == "method_reference":
        return True
    if part.type != "lambda_expression":
        return False
    types = {node.type for node in below(part)}
    return "throw_statement" not in types and bool(types & {CALL, "object_creation_expression"})


def _is_read(node: Node) -> bool:
    node = unwrapped(node)
    while node.type == "cast_expression" and (value := node.child_by_field_name("value")) is not None:
        node = unwrapped(value)
    return node.type in NAMES or node.type == CALL


def _is_text(node: Node) -> bool:
    return node.type == "string_literal"


def _is_small(node: Node) -> bool:
    """Return whether a number is a tolerance that another value would exceed; a named constant is."""
    if node.type == "identifier":
        return text(node).isupper()
    digits = text(node).rstrip("dDfFlL").replace("_", "")
    return node.type.startswith("decimal_") and float(digits) < _MOST_DELTA


def _mentions(node: Node, part: Node) -> bool:
    wanted = code(part)
    return any(code(each) == wanted for each in below(node))
