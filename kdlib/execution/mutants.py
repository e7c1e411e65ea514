"""Mutants of a method under test: one small fault each, which a good assertion notices."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

from tree_sitter import Node

from kdlib.java.compiler import SourceFile
from kdlib.java.syntax import parse, text

_RELATIONAL = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}
_ARITHMETIC = {
    "+": "-",
    "-": "+",
    "*": "/",
    "/": "*",
    "%": "*",
    "<<": ">>",
    ">>": "<<",
    ">>>": "<<",
    "&": "|",
    "|": "&",
    "^": "&",
}
_LOGICAL = {"&&": "||", "||": "&&"}
_BINARY = {"relational": _RELATIONAL, "arithmetic": _ARITHMETIC, "logical": _LOGICAL}
_ASSIGNED = {f"{sign}=": f"{other}=" for sign, other in _ARITHMETIC.items()}
_UPDATES = {"++": "--", "--": "++"}
_CONDITIONS = frozenset(
    {"if_statement", "while_statement", "do_statement", "for_statement", "ternary_expression"}
)
_INTEGERS = frozenset({"decimal_integer_literal", "hex_integer_literal"})
_METHODS = frozenset({"method_declaration", "constructor_declaration", "compact_constructor_declaration"})
_NUMBERS = frozenset({"byte", "short", "int", "long", "char", "float", "double"})
# Code of these runs elsewhere, and has other results.
_OTHER_BODIES = frozenset({"lambda_expression", "class_body"})


# Candidates are ranked, filtered and rewarded by the first, and all that is reported is of the second: else
# what was chosen for its kills would be praised for the same ones.
Half = Literal["rank", "score"]


class Mutant(NamedTuple):
    """A fault in a file.

    Attributes:
        operator: Kind of change: relational, arithmetic, logical, boundary, negated_condition, return_value
            or void_call.
        line: Line of the fault, from 1.
        start: First byte that is replaced.
        end: Byte after the last.
        replacement: Bytes that replace them, with the same number of lines.
        half: Half of its method's mutants that it belongs to.
    """

    operator: str
    line: int
    start: int
    end: int
    replacement: bytes
    half: Half = "score"

    def applied(self, name: str, content: bytes) -> SourceFile:
        """Return the file with the fault.

        Args:
            name: File name in the folder of its package, without ``.java``.
            content: Bytes of the file.
        """
        return SourceFile(name, content[: self.start] + self.replacement + content[self.end :])


def mutants_of(content: bytes, start: int, end: int, most: int, seed: int) -> list[Mutant]:
    """Return mutants of a method in the order of the file, each with the half that it belongs to.

    Seed, text of the method and mutant alone decide on its half, not the number that is asked for.

    Args:
        content: The file that declares it, in UTF-8.
        start: First byte of the declaration.
        end: Byte after its last.
        most: Largest number of mutants; of more, a random choice by seed and method, half of it to rank by.
        seed: Seed of the choice and of the halves.

    Returns:
        Nothing if no method of the file begins and ends there.
    """
    root = parse(content).root_node
    method = root.descendant_for_byte_range(start, end)
    while method is not None and method.type not in _METHODS:
        method = method.parent
    if method is None or (method.start_byte, method.end_byte) != (start, end):
        return []
    body = method.child_by_field_name("body")
    found = list(dict.fromkeys(_mutants(method, body))) if body else []
    key = hashlib.sha256(f"{seed}\0".encode() + content[start:end]).digest()

    def dice(mutant: Mutant) -> bytes:
        place = f"{mutant.operator}\0{mutant.start - start}\0".encode()
        return hashlib.sha256(key + place + mutant.replacement).digest()

    # In this order every second one is to rank by; a method with one mutant has it to be scored.
    drawn = {mutant: number for number, mutant in enumerate(sorted(found, key=dice))}
    halves: tuple[Half, Half] = ("score", "rank")
    return [mutant._replace(half=halves[drawn[mutant] % 2]) for mutant in found if drawn[mutant] < most]


def equivalent(original: Mapping[str, bytes], mutant: Mapping[str, bytes]) -> bool:
    """Return whether a mutant compiles to the same classes as the original, so that no test differs.

    A mutant has the lines of the original, so debugging information makes no difference.

    Args:
        original: Binary name: class file, of all classes of the file.
        mutant: Binary name: class file of the mutant, from the same compiler with the same options.
    """
    return dict(original) == dict(mutant)


def _mutants(method: Node, body: Node) -> Iterator[Mutant]:
    returns = method.child_by_field_name("type")
    pending = [(child, text(returns) if returns else "void") for child in body.named_children]
    pending.reverse()
    while pending:
        node, result = pending.pop()
        yield from _of_node(node, result)
        inner = "" if node.type in _OTHER_BODIES else result
        pending += [(child, inner) for child in reversed(node.named_children)]


def _of_node(node: Node, result: str) -> Iterator[Mutant]:
    """Yield the mutants of one node, not of those below it; ``result`` is what its method returns."""
    if node.type == "binary_expression":
        yield from _binary(node)
    elif node.type in ("assignment_expression", "update_expression"):
        table = _ASSIGNED if node.type == "assignment_expression" else _UPDATES
        for sign in node.children:
            if sign.type in table:
                yield _replaced("arithmetic", sign, table[sign.type])
    elif node.type in _INTEGERS:
        yield from _boundary(node)
    elif node.type == "expression_statement":
        call = node.named_children[0]
        # A call whose value is dropped; of a constructor's first, nothing can take its place.
        if call.type == "method_invocation":
            yield _replaced("void_call", node, ";" + "\n" * text(node).count("\n"))
    elif node.type == "return_statement" and node.named_child_count:
        yield from _return_value(node.named_children[0], result)
    if node.type in _CONDITIONS and (condition := node.child_by_field_name("condition")) is not None:
        yield from _negated(condition)


def _binary(node: Node) -> Iterator[Mutant]:
    sign = node.child_by_field_name("operator")
    if sign is None:
        return
    for operator, table in _BINARY.items():
        if sign.type in table and not (sign.type == "+" and _joins_texts(node)):
            yield _replaced(operator, sign, table[sign.type])


def _joins_texts(node: Node) -> bool:
    """Return whether a sum holds a string literal, so that it is none."""
    sides = [node.child_by_field_name("left"), node.child_by_field_name("right")]
    return any(
        side is not None
        and (side.type == "string_literal" or (side.type == "binary_expression" and _joins_texts(side)))
        for side in sides
    )


def _boundary(node: Node) -> Iterator[Mutant]:
    """Yield the constant one higher and one lower."""
    written = text(node).replace("_", "")
    suffix = "L" if written[-1] in "lL" else ""
    digits = written[:-1] if suffix else written
    is_octal = digits.startswith("0") and digits.isdigit() and len(digits) > 1
    value = int(digits, 8 if is_octal else 0)
    bits = 64 if suffix else 32
    # Other bases write negative numbers by their bits.
    if digits[:1] == "0" and value >= 1 << (bits - 1):
        value -= 1 << bits
    for other in (value + 1, value - 1):
        yield _replaced("boundary", node, f"{other}{suffix}" if other >= 0 else f"({other}{suffix})")


def _return_value(value: Node, result: str) -> Iterator[Mutant]:
    lines = "\n" * text(value).count("\n")
    if result == "boolean":
        yield _replaced("return_value", value, f"!({text(value)})")
    elif result in _NUMBERS:
        zero = f"({result}) 0"
        yield _replaced(
            "return_value", value, (zero if text(value) not in ("0", "0L") else f"({result}) 1") + lines
        )
    elif result == "String" and text(value) != '""':
        yield _replaced("return_value", value, '""' + lines)
    elif result and text(value) != "null":
        yield _replaced("return_value", value, "null" + lines)


def _negated(condition: Node) -> Iterator[Mutant]:
    if condition.type == "parenthesized_expression":
        condition = condition.named_children[-1]
    sign = condition.child_by_field_name("operator")
    # The opposite of an equality is its relational mutant; a loop without end shows nothing.
    if condition.type not in ("true", "false") and (sign is None or sign.type not in ("==", "!=")):
        yield _replaced("negated_condition", condition, f"!({text(condition)})")


def _replaced(operator: str, node: Node, replacement: str) -> Mutant:
    return Mutant(operator, node.start_point.row + 1, node.start_byte, node.end_byte, replacement.encode())
