"""The values that a statement reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tree_sitter import Node

from kdlib.java.perturbing.calls import CALL, arguments_of, is_check, name_of
from kdlib.java.syntax import text

NAMES = frozenset({"identifier", "field_access", "array_access"})
# Where equality decides, what a constructor makes is a value like any other; elsewhere it is just not null.
_EQUALITIES = frozenset({"assertEquals", "assertNotEquals", "isEqualTo", "isNotEqualTo"})
# Of Hamcrest and Mockito: without them nothing is checked, and nothing fails as a check does.
_MATCHERS = frozenset(
    {"is", "not", "equalTo", "sameInstance", "allOf", "anyOf", "both", "either", "eq", "any"}
)
_NO_VALUES = frozenset(
    {
        "annotation",
        "break_statement",
        "class_body",
        "class_literal",
        "continue_statement",
        "formal_parameters",
        "marker_annotation",
        "method_reference",
        "modifiers",
        "switch_label",
        "type_arguments",
        "update_expression",
        "class_declaration",
        "enum_declaration",
        "interface_declaration",
        "record_declaration",
    }
)
# Of these nodes only some parts hold values: the others are names, types and targets of assignments.
_PARTS = {
    "assignment_expression": ("right",),
    "variable_declarator": ("value",),
    "resource": ("value",),
    "lambda_expression": ("body",),
    "enhanced_for_statement": ("value", "body"),
    "catch_clause": ("body",),
    "instanceof_expression": ("left",),
    "cast_expression": ("value",),
    "object_creation_expression": ("arguments",),
    "method_invocation": ("object", "arguments"),
    "field_access": ("object",),
    "array_access": ("array", "index"),
}
# What stands there is asked for something, or may be the name of a type.
_RECEIVERS = {"method_invocation": "object", "field_access": "object", "array_access": "array"}


class Read(NamedTuple):
    """A value that is read.

    Attributes:
        places: The expressions that read it: of a variable or field all that have the same text, of a call
            itself, since twice the same call may return two values.
        depth: How deep the first stands.
    """

    places: tuple[Node, ...]
    depth: int


def reads(statement: Node) -> list[Read]:
    """Return the values that a statement reads, those that stand least deep first.

    What is assigned to, what a method is called on, and literals are none.

    Args:
        statement: A statement of a syntax tree.
    """
    named: dict[str, list[tuple[Node, int]]] = {}
    found: list[Read] = []
    for node, depth in _values(statement):
        if node.type in NAMES:
            named.setdefault(text(node), []).append((node, depth))
        else:
            found.append(Read((node,), depth))
    for places in named.values():
        found.append(Read(tuple(node for node, _ in places), min(depth for _, depth in places)))
    return sorted(found, key=lambda read: (read.depth, read.places[0].start_byte))


def _values(statement: Node) -> Iterator[tuple[Node, int]]:
    pending: list[tuple[Node, int, bool]] = [(statement, 0, False)]
    while pending:
        node, depth, received = pending.pop()
        if node.type in _NO_VALUES:
            continue
        if not received and _is_value(node):
            yield node, depth
        receiver = node.child_by_field_name(_RECEIVERS[node.type]) if node.type in _RECEIVERS else None
        for part in _parts(node):
            if part != receiver:
                pending.append((part, depth + 1, False))
            elif part.type not in NAMES:
                pending.append((part, depth + 1, True))


def _parts(node: Node) -> list[Node]:
    if node.type not in _PARTS:
        return node.named_children
    parts = (node.child_by_field_name(name) for name in _PARTS[node.type])
    return [part for part in parts if part is not None]


def _is_value(node: Node) -> bool:
    parent = node.parent
    if node.type in NAMES:
        return True
    if node.type == CALL:
        used = parent is None or parent.type != "expression_statement"
        return used and not is_check(node) and name_of(node) not in _MATCHERS
    if node.type == "object_creation_expression" and parent is not None and parent.type == "argument_list":
        call = parent.parent
        return (
            call is not None
            and call.type == CALL
            and name_of(call) in _EQUALITIES
            and node in arguments_of(call)
        )
    return False
