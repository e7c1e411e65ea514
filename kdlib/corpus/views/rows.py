"""The task views of one Java file: fill-in-the-middle, comment-to-code, pairs of documentation and code."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from random import Random
from typing import Any

from kdlib import config
from kdlib.corpus.views.document import Document, code_key, methods_of
from kdlib.java.javadoc import Javadoc, doc_comment, javadoc, word_count
from kdlib.java.methods import Method
from kdlib.records import digest, normalise_whitespace
from kdlib.tasks.comment_to_code import comment_to_code
from kdlib.tasks.completion import Completion
from kdlib.tasks.fim import FAMILIES, Order, Parts, clip, join, overhead
from kdlib.tasks.pairs import pair
from kdlib.tasks.spans import character_span, syntax_span, syntax_spans

FIM = "fim"
COMMENT = "comment_to_code"
PAIR = "pair"
SHORTEST_DOC = 3  # words; CodeSearchNet (arXiv 1909.09436, §2) leaves out shorter ones, too
LeftOut = Counter[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A row that is written unless a later split knows its code.

    Attributes:
        row: Fields of the row; ``task`` names its view.
        codes: ``code_key`` of its file and of the methods that it is about.
    """

    row: dict[str, Any]
    codes: tuple[str, ...]


def fim_candidates(
    document: Document, views: config.Views, key: str, left_out: LeftOut
) -> Iterator[Candidate]:
    """Yield the fill-in-the-middle rows of a file, ``per_file`` at most.

    What chance decides hangs on the seed and on the file's source and path alone. The document begins with
    its package declaration: what stands above is a licence, the same in file after file. A middle has at
    most ``max_middle_chars`` characters and half of ``max_chars``, so that there is room for context.

    Args:
        document: The file.
        views: Sentinels, shares, limits and seed.
        key: ``file_key`` of the document.
        left_out: Counts, by task and reason, of what is not yielded.
    """
    random = Random(f"{views.seed}:{document.source}:{document.path}")
    start = _body_start(document)
    text = document.code(start)
    longest = min(views.max_middle_chars, views.max_chars // 2)
    nodes = syntax_spans(document.root, longest)
    for _ in range(views.per_file):
        order: Order = "spm" if random.random() < views.spm_share else "psm"
        if random.random() >= views.syntax_share:
            kind = "characters"
            first, last = character_span(len(text), longest, random)
        elif nodes:
            kind, (first_byte, last_byte) = syntax_span(nodes, random)
            first = len(document.code(start, first_byte))
            last = len(document.code(start, last_byte))
        else:
            left_out[FIM, "no node to cut out"] += 1
            continue
        parts = Parts(text[:first], text[first:last], text[last:])
        made = _fim_row(document, parts, views, order, kind)
        if isinstance(made, str):
            left_out[FIM, made] += 1
        else:
            first_byte = start + len(text[:first].encode())
            last_byte = start + len(text[:last].encode())
            yield Candidate(made, (key, *_keys_of_methods_at(document, first_byte, last_byte)))


def method_candidates(
    document: Document, views: config.Views, key: str, left_out: LeftOut
) -> Iterator[Candidate]:
    """Yield a comment-to-code row and a pair for every documented method of a file.

    Args:
        document: The file.
        views: Sentinels and limits.
        key: ``file_key`` of the document.
        left_out: Counts, by task and reason, of what is not yielded.
    """
    for owner, method in methods_of(document):
        node = document.root.descendant_for_byte_range(method.start, method.end)
        comment = doc_comment(node) if node is not None else None
        doc = javadoc(comment or "")
        code = _own_lines(document, method)
        made_of = {
            COMMENT: _comment_row(document, doc, code, views),
            PAIR: _pair_row(document, f"{owner}#{method.name}", doc, code),
        }
        for task, made in made_of.items():
            if comment is None:
                left_out[task, "no Javadoc"] += 1
            elif isinstance(made, str):
                left_out[task, made] += 1
            else:
                yield Candidate(made, (key, code_key(code)))


def _fim_row(
    document: Document, parts: Parts, views: config.Views, order: Order, kind: str
) -> dict[str, Any] | str:
    """Return a row, or the reason why there is none."""
    if not parts.middle.strip():
        return "blank middle"
    sentinels = FAMILIES[views.sentinels]
    parts = clip(parts, views.max_chars - overhead(sentinels, order))
    if sentinels.stand_in(parts.document()):
        return "holds a sentinel"
    return _row(FIM, join(parts, sentinels, order), document, order, kind)


def _comment_row(document: Document, doc: Javadoc, code: str, views: config.Views) -> dict[str, Any] | str:
    if reason := _too_short(doc.description):
        return reason
    sentinels = FAMILIES[views.sentinels]
    made = comment_to_code(doc, code, sentinels.stop)
    if len(made.text) > views.max_chars:
        return "longer than max_chars"
    if sentinels.stand_in(made.text.removesuffix(sentinels.stop)):
        return "holds a sentinel"
    return _row(COMMENT, made, document, None, "method")


def _row(task: str, made: Completion, document: Document, order: Order | None, kind: str) -> dict[str, Any]:
    return {
        "id": digest((task, made.text, str(made.prefix_length))),
        "text": made.text,
        "task": task,
        "language": "java",
        "prefix_length": made.prefix_length,
        "order": order,
        "span": kind,
        **document.origin(),
    }


def _pair_row(document: Document, name: str, doc: Javadoc, code: str) -> dict[str, Any] | str:
    made = pair(doc, code)
    if reason := _too_short(made.doc):
        return reason
    owner, _, method = name.partition("#")
    key = digest(map(normalise_whitespace, (made.doc, made.code)))
    return {"id": key, "task": PAIR, **asdict(made), "class": owner, "method": method, **document.origin()}


def _too_short(doc: str) -> str:
    words = word_count(doc)
    if words >= SHORTEST_DOC:
        return ""
    return f"Javadoc of fewer than {SHORTEST_DOC} words" if words else "Javadoc without text"


def _body_start(document: Document) -> int:
    """Return the first byte of the package declaration, or 0."""
    nodes = (node for node in document.root.children if node.type == "package_declaration")
    return next((node.start_byte for node in nodes), 0)


def _keys_of_methods_at(document: Document, first: int, last: int) -> list[str]:
    """Return the keys of the method that holds all of some bytes and of those that are inside them."""
    return [
        code_key(document.code(method.start, method.end))
        for _, method in methods_of(document)
        if (method.start <= first and last <= method.end) or (first <= method.start and method.end <= last)
    ]


def _own_lines(document: Document, method: Method) -> str:
    """Return a method without the indentation of its first line."""
    line = document.code(document.content.rfind(b"\n", 0, method.start) + 1, method.start)
    indent = line[: len(line) - len(line.lstrip())]
    return textwrap.dedent(indent + document.code(method.start, method.end))
