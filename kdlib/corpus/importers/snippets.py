"""Single methods and statements, as rows hold them: without a file and perhaps without valid syntax."""

from __future__ import annotations

import textwrap

from tree_sitter import Node

from kdlib.java.assertions import APIS, assertion_kind, framework_of
from kdlib.java.methods import Import
from kdlib.java.syntax import COMMENTS, captures, parse, parse_statements, text
from kdlib.java.tokens import code_tokens

_METHODS = frozenset({"method_declaration", "constructor_declaration"})
_STATEMENTS = "(expression_statement (method_invocation)) @statement"
_NO_BLANK_BEFORE = frozenset({",", ";", ")", "]", ".", "::", "++", "--", "..."})
_NO_BLANK_AFTER = frozenset({"(", "[", ".", "::", "!", "~", "@"})
# After these an opening bracket is no list of arguments.
_KEYWORDS = frozenset(
    {"assert", "case", "catch", "do", "else", "for", "if", "new", "return", "switch", "synchronized"}
    | {"throw", "try", "while", "yield"}
)


def member(source: str) -> tuple[bytes, Node] | None:
    """Return a file that holds just this method, and its node; None if it is not exactly one valid method.

    The method stands there with one indentation for its first and last line, which a row often lacks.

    Args:
        source: Source of a method or constructor.
    """
    content = b"class C {\n" + _indented(source).encode() + b"\n}\n"
    root = parse(content).root_node
    members = [node for node in _members(root) if node.type not in COMMENTS]
    if root.has_error or root.named_child_count != 1 or len(members) != 1 or members[0].type not in _METHODS:
        return None
    return content, members[0]


def method_name(source: str) -> str:
    """Return the name of the first method of a text; empty if none is found."""
    root = parse(b"class C {\n" + source.encode(errors="replace") + b"\n}\n").root_node
    names = (node.child_by_field_name("name") for node in _members(root) if node.type in _METHODS)
    return next((text(name) for name in names if name), "")


def dedented(source: str) -> str:
    """Return a method moved to the left margin."""
    return textwrap.dedent(_indented(source)).strip()


def outermost_assertions(method: Node) -> list[Node]:
    """Return the assertion statements of a method in source order; one inside another belongs to it."""
    statements = captures(method, _STATEMENTS).get("statement", [])
    found: list[Node] = []
    for node in sorted(statements, key=lambda node: node.start_byte):
        inside = found and node.start_byte < found[-1].end_byte
        if not inside and assertion_kind(node):
            found.append(node)
    return found


def kind_of(reference: str) -> str:
    """Return the kind of an assertion, e.g. ``assertEquals``; ``unknown`` if it is none of a known API."""
    statements = parse_statements(reference.encode()) or []
    kinds = (assertion_kind(node) for node in statements[:1] if node.type == "expression_statement")
    return next(kinds, None) or "unknown"


def framework_in(source: str) -> str:
    """Return the test framework whose package a text names, e.g. in ``org.junit.Assert``, or ``unknown``."""
    packages = [package for api in APIS for package in api.packages if package in source]
    return framework_of([Import(package, static=False, everything=True) for package in packages])


def statement(expression: str) -> str:
    """Return an assertion with the semicolon that some formats leave out."""
    stripped = expression.strip()
    return stripped if not stripped or stripped.endswith((";", "}")) else stripped + ";"


def readable(source: str) -> str:
    """Return Java of single tokens between blanks as one would write it, with the same code tokens.

    Text that cannot be joined safely (comments, ``1 . 5``) is returned unchanged.
    """
    tokens = code_tokens(source)
    joined = "".join(
        (" " if _apart(before, token) else "") + token
        for before, token in zip(["", *tokens], tokens, strict=False)
    )
    lost = "".join(joined.split()) != "".join(source.split())
    return source.strip() if lost or code_tokens(joined) != tokens else joined


def _apart(before: str, token: str) -> bool:
    if not before or before in _NO_BLANK_AFTER or token in _NO_BLANK_BEFORE:
        return False
    names = before[0].isalpha() or before[0] in "_$"
    return not ((token == "(" and names and before not in _KEYWORDS) or (token == "[" and names))


def _indented(source: str) -> str:
    """Return a method whose first line is indented like its last."""
    last = source.rstrip().rpartition("\n")[2]
    return source if source[:1].isspace() else last[: len(last) - len(last.lstrip())] + source


def _members(root: Node) -> list[Node]:
    body = root.named_children[0].child_by_field_name("body") if root.named_children else None
    return body.named_children if body else []
