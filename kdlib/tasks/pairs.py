"""The pairs of documentation and code from which the code encoder learns."""

from __future__ import annotations

from dataclasses import dataclass

from kdlib.java.javadoc import Javadoc


@dataclass(frozen=True, slots=True)
class DocCodePair:
    """What someone might ask for, and the method that answers.

    Attributes:
        doc: First paragraph of the documentation, on one line.
        code: The method without it.
    """

    doc: str
    code: str


def pair(doc: Javadoc, code: str) -> DocCodePair:
    """Return the pair of a documented method.

    The first paragraph, without block tags, is near to a query in length and words (CodeSearchNet, Husain et
    al. 2019, arXiv 1909.09436, §2).
    """
    return DocCodePair(doc.first_paragraph(), code)
