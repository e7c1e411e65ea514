"""Calls of test frameworks and assertion libraries whose check cannot fail."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tree_sitter import Node

from kdlib.java.assertions import ASSERTIONS, opening_call
from kdlib.java.constants import (
    call_arguments,
    call_name,
    created_type,
    different_literals,
    equal_sides,
    is_new,
    is_text,
    never_null,
    nodes_in,
    truth,
    unwrapped,
)
from kdlib.java.methods import simple_name
from kdlib.java.syntax import text

NOTHING = "it checks nothing"
_EQUAL = frozenset(
    {"assertEquals", "assertSame", "assertArrayEquals", "assertIterableEquals", "assertLinesMatch"}
)
_MATCHERS_OF_EQUALITY = frozenset({"is", "equalTo", "sameInstance", "theInstance"})
_CHAINS_OF_EQUALITY = frozenset(
    {"isEqualTo", "isSameAs", "isSameInstanceAs", "isEqualByComparingTo", "isEquivalentAccordingToCompareTo"}
)
# They say what a failure reads like.
_DESCRIPTIONS = frozenset(
    {"as", "describedAs", "withFailMessage", "overridingErrorMessage", "withRepresentation", "named"}
)
# Nothing is checked before `isThrownBy` is called. `assertThatThrownBy` does check by itself.
_EXCEPTION_CHAINS = frozenset(
    {
        "assertThatException",
        "assertThatExceptionOfType",
        "assertThatIOException",
        "assertThatIllegalArgumentException",
        "assertThatIllegalStateException",
        "assertThatNoException",
        "assertThatNullPointerException",
        "assertThatRuntimeException",
    }
)
_SUBJECT_FOLLOWS = frozenset({"assertAbout", "assertWithMessage", "assert_"})
_NUMBERS = frozenset({"decimal_integer_literal", "decimal_floating_point_literal"})


def always_holds(statement: Node) -> str | None:
    """Return why the check of an assertion cannot fail, or None if it may.

    Args:
        statement: A statement that makes an assertion (``assertions.assertion_kind``).
    """
    call = opening_call(statement)
    if call is None:
        return None
    chain = _chain(statement)
    if any(
        call_name(part) in ASSERTIONS
        for link in (call, *chain)
        for argument in call_arguments(link)
        for part in nodes_in(argument)
    ):
        return None  # an argument is a check of its own
    name = call_name(call)
    arguments = call_arguments(call)
    if name in _SUBJECT_FOLLOWS:
        return _about(name, chain)
    if name in _EXCEPTION_CHAINS or name == "assertThatCode":
        return NOTHING if _described_only(chain) else None
    if name in ("assertThat", "assertThatObject") and len(arguments) < 2:
        return _fluent(arguments, chain) if arguments else None
    if chain:
        return None
    if name == "assertThat":
        return _matched(arguments)
    # A message may be made by a lambda; a condition may be one.
    values = [part for part in arguments if part.type != "lambda_expression" or name in _CONDITIONS]
    check = _CHECKS.get(name)
    return check(values) if check else None


def _chain(statement: Node) -> list[Node]:
    """Return the calls of a statement's chain but the first, in the order in which they run."""
    calls: list[Node] = []
    # From the last to the first: to ask a node for its parent takes time that grows with its depth.
    call = next((part for part in statement.named_children if part.type == "method_invocation"), None)
    while call and (receiver := call.child_by_field_name("object")) and receiver.type == call.type:
        calls.append(call)
        call = receiver
    return calls[::-1]


def _described_only(chain: Sequence[Node]) -> bool:
    return all(call_name(link) in _DESCRIPTIONS for link in chain)


def _about(name: str, chain: Sequence[Node]) -> str | None:
    """Return why Truth's ``assertWithMessage(m).that(x)`` and its like cannot fail."""
    if _described_only(chain):
        return NOTHING
    first, *others = chain
    if call_name(first) != "that":
        return None
    # What the methods of another subject check is not known.
    return _fluent(call_arguments(first), others) if name != "assertAbout" or not others else None


def _fluent(arguments: Sequence[Node], chain: Sequence[Node]) -> str | None:
    """Return why ``assertThat(x).isEqualTo(y)`` and its like cannot fail: none of its calls can."""
    checks = [link for link in chain if call_name(link) not in _DESCRIPTIONS]
    if not checks:
        return NOTHING
    reasons = [_link(arguments[0], call_name(link), call_arguments(link)) for link in checks]
    return reasons[0] if all(reasons) and len(arguments) == 1 else None


def _link(subject: Node, name: str, given: Sequence[Node]) -> str | None:
    if len(given) == 1:
        if name in _CHAINS_OF_EQUALITY:
            return equal_sides(subject, given[0])
        if name == "isInstanceOf":
            return _instance([given[0], subject])
        if name == "isNotEqualTo":
            return _different_literals([subject, given[0]])
        if name in ("isNotSameAs", "isNotSameInstanceAs"):
            return _not_same([subject, given[0]])
    check = {"isTrue": _true, "isFalse": _false, "isNotNull": _not_null, "isNull": _null}.get(name)
    return check([subject]) if check and not given else None


