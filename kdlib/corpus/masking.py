"""Texts of an example: the test without its assertion, and the focal method, as a reader would see them."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence

from tree_sitter import Node

from kdlib.java.syntax import COMMENTS
from kdlib.records import MARKER

# Where a statement may be taken out; elsewhere (`if (x) assertTrue(y);`) something has to stay in its place.
_LISTS = frozenset({"block", "constructor_body", "switch_block_statement_group"})
_INDENT = re.compile(rb"[ \t]*")


def masked_test(content: bytes, method: tuple[int, int], assertions: Sequence[Node], target: int) -> str:
    """Return the test method with ``MARKER`` for one assertion and without the assertions after it.

    Args:
        content: Bytes of the file, in UTF-8.
        method: First byte of the method and the byte after its last.
        assertions: The method's outermost assertion statements in source order.
        target: Which of them to mask.
    """
    start, end = method
    node = assertions[target]
    pieces = [content[start : node.start_byte], MARKER.encode()]
    position = _after(node, content)
    if content[position : content.find(b"\n", position)].strip():
        # Code on the same line must not become part of the comment that the marker is.
        pieces.append(b"\n" + _indent(content, node.start_byte))
        position += len(content[position:]) - len(content[position:].lstrip(b" \t"))
    for later in assertions[target + 1 :]:
        first, last, stays = _removed(later, content)
        pieces += [content[position : max(first, position)], stays]
        position = last
    pieces.append(content[position:end])
    return _dedented(b"".join(pieces), _indent(content, start))


def method_text(content: bytes, start: int, end: int) -> str:
    """Return the source of a method, moved to the left margin."""
    return _dedented(content[start:end], _indent(content, start))


def _after(node: Node, content: bytes) -> int:
    """Return the end of a statement with the comment that closes its line."""
    following = node.next_sibling
    closes = (
        following is not None
        and following.type in COMMENTS
        and following.start_point.row == node.end_point.row
    )
    if not closes or following is None or following.end_point.row != node.end_point.row:
        return node.end_byte
    line_end = content.find(b"\n", following.end_byte)
    return following.end_byte if not content[following.end_byte : line_end].strip() else node.end_byte


def _removed(node: Node, content: bytes) -> tuple[int, int, bytes]:
    """Return the span that goes with a dropped assertion, and what stays there."""
    parent = node.parent
    if parent is None or parent.type not in _LISTS:
        return node.start_byte, node.end_byte, b";"
    end = _after(node, content)
    line_start = content.rfind(b"\n", 0, node.start_byte) + 1
    line_end = content.find(b"\n", end)
    stands_alone = not content[line_start : node.start_byte].strip() and not content[end:line_end].strip()
    return (line_start, line_end + 1, b"") if stands_alone else (node.start_byte, end, b"")


def _indent(content: bytes, position: int) -> bytes:
    match = _INDENT.match(content, content.rfind(b"\n", 0, position) + 1)
    return match[0] if match else b""


def _dedented(source: bytes, indent: bytes) -> str:
    text = (indent + source).decode().replace("\r\n", "\n")
    return textwrap.dedent(text).strip()
