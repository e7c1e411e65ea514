"""Assertions of Java tests: which statements are assertions, of which kind, and which methods are tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tree_sitter import Node

from kdlib.java.methods import Import, simple_name
from kdlib.java.syntax import text


@dataclass(frozen=True, slots=True)
class Api:
    """A test framework or an assertion library.

    Attributes:
        name: Name in records and reports.
        packages: Prefixes of imports that show its use.
        classes: Simple names of the classes that hold its assertions.
        assertions: Names that open an assertion, be it a call or a chain.
        tests: Annotations of test methods; empty for a mere assertion library and for JUnit 3.
    """

    name: str
    packages: tuple[str, ...]
    classes: frozenset[str]
    assertions: frozenset[str]
    tests: frozenset[str] = frozenset()


def _names(words: str) -> frozenset[str]:
    return frozenset(words.split())


_JUNIT3 = _names(
    "assertEquals assertFalse assertNotNull assertNotSame assertNull assertSame assertTrue fail "
    "failNotEquals failNotSame failSame"
)
_JUNIT4 = _JUNIT3 | _names("assertArrayEquals assertNotEquals assertThat assertThrows")
_JUNIT5 = (_JUNIT4 - {"assertThat"}) | _names(
    "assertAll assertDoesNotThrow assertInstanceOf assertIterableEquals assertLinesMatch assertThrowsExactly "
    "assertTimeout assertTimeoutPreemptively"
)
_TESTNG = _JUNIT3 | _names(
    "assertEqualsDeep assertEqualsNoOrder assertListContains assertListContainsObject assertNotEquals "
    "assertNotEqualsDeep assertThrows expectThrows"
)
_ASSERTJ = _names(
    "assertThat assertThatCode assertThatException assertThatExceptionOfType assertThatIOException "
    "assertThatIllegalArgumentException assertThatIllegalStateException assertThatNoException "
    "assertThatNullPointerException assertThatObject assertThatRuntimeException assertThatThrownBy "
    "catchThrowable catchThrowableOfType fail failBecauseExceptionWasNotThrown"
)
_TRUTH = _names("assertAbout assertThat assertWithMessage assert_")
_JUNIT5_TESTS = _names("Test ParameterizedTest RepeatedTest TestFactory TestTemplate")
# The order decides which framework a file with several of them is said to use.
APIS = (
    Api("junit5", ("org.junit.jupiter.",), _names("Assertions"), _JUNIT5, _JUNIT5_TESTS),
    Api("testng", ("org.testng.",), _names("Assert AssertJUnit"), _TESTNG, _names("Test")),
    Api("junit4", ("org.junit.",), _names("Assert"), _JUNIT4, _names("Test Theory")),
    Api("junit3", ("junit.framework.",), _names("Assert TestCase"), _JUNIT3),
    Api("hamcrest", ("org.hamcrest.",), _names("MatcherAssert"), _names("assertThat")),
    Api("assertj", ("org.assertj.",), _names("Assertions BDDAssertions"), _ASSERTJ),
    Api(
        "truth",
        ("com.google.common.truth.",),
        _names("Truth"),
        _names("assertAbout assertThat assertWithMessage assert_"),
    ),
)
ASSERTIONS = frozenset[str]().union(*(api.assertions for api in APIS))
# These return a value that the rest of the test may use.
_WITH_RESULT = _names(
    "assertDoesNotThrow assertInstanceOf assertThrows assertThrowsExactly assertTimeout "
    "assertTimeoutPreemptively catchThrowable catchThrowableOfType expectThrows"
)
_CLASSES = frozenset[str]().union(*(api.classes for api in APIS))
_QUALIFIERS = _CLASSES | {"this", "super"}
_ANNOTATIONS = frozenset[str]().union(*(api.tests for api in APIS))


def assertion_kind(node: Node) -> str | None:
    """Return the name of the assertion that a statement makes, e.g. ``assertEquals``; None if it makes none.

    A chain has the name of its first call: ``assertThat(x).isEqualTo(y)`` is an ``assertThat``. A statement
    that keeps what an assertion returns, ``var e = assertThrows(...)``, is an assertion as well.

    Args:
        node: A statement of a syntax tree.
    """
    call = opening_call(node)
    name = call.child_by_field_name("name") if call else None
    if call is None or name is None or text(name) not in ASSERTIONS:
        return None
    if text(name) not in _WITH_RESULT and not _is_call(node):
        return None
    qualifier = call.child_by_field_name("object")
    if qualifier is not None and not _is_of_framework(text(qualifier), text(name)):
        return None
    return text(name)


def _is_call(statement: Node) -> bool:
    expression = statement.named_child(0)
    return expression is not None and expression.type == "method_invocation"


def _is_of_framework(qualifier: str, name: str) -> bool:
    # AssertJ's soft assertions are methods of an object that tests call `softly`, `soft` or `softAssertions`;
    # its `assertAll` asserts nothing of its own.
    return simple_name(qualifier) in _QUALIFIERS or (qualifier.startswith("soft") and name in _ASSERTJ)


def opening_call(node: Node) -> Node | None:
    """Return the innermost call of a statement's chain of calls, the one that is evaluated first.

    Args:
        node: A statement: a call, or the assignment or declaration of a variable with the value of one.
    """
    call: Node | None = None
    if node.type == "expression_statement":
        call = node.named_child(0)
        if call is not None and call.type == "assignment_expression":
            call = call.child_by_field_name("right")
    elif node.type == "local_variable_declaration":
        variable = node.child_by_field_name("declarator")
        call = variable.child_by_field_name("value") if variable else None
    if call is None or call.type != "method_invocation":
        return None
    while (
        receiver := call.child_by_field_name("object")
    ) is not None and receiver.type == "method_invocation":
        call = receiver
    return call


def framework_of(imports: Sequence[Import]) -> str:
    """Return the test framework that a file's imports name, or ``unknown``."""
    for api in APIS:
        runs_tests = api.tests or api.name == "junit3"
        if runs_tests and any((item.name + ".").startswith(api.packages) for item in imports):
            return api.name
    return "unknown"


def is_test_annotation(name: str) -> bool:
    """Return whether an annotation of that simple name marks a test method."""
    return name in _ANNOTATIONS
