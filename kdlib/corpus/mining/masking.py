"""Texts of an example: the test without its assertion, and the focal method, as a reader would see them."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate, takewhile

from tree_sitter import Node

from kdlib.java.syntax import COMMENTS
from kdlib.records import MARKER

# Where a statement may be taken out; elsewhere (`if (x) assertTrue(y);`) something has to stay in its place.
_LISTS = frozenset({"block", "constructor_body", "switch_block_statement_group"})
_NOTHING = {"switch_rule": b"{ }"}  # else `;`, which no `->` may have behind it
_MARKER = MARKER.encode()
_INDENT = re.compile(rb"[ \t]*")
_INDENTS = re.compile(rb"\n([ \t]*)(?=\S)")
_BLANK_LINES = re.compile(rb"(?:[ \t]*\r?\n)*")


class LeftMargin:
    """A piece of a file moved to the left margin, with a map from the file's positions.

    Attributes:
        text: The piece without the blanks with which all its lines begin.
    """

    def __init__(self, content: bytes, start: int, end: int) -> None:
        self._start = start
        piece = content[start:end]
        indents = {_indent(content, start), *_INDENTS.findall(piece)}
        # The first and the last in order differ the most.
        first = min(indents)
        last = max(indents)
        same = takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False))
        self._margin = len(list(same))
        lines = piece.split(b"\n" + first[: self._margin])
        self.text = b"\n".join(lines)
        # Where in the piece each line but the first begins, after its margin.
        self._begins = list(accumulate([len(line) + 1 + self._margin for line in lines[:-1]]))

    def at(self, position: int) -> int:
        """Return where a byte of the file stands in the text."""
        offset = position - self._start
        return offset - self._margin * bisect_right(self._begins, offset)


def masked_tests(content: bytes, method: tuple[int, int], assertions: Sequence[Node]) -> list[str]:
    """Return a test method once for each assertion: ``MARKER`` in its place, later assertions left out.

    Args:
        content: Bytes of the file, in UTF-8.
        method: First byte of the method and the byte after its last.
        assertions: The method's outermost assertion statements in source order.

    Returns:
        One text per assertion, moved to the left margin.
    """
    start, end = method
    moved = LeftMargin(content, start, end)
    masked: list[str] = []
    # From the last to the first: what follows an assertion is put together once.
    first = len(moved.text)
    rest = b""
    for node in reversed(assertions):
        begin = moved.at(node.start_byte)
        follows = moved.text[moved.at(_after(node, content)) : first] + rest
        after = _on_new_line(follows, _indent(moved.text, begin))
        masked.append(_decoded(moved.text[:begin] + _MARKER + after))
        begin, last, stays = _removed(node, content)
        rest = stays + moved.text[moved.at(last) : max(first, moved.at(last))] + rest
        first = moved.at(begin)
    return masked[::-1]


def method_text(content: bytes, start: int, end: int) -> str:
    """Return the source of a method, moved to the left margin."""
    return _decoded(LeftMargin(content, start, end).text)


def _decoded(text: bytes) -> str:
    return text.replace(b"\r\n", b"\n").decode().strip()


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


def _on_new_line(after: bytes, indent: bytes) -> bytes:
    """Return what follows a marker, moved to a line of its own if it would become part of that comment."""
    return b"\n" + indent + after.lstrip(b" \t") if after.partition(b"\n")[0].strip() else after


def _removed(node: Node, content: bytes) -> tuple[int, int, bytes]:
    """Return the span that goes with a dropped assertion, and what stays there."""
    parent = node.parent
    if parent is None or parent.type not in _LISTS:
        return node.start_byte, node.end_byte, _NOTHING.get(parent.type if parent else "", b";")
    end = _after(node, content)
    line_start = content.rfind(b"\n", 0, node.start_byte) + 1
    line_end = content.find(b"\n", end)
    stands_alone = not content[line_start : node.start_byte].strip() and not content[end:line_end].strip()
    if not stands_alone:
        before = content[line_start : node.start_byte]
        return (line_start + len(before.rstrip()) if before.strip() else node.start_byte), end, b""
    blank = _BLANK_LINES.match(content, line_end + 1)
    return line_start, blank.end() if blank else line_end + 1, b""


def _indent(content: bytes, position: int) -> bytes:
    match = _INDENT.match(content, content.rfind(b"\n", 0, position) + 1)
    return match[0] if match else b""
