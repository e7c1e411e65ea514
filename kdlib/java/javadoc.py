"""Javadoc comments as plain text, without asterisks, HTML and inline tags.

Source: the JDK's "Documentation Comment Specification for the Standard Doclet".
"""

from __future__ import annotations

import html
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from tree_sitter import Node

from kdlib.java.syntax import COMMENTS, text

_MARGIN = re.compile(r"^[ \t]*\*+ ?", re.MULTILINE)
_BLOCK_TAG = re.compile(r"^[ \t]*@(\w+)", re.MULTILINE)
_INLINE = re.compile(r"\{@(\w+)(?:[ \t]*\n|[ \t]*)")
_REFERENCE = re.compile(r"((?:[^\s(<]|<[^>]*>+)*(?:\([^)]*\))?)\s*(.*)", re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_PRE = re.compile(r"<pre\b[^>]*>(.*?)</pre>", re.DOTALL | re.IGNORECASE)
# Elements by name: in `Map<Key, Value>` outside {@code} the author forgot that this is HTML.
_PARAGRAPH = "p|div|ul|ol|dl|table|h[1-6]|blockquote|pre|hr|section|article"
_LINE = "li|dt|dd|tr|br|caption"
_SPAN = (
    "a|abbr|acronym|b|big|center|cite|code|col|colgroup|del|dfn|em|font|i|img|ins|kbd|q|s|samp|small|span|"
    "strike|strong|sub|sup|tbody|td|tfoot|th|thead|tt|u|var"
)
_TAG = re.compile(rf"<(/?)(?:({_PARAGRAPH})|({_LINE})|({_SPAN}))\b[^<>]*>", re.IGNORECASE)
# Control characters, which comments are freed of, around the place of what is neither HTML nor tags.
_STAND_IN = re.compile(r"\x00(\d+)\x00")
_BLOCK = re.compile(r"\x01(\d+)\x01")
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Javadoc:
    """A documentation comment in plain text.

    Attributes:
        description: Text before the block tags; blank lines separate its paragraphs.
        tags: Name and text of every block tag, in source order.
    """

    description: str
    tags: tuple[tuple[str, str], ...]

    def first_paragraph(self) -> str:
        """Return the description up to its first blank line, as one line."""
        return " ".join(self.description.partition("\n\n")[0].split())


def doc_comment(declaration: Node) -> str | None:
    """Return the documentation comment of a declaration, or None.

    It is the last ``/** … */`` before the declaration, with nothing but other comments in between.
    """
    node = declaration.prev_sibling
    while node is not None and node.type in COMMENTS:
        comment = text(node)
        if comment.startswith("/**") and comment != "/**/":
            return comment
        node = node.prev_sibling
    return None


def javadoc(comment: str) -> Javadoc:
    """Return a comment as plain text.

    ``{@code x}`` and ``{@literal x}`` become their content, ``{@link X#y label}`` the label or ``X.y``,
    ``{@return x}`` a sentence, ``{@inheritDoc}`` nothing; HTML becomes line breaks, dashes of lists and
    ``^`` of exponents, entities become characters; the lines of ``<pre>`` stay.

    Args:
        comment: Documentation comment with its delimiters.
    """
    kept: list[str] = []
    body = comment.removeprefix("/**").removesuffix("*/").strip("*").translate({0: None, 1: None})
    body = _without_inline_tags(_MARGIN.sub("", body.replace("\r\n", "\n")), kept)
    head, *rest = _BLOCK_TAG.split(body)
    names = rest[::2]
    texts = rest[1::2]
    tags = ((name, _plain(text, kept)) for name, text in zip(names, texts, strict=True))
    return Javadoc(_plain(head, kept), tuple(tags))


def word_count(text: str) -> int:
    """Return how many words a text has; punctuation is none."""
    return len(_WORD.findall(text))


def _keep(content: str, kept: list[str]) -> str:
    """Return a stand-in."""
    kept.append(content)
    return f"\0{len(kept) - 1}\0"


def _restore(text: str, kept: list[str]) -> str:
    return _STAND_IN.sub(lambda match: kept[int(match[1])], text)


def _without_inline_tags(text: str, kept: list[str]) -> str:
    parts = (
        part if isinstance(part, str) else _resolved(part[0], part[1], kept) for part in _inline_tags(text)
    )
    return "".join(parts)


def _inline_tags(text: str) -> Iterator[str | tuple[str, str]]:
    """Yield text, and the name and content of inline tags; the content of an unclosed tag is text."""
    position = 0
    for match in _INLINE.finditer(text):
        if match.start() < position:  # inside the last
            continue
        yield text[position : match.start()]
        position = match.end()
        end = _closing(text, position)
        if end is not None:
            yield match[1], text[position:end].rstrip()
            position = end + 1
    yield text[position:]


def _closing(text: str, start: int) -> int | None:
    """Return where the brace closes that is open at ``start``."""
    depth = 1
    for brace in re.compile(r"[{}]").finditer(text, start):
        depth += 1 if brace[0] == "{" else -1
        if depth == 0:
            return brace.start()
    return None


def _resolved(name: str, content: str, kept: list[str]) -> str:
    match name:
        case "code" | "literal" | "snippet":
            return _keep(content, kept)
        case "link" | "linkplain" | "value":
            found = _REFERENCE.match(content.strip())
            reference, label = (found[1], found[2]) if found else ("", content)
            return _without_inline_tags(label, kept) or _keep(reference.lstrip("#").replace("#", "."), kept)
        case "return":
            return f"Returns {_without_inline_tags(content, kept)}."
        case "inheritDoc" | "docRoot":
            return ""
        case _:
            return _without_inline_tags(content, kept)


def _plain(text: str, kept: list[str]) -> str:
    """Return HTML as text; ``kept`` is what its stand-ins stand for."""
    blocks: list[str] = []

    def block(match: re.Match[str]) -> str:
        code = _restore(html.unescape(_TAG.sub("", match[1])), kept)
        lines = "\n".join(line.rstrip() for line in code.split("\n"))
        blocks.append(textwrap.dedent(lines).strip("\n"))
        return f"\n\n\1{len(blocks) - 1}\1\n\n"

    text = _PRE.sub(block, _COMMENT.sub("", text))
    text = html.unescape(_TAG.sub(_break, text)).replace("\xa0", " ")
    text = _restore(text, [" ".join(content.split()) for content in kept])
    text = re.sub(r" ?\n ?", "\n", re.sub(r"[ \t]+", " ", text))
    text = re.sub(r"\n{3,}", "\n\n", text).strip()
    return _BLOCK.sub(lambda match: blocks[int(match[1])], text)


def _break(tag: re.Match[str]) -> str:
    closing, paragraph, line, span = tag.groups()
    if paragraph:
        return "\n\n"
    if line:
        return "" if closing else "\n- " if line.lower() == "li" else "\n"
    if span.lower() in ("td", "th"):
        return " "
    return "^" if span.lower() == "sup" and not closing else ""
