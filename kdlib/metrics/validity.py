"""Assertion validity: is a text one syntactically valid statement that asserts something?"""

from __future__ import annotations

from tree_sitter import Node

from kdlib.java.assertions import assertion_kind
from kdlib.java.syntax import COMMENTS, text
from kdlib.java.validity import only_statement

# These only name or describe a subject: the call after them asserts something of it.
_SUBJECTS = frozenset(
    {
        "about",
        "as",
        "assertAbout",
        "assertThat",
        "assertThatCode",
        "assertThatException",
        "assertThatExceptionOfType",
        "assertThatIOException",
        "assertThatIllegalArgumentException",
        "assertThatIllegalStateException",
        "assertThatNoException",
        "assertThatNullPointerException",
        "assertThatObject",
        "assertThatRuntimeException",
        "assertWithMessage",
        "assert_",
        "describedAs",
        "overridingErrorMessage",
        "that",
        "withFailMessage",
    }
)


def is_assertion(candidate: str) -> bool:
    """Return whether a text is exactly one valid Java statement that makes a known assertion.

    A chain must go on after its subject: ``assertThat(x);`` compiles with AssertJ and Truth, but asserts
    nothing; Hamcrest's ``assertThat(x, matcher);`` does.

    Args:
        candidate: E.g. a generated assertion.

    Relations:
        Stricter than ``kdlib.java.validity.is_statement``, which takes any statement. The assertions are
        those of ``kdlib.java.assertions``, so that every mined reference is valid but for such chains.
    """
    statement = only_statement(candidate)
    return statement is not None and assertion_kind(statement) is not None and not _lacks_predicate(statement)


def _lacks_predicate(statement: Node) -> bool:
    call = statement.named_children[0]
    name = call.child_by_field_name("name")
    arguments = call.child_by_field_name("arguments")
    if call.type != "method_invocation" or name is None or text(name) not in _SUBJECTS or arguments is None:
        return False
    given = [node for node in arguments.named_children if node.type not in COMMENTS]
    return text(name) != "assertThat" or len(given) < 2
