"""Java syntax trees: parsing with tree-sitter, and queries."""

from __future__ import annotations

from functools import cache

import tree_sitter
import tree_sitter_java
from tree_sitter import Node, Query, QueryCursor, Tree

COMMENTS = frozenset({"line_comment", "block_comment"})
_BEFORE = b"class C { void m() {\n"
_AFTER = b"\n} }"
# tree-sitter counts the levels of a query in 16 bits; past their end it takes time without bound.
_DEEPEST = 65_000


@cache
def language() -> tree_sitter.Language:
    """Return the Java grammar."""
    return tree_sitter.Language(tree_sitter_java.language())


@cache
def _parser() -> tree_sitter.Parser:
    return tree_sitter.Parser(language())


@cache
def _query(pattern: str) -> Query:
    return Query(language(), pattern)


def parse(source: bytes) -> Tree:
    """Return the syntax tree of a compilation unit; wrong syntax shows as ``root_node.has_error``."""
    return _parser().parse(source)


def parse_statements(source: bytes) -> list[Node] | None:
    """Return the statements of a snippet, parsed as the body of a method.

    Args:
        source: Statements in UTF-8.

    Returns:
        Top-level statements without comments, or None if the snippet is no valid body.
    """
    root = parse(_BEFORE + source + _AFTER).root_node
    # A brace of the snippet may end method or class early: each must be the only child of its parent.
    if root.has_error or root.named_child_count != 1:
        return None
    members = root.named_children[0].child_by_field_name("body")
    if members is None or members.child_count != 3:
        return None
    body = members.named_children[0].child_by_field_name("body")
    if body is None or body.end_byte != len(_BEFORE) + len(source) + 2:
        return None
    return [node for node in body.children[1:-1] if node.type not in COMMENTS]


def text(node: Node) -> str:
    """Return the source text of a node."""
    return (node.text or b"").decode()


def captures(node: Node, pattern: str) -> dict[str, list[Node]]:
    """Return the nodes below ``node`` that a tree-sitter query captures, by capture name, in source order.

    Nodes nested in more than 65,000 others are left out.
    """
    cursor = QueryCursor(_query(pattern))
    cursor.set_max_start_depth(_DEEPEST)
    return cursor.captures(node)
