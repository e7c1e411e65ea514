"""Statements that cannot fail, whatever values the code under test gives."""

from __future__ import annotations

from collections.abc import Iterable

from tree_sitter import Node

from kdlib.java.assertions import ASSERTIONS, assertion_kind, opening_call
from kdlib.java.checks import NOTHING, always_holds
from kdlib.java.constants import call_arguments, call_name, is_text, nodes_in, truth, types_in
from kdlib.java.quiet import EVERYTHING, FAILURES, JUMPS, KEEPING, TRIES, caught, handled, is_quiet, parts
from kdlib.java.syntax import COMMENTS, parse_statements, text

NEVER_RUN = "what it declares is not run"
SWALLOWED = "its failure is caught and dropped"
_DECLARATIONS = frozenset(
    {"class_declaration", "enum_declaration", "interface_declaration", "record_declaration"}
)
_HOLDS_STATEMENT = frozenset({"synchronized_statement", "labeled_statement", "enhanced_for_statement"})


def tautology(statement: str) -> str | None:
    """Return why a statement cannot fail, or None if it may.

    ``return;`` and ``int x = 0;`` check nothing. The check of ``assertTrue(c || true)``,
    ``assertEquals(x, x)`` or ``assertNotNull("" + x)`` always holds, that of ``if (false) assertTrue(x);``
    is never made, and ``try { assertTrue(x); } catch (Throwable t) { }`` drops its failure. A call of an
    unknown method may check something. Two equal calls may have two values, so
    ``assertEquals(next(), next())`` may fail. What an operand throws while it is evaluated is no failed
    check.

    Args:
        statement: Java source; it need not be valid.
    """
    parsed = parse_statements(statement.encode(errors="replace"))
    return vacuous(parsed[0]) if parsed and len(parsed) == 1 else None


def vacuous(statement: Node) -> str | None:
    """Return why a statement cannot fail, or None if it may; see ``tautology``.

    Args:
        statement: A statement of a syntax tree.
    """
    try:
        return _reason(statement)
    except RecursionError:  # nested deeper than anyone writes
        return None


def _reason(node: Node) -> str | None:
    kind = node.type
    if kind in _DECLARATIONS:
        return _quiet_reason(node)
    if kind in ("expression_statement", "local_variable_declaration"):
        name = assertion_kind(node)
        return _check(node, name) if name else _quiet_reason(node)
    if kind in JUMPS or kind == ";":
        return _quiet_reason(node)
    if kind == "block":
        return _all(node.named_children)
    if kind == "assert_statement":
        return "its condition is always true" if truth(parts(node)[0]) else None
    if kind == "if_statement":
        return _branch(node)
    if kind in TRIES:
        return _try(node)
    if kind in _HOLDS_STATEMENT:
        *header, body = parts(node)
        return _reason(body) if all(map(is_quiet, header)) else None
    return None


def _check(statement: Node, name: str) -> str | None:
    call = opening_call(statement)
    lambdas = [part for part in call_arguments(call) if not is_text(part)] if call else []
    if name == "assertAll":
        return _all_run(lambdas)
    if name in ("assertDoesNotThrow", "assertThatCode"):
        # Here it is what a value throws that fails: reading a field of null would.
        body = lambdas[0].child_by_field_name("body") if lambdas else None
        if body and is_quiet(body) and "field_access" not in types_in(body) and _ends_chain(call, name):
            return "it runs nothing"
    return always_holds(statement)


def _ends_chain(call: Node | None, name: str) -> bool:
    if call is None or call.parent is None or name == "assertDoesNotThrow":
        return call is not None
    return call_name(call.parent) == "doesNotThrowAnyException"


def _all_run(lambdas: Iterable[Node]) -> str | None:
    """Return why ``assertAll`` cannot fail: nothing that it runs can."""
    reasons: list[str] = []
    for part in lambdas:
        body = part.child_by_field_name("body") if part.type == "lambda_expression" else None
        if body is None:
            return None
        reason = _reason(body) if body.type == "block" else tautology(f"{text(body)};")
        if reason is None:
            return None
        reasons.append(reason)
    return reasons[0] if reasons else NOTHING


def _all(statements: Iterable[Node]) -> str | None:
    """Return why none of some statements can fail."""
    reasons = [_reason(node) for node in statements if node.type not in COMMENTS]
    if not all(reasons):
        return None
    return next((reason for reason in reasons if reason != NOTHING), NOTHING)


def _branch(node: Node) -> str | None:
    condition, yes, no = (
        node.child_by_field_name(name) for name in ("condition", "consequence", "alternative")
    )
    if condition is None or yes is None or not is_quiet(condition):
        return None
    value = truth(condition)
    if value is None:
        return _all([yes, no] if no else [yes])
    taken = yes if value else no
    return _reason(taken) if taken else "its condition is always false"


def _try(node: Node) -> str | None:
    """Return why a ``try`` cannot fail: nothing in it can, or whatever fails is caught and forgotten."""
    body = node.child_by_field_name("body")
    blocks = handled(node)
    # What a handler keeps may be checked later.
    if body is None or not _all(blocks) or any(KEEPING & set(types_in(part)) for part in blocks):
        return None
    names = caught(node)
    inside = _reason(body) if node.type == "try_statement" else None
    if inside or EVERYTHING in names:
        return inside or SWALLOWED
    # Anything else than a check may throw what is not caught.
    only_checks = node.type == "try_statement" and all(assertion_kind(s) or _reason(s) for s in parts(body))
    return SWALLOWED if only_checks and names & FAILURES else None


def _quiet_reason(node: Node) -> str | None:
    if node.type not in _DECLARATIONS and not is_quiet(node):
        return None
    return NEVER_RUN if _holds_assertion(node) else NOTHING


def _holds_assertion(node: Node) -> bool:
    return any(part.type == "assert_statement" or call_name(part) in ASSERTIONS for part in nodes_in(node))
