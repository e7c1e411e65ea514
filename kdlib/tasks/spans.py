"""Where a document is cut for fill-in-the-middle: anywhere, or at the nodes of its syntax tree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

from tree_sitter import Node

from kdlib.java.syntax import captures

Span = tuple[int, int]
# Shorter nodes, such as `()` or a loop's `i`, are no gap that anyone has filled for them.
SHORTEST = 3
# Supertypes of the grammar; a body is kept apart from other blocks, which are many more.
_NODES = """
(block (statement) @statement) (constructor_body (statement) @statement)
(block) @block
(method_declaration body: (block) @body) (constructor_body) @body
(expression) @expression
(formal_parameters) @parameters
(argument_list) @arguments
"""


def character_span(length: int, longest: int, random: Random) -> Span:
    """Draw a span, each one of 1 to ``longest`` characters as likely as any other.

    These are the two uniform cut points of Bavarian et al. 2022 (arXiv 2207.14255, §3), given that what
    lies between them is not too long.

    Args:
        length: Characters of the document, at least one.
        longest: Characters of the span at most, at least one.
        random: Source of chance.

    Returns:
        First character and the one after the last.
    """
    while True:
        start = random.randrange(length)
        end = start + random.randint(1, min(longest, length))
        if end <= length:
            return start, end


def syntax_spans(root: Node, longest: int) -> dict[str, list[Span]]:
    """Return the bytes of the nodes that may be cut out, by kind, in source order.

    Kinds are ``statement`` (in a block), ``block``, ``body`` (of a method or constructor), ``expression``,
    ``parameters`` and ``arguments``; one without such nodes is left out.

    Args:
        root: Root of the syntax tree.
        longest: Bytes of a node at most.
    """
    found = {
        kind: {
            (node.start_byte, node.end_byte)
            for node in nodes
            if SHORTEST <= node.end_byte - node.start_byte <= longest
        }
        for kind, nodes in captures(root, _NODES).items()
    }
    found["block"] = found.get("block", set()) - found.get("body", set())
    return {kind: sorted(found[kind]) for kind in sorted(found) if found[kind]}


def syntax_span(spans: Mapping[str, Sequence[Span]], random: Random) -> tuple[str, Span]:
    """Draw a kind and then one of its spans, so that the many expressions do not crowd out the rest."""
    kind = random.choice(list(spans))
    return kind, random.choice(spans[kind])
