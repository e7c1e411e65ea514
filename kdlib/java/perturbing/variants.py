"""A statement rewritten so that what it reads has another value, or so that a check of it fails."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path

from tree_sitter import Node

from kdlib.java.compiler import SourceFile
from kdlib.java.perturbing.calls import (
    CALL,
    arguments_of,
    below,
    code,
    in_same_method,
    is_check,
    is_delayed,
    name_of,
    opening,
    unwrapped,
)
from kdlib.java.perturbing.reads import Read, reads
from kdlib.java.syntax import COMMENTS, parse_statements, text

PROBE = Path(__file__).with_name("Probe.java")
_CLASS = "kdlibprobe.Probe"
# Only what a check of the statement itself throws is its own: a later assertion of the test is never reached.
# An Error, since tests catch exceptions.
_STOP = ' if (true) throw new Error("kdlib: the statement went on");'
_FAIL = ' if (true) throw new AssertionError("kdlib: a check of the statement was executed");'
_THROW = '{ if (true) throw new IllegalStateException("kdlib: thrown in place of its call"); }'
_MUST_THROW = frozenset({"assertThrows", "assertThrowsExactly", "expectThrows"}) | {
    "assertThatThrownBy",
    "assertThatCode",
    "isThrownBy",
}
_MUST_NOT = frozenset({"assertDoesNotThrow", "assertThatCode", "isThrownBy"})
_DIFFERENT = frozenset({"assertNotEquals", "assertNotSame"})
_DIFFERENT_IN_CHAIN = frozenset({"isNotEqualTo", "isNotSameAs"})
_MATCHERS = frozenset({"not", "is", "equalTo", "sameInstance"})
_JUMPS = frozenset(
    {"return_statement", "throw_statement", "break_statement", "continue_statement", "yield_statement"}
)
_PRIMITIVE = frozenset({"integral_type", "floating_point_type"})
# By how much a number changes: by little, down, up.
_HOW = (0, 1, 2)
_MOST = 24
Edit = tuple[Node, str]


def probe_file() -> SourceFile:
    """Return the source of what the variants call."""
    return SourceFile(_CLASS.replace(".", "/"), PROBE.read_bytes())


def parsed(statement: str) -> Node | None:
    """Return the syntax tree of a text that is one statement, else None."""
    found = parse_statements(statement.encode(errors="replace"))
    return found[0] if found and len(found) == 1 else None


def variants(statement: Node) -> list[str]:
    """Return a statement where one of the values that it reads is another, the likeliest to fail first.

    What it calls to see an exception is not called, or throws one; sides of a comparison become equal; every
    value becomes another one. Not every variant compiles. It ends the test if the statement ends well.

    Args:
        statement: A statement of a syntax tree.

    Returns:
        At most 24 texts.
    """
    values = reads(statement)
    edits = [*_calls(statement), *_attempts(statement), *_equal(statement, values, ("!=", "<", ">"))]
    for how in _HOW:
        for read in values:
            edits.append([(place, f"{_CLASS}.other({text(place)}, {how})") for place in read.places])
    edits += _equal(statement, values, ("==",))
    rewritten = dict.fromkeys(_edited(statement, each) for each in edits if each)
    rewritten.pop(text(statement), None)
    return [_stopped(statement, each) for each in rewritten][:_MOST]


def reached(statement: Node) -> str | None:
    """Return a statement that fails as soon as a check of it has been executed, or None if it has none.

    Args:
        statement: A statement of a syntax tree.
    """
    calls = [node for node in below(statement) if _is_done(node)]
    checks = [node for node in calls if node.type == "assert_statement" or is_check(_called(node))] or calls
    inner = [node for node in checks if not any(_is_inside(other, node) for other in checks)]
    edits = []
    for node in inner:
        # A declaration stays visible to what follows.
        declares = node.type == "local_variable_declaration"
        edits.append((node, f"{text(node)}{_FAIL}" if declares else f"{{ {text(node)}{_FAIL} }}"))
    return _stopped(statement, _edited(statement, edits)) if edits else None


def is_straight(statement: Node) -> bool:
    """Return whether a statement has executed its check if it has ended well."""
    return statement.type in ("expression_statement", "assert_statement", "local_variable_declaration")


def fails_by_itself(statement: Node) -> bool:
    """Return whether a statement says where it fails, so that its check is not to come there."""
    return any(
        node.type == "throw_statement" or (node.type == CALL and name_of(node).startswith("fail"))
        for node in below(statement)
    )


def _calls(statement: Node) -> Iterator[list[Edit]]:
    """Yield what does not call what should throw, throws what should not, and expects calls of a mock."""
    for call in below(statement):
        name = name_of(call) if call.type == CALL else ""
        if name == "verify":
            listed = call.child_by_field_name("arguments")
            mock = next(iter(arguments_of(call)), None)
            if listed is not None and mock is not None:
                yield [(listed, f"({text(mock)}, org.mockito.Mockito.times(987654321))")]
        elif name in _MUST_THROW | _MUST_NOT:
            for part in arguments_of(call):
                if name in _MUST_THROW:
                    yield _not_calling(part)
                if name in _MUST_NOT:
                    yield _throwing(part)


def _not_calling(part: Node) -> list[Edit]:
    if part.type == "method_reference":
        return [(part, "() -> { }")]
    body = _body(part)
    if body is None:
        return []
    # If it throws by itself, only what it calls is dropped.
    throws = any(node.type == "throw_statement" for node in below(body))
    return _dropped(body) if throws else [(body, "{ }")]


def _throwing(part: Node) -> list[Edit]:
    if part.type == "method_reference":
        return [(part, f"() -> {_THROW}")]
    body = _body(part)
    return [] if body is None else [(body, _THROW)]


def _body(part: Node) -> Node | None:
    return part.child_by_field_name("body") if part.type == "lambda_expression" else None


def _attempts(statement: Node) -> Iterator[list[Edit]]:
    """Yield each ``try`` without the calls of its body, since it may expect them to throw."""
    for node in below(statement):
        body = node.child_by_field_name("body") if node.type.startswith("try_") else None
        if body is not None:
            yield _dropped(body)


def _dropped(body: Node) -> list[Edit]:
    edits: list[Edit] = []
    for node in body.named_children:
        if node.type == "expression_statement":
            call = node.named_children[0]
            if call.type == "object_creation_expression" or (call.type == CALL and not is_check(call)):
                edits.append((node, ";"))
        elif node.type == "local_variable_declaration":
            kind = node.child_by_field_name("type")
            value = next(
                (part.child_by_field_name("value") for part in node.children_by_field_name("declarator")),
                None,
            )
            if kind is not None and value is not None:
                number = "false" if kind.type == "boolean_type" else f"({text(kind)}) 0"
                is_object = kind.type not in _PRIMITIVE and kind.type != "boolean_type"
                edits.append((value, "null" if is_object else number))
    return edits


def _equal(statement: Node, values: list[Read], signs: tuple[str, ...]) -> Iterator[list[Edit]]:
    """Yield what has equal sides where they should differ."""
    places = {place.id: read for read in values for place in read.places}
    for node in below(statement):
        for side, other in _sides(node, signs):
            read = places.get(unwrapped(side).id)
            if read is not None and not _mentions(other, side):
                yield [(place, f"({text(other)})") for place in read.places]


def _sides(node: Node, signs: tuple[str, ...]) -> Iterator[tuple[Node, Node]]:
    """Yield both orders of the sides of what should differ."""
    pairs: list[tuple[Node, Node]] = []
    if node.type == "binary_expression":
        sign = node.child_by_field_name("operator")
        left = node.child_by_field_name("left")
        right = node.child_by_field_name("right")
        if left is not None and right is not None and sign is not None and sign.type in signs:
            pairs = [(left, right)]
    elif node.type == CALL:
        arguments = arguments_of(node)
        subject = arguments_of(opening(node))
        if name_of(node) in _DIFFERENT:
            pairs = list(itertools.pairwise(arguments))
        elif name_of(node) in _DIFFERENT_IN_CHAIN and len(arguments) == len(subject) == 1:
            pairs = [(subject[0], arguments[0])]
        elif name_of(node) == "assertThat" and len(arguments) > 1:
            pairs = [(arguments[-2], _matched(arguments[-1]))]
    for one, other in pairs:
        yield one, other
        yield other, one


def _matched(matcher: Node) -> Node:
    """Return the value in ``not(is(value))``."""
    while matcher.type == CALL and name_of(matcher) in _MATCHERS and len(arguments_of(matcher)) == 1:
        matcher = arguments_of(matcher)[0]
    return matcher


def _mentions(node: Node, part: Node) -> bool:
    wanted = code(part)
    return any(code(each) == wanted for each in below(node) if each.is_named)


def _is_done(node: Node) -> bool:
    if node.type in ("expression_statement", "local_variable_declaration"):
        return _called(node).type == CALL
    return node.type == "assert_statement"


def _called(statement: Node) -> Node:
    """Return the expression of a statement, or what it assigns."""
    node = next(part for part in statement.named_children if part.type not in (*COMMENTS, "modifiers"))
    node = statement.child_by_field_name("declarator") or node
    for name in ("value", "right"):
        node = node.child_by_field_name(name) or node
    return node


def _is_inside(node: Node, outer: Node) -> bool:
    return node != outer and outer.start_byte <= node.start_byte and node.end_byte <= outer.end_byte


def _edited(statement: Node, edits: Iterable[Edit]) -> str:
    """Return the source of a statement with some of its nodes replaced, none of which holds another."""
    source = statement.text or b""
    first = statement.start_byte
    parts: list[bytes] = []
    at = 0
    for node, replacement in sorted(edits, key=lambda edit: edit[0].start_byte):
        start = node.start_byte - first
        if start < at:
            continue  # an index that is read within what is replaced
        parts += [source[at:start], replacement.encode()]
        at = node.end_byte - first
    return b"".join([*parts, source[at:]]).decode()


def _stopped(statement: Node, changed: str) -> str:
    """Return a variant that ends the test behind itself, unless its failure may come later."""
    if is_delayed(statement):
        return changed
    jumps = any(node.type in _JUMPS for node in in_same_method(statement))
    if jumps and statement.type != "local_variable_declaration":
        # What can never be reached does not compile.
        return f"if ({_CLASS}.on()) {{ {changed} }}{_STOP}"
    return changed + _STOP
