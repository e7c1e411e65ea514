"""Calls in a statement: their parts, and which of them check something."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from kdlib.java.assertions import ASSERTIONS
from kdlib.java.syntax import COMMENTS, text
from kdlib.java.tokens import code_tokens

CALL = "method_invocation"
# Beside assertions: Mockito's, BDD style, JUnit's ErrorCollector.
_CHECKS = ASSERTIONS | {"verify", "then", "checkThat", "checkSucceeds"}
_INNER = frozenset({"lambda_expression", "class_body"})


def below(node: Node, outside: frozenset[str] = frozenset()) -> Iterator[Node]:
    """Yield a node and all below it in the order of the source, without what lies in some kinds of nodes.

    Args:
        node: A node.
        outside: Types whose nodes are left out.
    """
    pending = [node]
    while pending:
        node = pending.pop()
        if node.type not in outside:
            yield node
            pending += reversed(node.named_children)


def in_same_method(node: Node) -> Iterator[Node]:
    """Yield a node and all below it whose jumps would leave its own method."""
    return below(node, _INNER)


def name_of(call: Node) -> str:
    """Return the name of the method that is called."""
    name = call.child_by_field_name("name")
    return text(name) if name else ""


def arguments_of(call: Node) -> list[Node]:
    """Return the arguments of a call."""
    listed = call.child_by_field_name("arguments")
    return [part for part in listed.named_children if part.type not in COMMENTS] if listed else []


def opening(call: Node) -> Node:
    """Return the first call of a chain of calls."""
    while (receiver := call.child_by_field_name("object")) is not None and receiver.type == CALL:
        call = receiver
    return call


def is_check(call: Node) -> bool:
    """Return whether a call checks something, or is a link of a chain that does."""
    return name_of(opening(call)) in _CHECKS


def is_delayed(statement: Node) -> bool:
    """Return whether a statement checks by an object, which may keep a failure until later.

    AssertJ's soft assertions and JUnit's ``ErrorCollector`` do.
    """
    for node in below(statement):
        if node.type == CALL and is_check(node):
            receiver = opening(node).child_by_field_name("object")
            name = text(receiver).rpartition(".")[2] if receiver else ""
            if name and name[0].islower() and name not in ("this", "super"):
                return True
    return False


def unwrapped(node: Node) -> Node:
    """Return what stands in parentheses."""
    while node.type == "parenthesized_expression":
        node = next(part for part in node.named_children if part.type not in COMMENTS)
    return node


def code(node: Node) -> list[str]:
    """Return the tokens of a node without outer parentheses."""
    return code_tokens(text(unwrapped(node)))