def _matched(arguments: Sequence[Node]) -> str | None:
    """Return why a value always fits its matcher, in Hamcrest's form."""
    value, matcher = arguments[-2:]
    if len(arguments) == 2 and truth(matcher):
        return _true([matcher])  # a reason and a condition
    return _fits(value, matcher)


def _fits(value: Node, matcher: Node) -> str | None:
    name = call_name(matcher)
    inner = call_arguments(matcher) if name else []
    if name == "anything":
        return NOTHING
    if name == "notNullValue" and not inner:
        return _not_null([value])
    if name == "nullValue" and not inner:
        return _null([value])
    if len(inner) != 1:
        return None
    if name == "is" and call_name(inner[0]) in _MATCHERS:
        return _fits(value, inner[0])
    if name == "not" and call_name(inner[0]) == "nullValue":
        return _not_null([value])
    if name in ("instanceOf", "isA", "any"):
        return _instance([inner[0], value])
    return equal_sides(value, inner[0]) if name in _MATCHERS_OF_EQUALITY else None


_MATCHERS = _MATCHERS_OF_EQUALITY | {"anything", "notNullValue", "nullValue", "not", "instanceOf", "isA"}


def _equal(arguments: Sequence[Node]) -> str | None:
    """Return why the values of a comparison are always equal; a message or delta may stand beside them."""
    # JUnit 4 takes a message first.
    first = 1 if len(arguments) > 2 and is_text(arguments[0]) else 0
    sides = arguments[first : first + 2]
    if len(sides) < 2:
        return None
    # `assertEquals(name, name, value)` compares the last two in JUnit 4, unless the last is message or delta.
    if len(arguments) == 3 and not (first or is_text(arguments[2]) or arguments[2].type in _NUMBERS):
        return None
    return equal_sides(*sides)


def _constant(arguments: Sequence[Node], value: bool) -> str | None:
    word = str(value).lower()
    for argument in arguments:
        condition = argument
        if argument.type == "lambda_expression":
            condition = argument.child_by_field_name("body") or argument
        if unwrapped(condition).type == word:
            return f"its condition is the constant {word}"
        if truth(condition) is value:
            return f"its condition is always {word}"
    return None


def _true(arguments: Sequence[Node]) -> str | None:
    return _constant(arguments, value=True)


def _false(arguments: Sequence[Node]) -> str | None:
    return _constant(arguments, value=False)


def _not_null(arguments: Sequence[Node]) -> str | None:
    # Of two, one is a message, but which depends on the version of JUnit; no message is a new object.
    constant = [part for part in arguments if never_null(part)]
    found = [part for part in constant if is_new(part, but="String")]
    if len(arguments) <= 2 and len(constant) == len(arguments):
        found += [part for part in constant if not is_text(part)] + constant
    return f"{text(found[0])} is never null" if found else None


def _null(arguments: Sequence[Node]) -> str | None:
    alone = len(arguments) == 1 and unwrapped(arguments[0]).type == "null_literal"
    return "null is null" if alone else None


def _different_literals(arguments: Sequence[Node]) -> str | None:
    if len(arguments) != 2 or not different_literals(*arguments):
        return None
    one, other = map(text, arguments)
    return f"{one} and {other} are constants"


def _not_same(arguments: Sequence[Node]) -> str | None:
    if len(arguments) != 2:
        return None
    for one, other in (arguments, arguments[::-1]):
        # A new object is no other that was there before; a call or a field may have kept it.
        if is_new(one) and (is_new(other) or other.type == "identifier"):
            return f"{text(one)} is a new object"
    return _different_literals(arguments)


def _instance(arguments: Sequence[Node]) -> str | None:
    """Return why a value is always of a type; null is of none, so any value that may be null may fail."""
    if len(arguments) < 2 or arguments[0].type != "class_literal" or not never_null(arguments[1]):
        return None
    wanted = simple_name(text(arguments[0]).removesuffix(".class").strip())
    if wanted != "Object" and not (is_new(arguments[1]) and created_type(arguments[1]) == wanted):
        return None
    return f"{text(arguments[1])} is always of type {wanted}"


_CONDITIONS = frozenset({"assertTrue", "assertFalse"})
_CHECKS: dict[str, Callable[[Sequence[Node]], str | None]] = {
    **dict.fromkeys(_EQUAL, _equal),
    "assertTrue": _true,
    "assertFalse": _false,
    "assertNotNull": _not_null,
    "assertNull": _null,
    "assertNotEquals": _different_literals,
    "assertNotSame": _not_same,
    "assertInstanceOf": _instance,
    "catchThrowable": lambda _: NOTHING,
}
