"""Parts of Java code that run no check and fail nowhere, as far as it can be seen."""

from __future__ import annotations

from tree_sitter import Node

from kdlib.java.constants import call_arguments, call_name, created_type, nodes_in
from kdlib.java.methods import simple_name
from kdlib.java.syntax import COMMENTS, text

TRIES = frozenset({"try_statement", "try_with_resources_statement"})
JUMPS = frozenset({"return_statement", "break_statement", "continue_statement"})
# Both keep a value that may be checked later.
KEEPING = frozenset({"assignment_expression", "update_expression"})
# Every failed check of a known library is an AssertionError.
FAILURES = frozenset({"AssertionError", "Error"})
EVERYTHING = "Throwable"
_PRINTERS = frozenset({"System.out", "System.err"})
_PRINTING = frozenset({"print", "println", "printf", "format", "flush"})
_MAY_THROW = frozenset(
    {"array_access", "array_creation_expression", "cast_expression", "switch_expression", "throw_statement"}
)
_DIVISIONS = frozenset({"/", "%", "/=", "%="})
# Making one of these runs nothing of its body, nor of the lambda that it gets.
_RUN_LATER = frozenset(
    {"BiConsumer", "BiFunction", "Callable", "Comparator", "Consumer", "Executable", "Function", "Object"}
    | {"Predicate", "Runnable", "Supplier", "Thread", "ThrowingCallable", "ThrowingRunnable"}
)


def is_quiet(node: Node) -> bool:
    """Return whether running a node calls no method that might check something and throws nothing."""
    pending = [node]
    while pending:
        part = pending.pop()
        if part.type in ("lambda_expression", "method_reference"):
            continue  # nobody runs it here
        if part.type in _MAY_THROW or any(sign.type in _DIVISIONS for sign in part.children):
            return False
        if part.type == "method_invocation":
            if not prints(part):
                return False
            pending += call_arguments(part)
        elif part.type == "object_creation_expression":
            if not is_run_later(part):
                return False
            pending += call_arguments(part)
        else:
            pending += part.named_children
    return True


def prints(call: Node) -> bool:
    """Return whether a call prints something."""
    receiver = call.child_by_field_name("object")
    if receiver is None:
        return False
    if call_name(call) == "printStackTrace":
        return receiver.type == "identifier" and not call_arguments(call)
    return text(receiver) in _PRINTERS and call_name(call) in _PRINTING


def is_run_later(creation: Node) -> bool:
    """Return whether making an object runs neither its body nor what it is given."""
    bodies = [part for part in creation.named_children if part.type == "class_body"]
    members = [part.type for body in bodies for part in body.named_children]
    return created_type(creation) in _RUN_LATER and set(members) <= {"method_declaration", *COMMENTS}


def caught(node: Node) -> set[str]:
    """Return the simple names of what a ``try`` catches."""
    parameters = [parts(part)[0] for part in node.named_children if part.type == "catch_clause"]
    lists = [part for parameter in parameters for part in nodes_in(parameter) if part.type == "catch_type"]
    return {simple_name(text(kind)) for part in lists for kind in parts(part)}


def handled(node: Node) -> list[Node]:
    """Return the blocks of a ``try`` that follow its body."""
    clauses = [part for part in node.named_children if part.type in ("catch_clause", "finally_clause")]
    return [part for clause in clauses for part in clause.named_children if part.type == "block"]


def parts(node: Node) -> list[Node]:
    """Return the named children of a node without comments."""
    return [part for part in node.named_children if part.type not in COMMENTS]
