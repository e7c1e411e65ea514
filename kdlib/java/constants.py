"""What is known of an expression's value without running it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from tree_sitter import Node

from kdlib.java.methods import simple_name
from kdlib.java.syntax import COMMENTS, text
from kdlib.java.tokens import code_tokens

_INTEGER = "decimal_integer_literal"
LITERALS = frozenset(
    {
        "true",
        "false",
        "null_literal",
        "string_literal",
        "character_literal",
        _INTEGER,
        "hex_integer_literal",
        "octal_integer_literal",
        "binary_integer_literal",
        "decimal_floating_point_literal",
        "hex_floating_point_literal",
        "class_literal",
    }
)
# Twice the same of these need not be equal.
_CHANGING = frozenset(
    {
        "method_invocation",
        "object_creation_expression",
        "array_creation_expression",
        "update_expression",
        "assignment_expression",
        "lambda_expression",
        "switch_expression",
    }
)
_OBJECTS = frozenset({"object_creation_expression", "array_creation_expression"})
# Operators give a primitive value or a string; boxing makes neither null.
_NEVER_NULL = (
    _OBJECTS
    | (LITERALS - {"null_literal"})
    | {"binary_expression", "unary_expression", "update_expression", "instanceof_expression", "this"}
)
_PRIMITIVES = frozenset({"integral_type", "floating_point_type", "boolean_type"})
_BOXES = frozenset({"Boolean", "Byte", "Character", "Double", "Float", "Integer", "Long", "Short"})
_NAMES = frozenset({"identifier", "this", "field_access"}) | LITERALS
_CONSTANTS = {"Boolean.TRUE": True, "Boolean.FALSE": False}


def truth(node: Node) -> bool | None:
    """Return the value that a condition always has, or None if it is not known.

    Constants are followed through ``!``, ``&&``, ``||``, ``?:`` and parentheses: ``c || true`` is true
    whatever ``c`` is. What is compared with itself is equal unless it may change between the two:
    ``x == x`` and ``x.equals(x)``, but not ``next() == next()``.

    Args:
        node: An expression.
    """
    node = unwrapped(node)
    if node.type in ("true", "false"):
        return node.type == "true"
    if node.type == "binary_expression":
        return _truth_of_binary(node)
    if node.type == "unary_expression":
        operand = node.child_by_field_name("operand")
        value = truth(operand) if operand and _operator(node) == "!" else None
        return None if value is None else not value
    if node.type == "ternary_expression":
        return _truth_of_choice(node)
    if node.type == "method_invocation":
        return True if _is_equal_to_itself(node) else None
    return _CONSTANTS.get(text(node)) if node.type == "field_access" else None


def never_null(node: Node) -> bool:
    """Return whether a value is never null: literals, objects just made, boxed primitives, joined strings."""
    node = unwrapped(node)
    if node.type in _NEVER_NULL:
        return True
    value = node.child_by_field_name("value")
    if node.type == "cast_expression":
        kind = node.child_by_field_name("type")
        primitive = kind is not None and kind.type in _PRIMITIVES
        return primitive or (value is not None and never_null(value))
    if node.type == "ternary_expression":
        branches = [node.child_by_field_name(name) for name in ("consequence", "alternative")]
        return all(branch is not None and never_null(branch) for branch in branches)
    if node.type == "method_invocation":
        receiver = node.child_by_field_name("object")
        return call_name(node) == "valueOf" and receiver is not None and text(receiver) in _BOXES
    return False


def same(one: Node, other: Node) -> bool:
    """Return whether two expressions have the same code, and evaluating it twice gives the same value."""
    return _code(one) == _code(other) and not _CHANGING & set(types_in(one))


def equal_sides(one: Node, other: Node) -> str | None:
    """Return why two values are always equal, or None if they may differ."""
    if same(one, other):
        return f"both sides are {text(one)}"
    values = truth(one), truth(other)
    if values[0] is not None and values[0] == values[1]:
        return f"both sides are always {str(values[0]).lower()}"
    return None


def different_literals(one: Node, other: Node) -> bool:
    """Return whether two expressions are literals of certainly different values."""
    kinds = {one.type, other.type}
    if not kinds <= LITERALS or "\\" in text(one) + text(other) or '"""' in text(one) + text(other):
        return False
    if kinds == {_INTEGER}:
        return _integer(one) != _integer(other)
    if kinds <= {"string_literal"} or kinds <= {"character_literal"}:
        return text(one) != text(other)
    return kinds == {"true", "false"} or (len(kinds) == 2 and "null_literal" in kinds)


