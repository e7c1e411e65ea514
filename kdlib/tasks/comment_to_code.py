"""The comment-to-code view: a method's Javadoc, cleaned, and then the method.

No instruction stands before the comment: in an editor, too, the method is written below its comment.
"""

from __future__ import annotations

from kdlib.java.javadoc import Javadoc
from kdlib.tasks.completion import Completion

# What goes in, comes out and goes wrong; the others (@author, @since, @see …) say nothing of the code.
_TAGS = frozenset({"param", "return", "throws", "exception"})


def comment(doc: Javadoc) -> str:
    """Return a Javadoc comment of the cleaned text and the tags that describe the code, with a line break."""
    tags = [f"@{name} {text}" for name, text in doc.tags if name in _TAGS and text]
    text = "\n\n".join(part for part in (doc.description, "\n".join(tags)) if part)
    # An entity in the source may have become what ends the comment.
    lines = text.replace("*/", "*&#47;").split("\n")
    return "\n".join(["/**", *(f" * {line}".rstrip() for line in lines), " */", ""])


def comment_to_code(doc: Javadoc, code: str, stop: str) -> Completion:
    """Return a text of which the method, its signature included, is learned.

    Args:
        doc: Documentation of the method.
        code: The method without it.
        stop: What closes a text of the model's family.
    """
    context = comment(doc)
    return Completion(context + code + stop, len(context))
