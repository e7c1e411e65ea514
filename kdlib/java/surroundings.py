"""Assertions that cannot fail their test because of what is around them."""

from __future__ import annotations

from tree_sitter import Node

from kdlib.java.assertions import assertion_kind
from kdlib.java.constants import nodes_in, truth
from kdlib.java.quiet import (
    EVERYTHING,
    FAILURES,
    JUMPS,
    KEEPING,
    TRIES,
    caught,
    handled,
    is_quiet,
    is_run_later,
    parts,
    prints,
)
from kdlib.java.syntax import text
from kdlib.java.tautologies import NEVER_RUN, SWALLOWED, vacuous

# Name of the reason in reports.
CANNOT_FAIL = "cannot fail"
# Levels around an assertion that are looked at: each step up takes time that grows with the depth.
_MOST_LEVELS = 100
_TRACES = KEEPING | JUMPS | {"throw_statement", "yield_statement"}


def vacuous_within(statement: Node, start: int) -> str | None:
    """Return why an assertion cannot fail its test, by itself or by what is around it; None if it may.

    It cannot where a constant condition keeps it from running, where a ``catch`` drops its failure and
    nothing else can notice that, or where it stands in a lambda, an anonymous or a local class that the test
    never mentions again.

    Args:
        statement: A statement that makes an assertion, in the tree of its file.
        start: First byte of the test method around it.
    """
    try:
        return vacuous(statement) or _unheard(statement, start)
    except RecursionError:
        return None


def _unheard(statement: Node, start: int) -> str | None:
    """Return why what happens in a statement does not reach the method that starts at a byte."""
    node = statement
    for _ in range(_MOST_LEVELS):
        above = node.parent
        if above is None or above.start_byte <= start:
            return None
        if above.type in ("lambda_expression", "class_body"):
            # Who runs such a body, and who catches what it throws, cannot be seen.
            holder = above if above.type == "lambda_expression" else above.parent
            return NEVER_RUN if holder and _is_forgotten(holder, start) else None
        if above.type == "if_statement":
            condition = above.child_by_field_name("condition")
            value = truth(condition) if condition else None
            for side, kept_out in (("consequence", False), ("alternative", True)):
                if value is kept_out and node == above.child_by_field_name(side):
                    return f"its condition is always {str(kept_out).lower()}"
        in_body = above.type in TRIES and node == above.child_by_field_name("body")
        if in_body and _is_dropped(above, node, statement):
            return SWALLOWED
        node = above
    return None


def _is_forgotten(holder: Node, start: int) -> bool:
    """Return whether a lambda, an anonymous or a local class is declared and not mentioned again."""
    named = holder if holder.type == "class_declaration" else holder.parent
    if named is None or named.type not in ("class_declaration", "variable_declarator"):
        return False
    if holder.type == "object_creation_expression" and not is_run_later(holder):
        return False
    if named.parent is None or named.parent.type not in ("block", "local_variable_declaration"):
        return False  # a field or a member is seen elsewhere
    name = named.child_by_field_name("name")
    method = named
    while method.parent and method.start_byte > start:
        method = method.parent
    found = (part for part in nodes_in(method) if part.type in ("identifier", "type_identifier"))
    return name is not None and sum(text(part) == text(name) for part in found) == 1


def _is_dropped(node: Node, body: Node, statement: Node) -> bool:
    """Return whether a ``try`` drops the failure of a check in its body, so that nothing later can tell."""
    if not caught(node) & (FAILURES | {EVERYTHING}):
        return False
    # A failure skips the rest of the body, which would be noticed if the rest did anything but check.
    first = next(part for part in body.named_children if part.end_byte >= statement.end_byte)
    after = [part for part in parts(body) if part.start_byte >= first.start_byte]
    handling = [part for block in handled(node) for part in parts(block)]
    return all(map(_only_prints, handling)) and not any(map(_leaves_trace, after))


def _only_prints(statement: Node) -> bool:
    call = statement.named_children[0] if statement.type == "expression_statement" else statement
    return call.type == "method_invocation" and prints(call) and is_quiet(statement)


def _leaves_trace(node: Node) -> bool:
    """Return whether running a node, or not, may make a difference later; assertions make none."""
    if node.type in ("expression_statement", "local_variable_declaration") and assertion_kind(node):
        return False
    called = node.type in ("method_invocation", "object_creation_expression")
    return called or node.type in _TRACES or any(map(_leaves_trace, node.named_children))
