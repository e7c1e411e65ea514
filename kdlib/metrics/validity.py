"""Assertion validity: is a text one syntactically valid statement that asserts something?"""

from __future__ import annotations

from kdlib.java.assertions import assertion_kind
from kdlib.java.validity import only_statement


def is_assertion(text: str) -> bool:
    """Return whether a text is exactly one valid Java statement that calls a known assertion.

    Args:
        text: A candidate, e.g. a generated assertion.

    Relations:
        Stricter than ``kdlib.java.validity.is_statement``, which takes any statement.
    """
    statement = only_statement(text)
    return statement is not None and assertion_kind(statement) is not None