def is_new(node: Node, *, but: str = "") -> bool:
    """Return whether an expression makes an object or an array, of another type than ``but``."""
    node = unwrapped(node)
    return node.type in _OBJECTS and created_type(node) != but


def created_type(node: Node) -> str:
    """Return the simple name of the type of which an expression makes an object, without type arguments."""
    kind = unwrapped(node).child_by_field_name("type")
    return simple_name(text(kind).partition("<")[0].strip()) if kind else ""


def is_text(node: Node) -> bool:
    """Return whether an expression is a string literal, or joins one with something."""
    node = unwrapped(node)
    if node.type == "binary_expression" and _operator(node) == "+":
        return any(is_text(side) for side in _sides(node))
    return node.type == "string_literal"


def unwrapped(node: Node) -> Node:
    """Return an expression without the parentheses around it."""
    while node.type == "parenthesized_expression":
        node = next(part for part in node.named_children if part.type not in COMMENTS)
    return node


def call_name(call: Node) -> str:
    """Return the name of the method that a call names; empty for another node."""
    name = call.child_by_field_name("name") if call.type == "method_invocation" else None
    return text(name) if name else ""


def call_arguments(call: Node) -> list[Node]:
    """Return the arguments of a call, without comments."""
    listed = call.child_by_field_name("arguments")
    return [part for part in listed.named_children if part.type not in COMMENTS] if listed else []


def types_in(node: Node) -> Iterator[str]:
    """Yield the types of a node and of all below it."""
    return (part.type for part in nodes_in(node))


def nodes_in(node: Node) -> Iterator[Node]:
    """Yield a node and all named nodes below it."""
    pending = [node]
    while pending:
        node = pending.pop()
        yield node
        pending += node.named_children


def _truth_of_binary(node: Node) -> bool | None:
    sides = _sides(node)
    if len(sides) != 2:
        return None
    sign = _operator(node)
    # Of two booleans, & and | give the same as && and ||.
    if sign in ("&&", "&", "||", "|"):
        return _joined(sides, deciding=sign in ("||", "|"))
    if sign in ("==", "!="):
        one, other = map(truth, sides)
        if same(*sides) or (one is not None and one == other):
            return sign == "=="
        if different_literals(*sides) or (one is not None and other is not None):
            return sign == "!="
    elif sign in ("<=", ">=", "<", ">") and same(*sides):
        return sign in ("<=", ">=")
    return None


def _joined(sides: Sequence[Node], *, deciding: bool) -> bool | None:
    """Return the value of a conjunction or disjunction, which one part of the value ``deciding`` decides."""
    values = [truth(side) for side in sides]
    if deciding in values:
        return deciding
    if values == [not deciding] * len(values):
        return not deciding
    # `c || !c`: one of the two has the deciding value.
    for one, other in [*pairwise(sides), *pairwise(reversed(sides))]:
        negated = unwrapped(other)
        operand = negated.child_by_field_name("operand")
        if (
            operand
            and negated.type == "unary_expression"
            and _operator(negated) == "!"
            and same(one, operand)
        ):
            return deciding
    return None


def _truth_of_choice(node: Node) -> bool | None:
    parts = [node.child_by_field_name(name) for name in ("condition", "consequence", "alternative")]
    condition, yes, no = (truth(part) if part else None for part in parts)
    if condition is not None:
        return yes if condition else no
    return yes if yes == no else None


def _is_equal_to_itself(call: Node) -> bool:
    """Return whether a call is ``x.equals(x)`` or ``Objects.equals(x, x)``."""
    receiver = call.child_by_field_name("object")
    values = call_arguments(call)
    if call_name(call) != "equals" or receiver is None:
        return False
    if len(values) == 2:
        return text(receiver) == "Objects" and same(*values)
    return len(values) == 1 and unwrapped(receiver).type in _NAMES and same(receiver, values[0])


def _sides(node: Node) -> list[Node]:
    sides = (node.child_by_field_name(name) for name in ("left", "right"))
    return [side for side in sides if side]


def _operator(node: Node) -> str:
    sign = node.child_by_field_name("operator")
    return sign.type if sign else ""


def _integer(node: Node) -> int:
    return int(text(node).rstrip("lL").replace("_", ""))


def _code(node: Node) -> list[str]:
    return code_tokens(text(unwrapped(node)))
