"""Which overload takes which arguments: the conversions of JLS 21 §5.3, judged by the names of types."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from kdlib.corpus.mining.project import Declared, Project, ProjectType
from kdlib.java.methods import Method, base_name, is_array, simple_name

LAMBDA = "->"
NULL = "null"
TYPE_VARIABLE = re.compile(r"[A-Z][A-Z0-9]?$")
PRIMITIVE = frozenset({"boolean", "byte", "char", "double", "float", "int", "long", "short"})
_NUMBERS = ("byte", "short", "int", "long", "float", "double")
_BOXES = {
    "boolean": "Boolean",
    "byte": "Byte",
    "char": "Character",
    "double": "Double",
    "float": "Float",
    "int": "Integer",
    "long": "Long",
    "short": "Short",
}
_ANY = ("Comparable", "Serializable", "Object")
_ABOVE_ARRAYS = frozenset({"Cloneable", "Serializable"})  # JLS 21 §4.10.3


def _targets() -> dict[str, tuple[str, ...]]:
    """Return what each closed type converts to, the nearest first: widening, boxing, supertypes."""
    table: dict[str, tuple[str, ...]] = {
        "String": ("String", "CharSequence", *_ANY),
        "Class": ("Class", "Type", "GenericDeclaration", "AnnotatedElement", "Serializable", "Object"),
    }
    for name, box in _BOXES.items():
        wider = _NUMBERS[_NUMBERS.index(name) :] if name in _NUMBERS else (name,)
        wider = ("char", *_NUMBERS[2:]) if name == "char" else wider
        above = (box, "Number", *_ANY) if name in _NUMBERS else (box, *_ANY)
        table[name] = (*wider, *above)
        table[box] = (*above, *wider)
    return table


_TARGETS = _targets()
_CLOSED = frozenset(_TARGETS)


class Value(NamedTuple):
    """What is known of an expression's type.

    Attributes:
        kind: The project's type, if it is one.
        certain: Whether it surely is of ``kind`` (with ``kind``) or surely foreign (without).
        name: Simple name as far as it is known.
        holds: The project's type among the type arguments or array elements of a foreign type.
    """

    kind: ProjectType | None = None
    certain: bool = False
    name: str = ""
    holds: ProjectType | None = None


UNKNOWN = Value()


@cache
def fit(
    written: str, given: str, supertypes: frozenset[str] = frozenset(), of_project: bool = False
) -> float:
    """Return how well an argument fits a parameter: 1 for its very type, less for others, -1 if it cannot.

    Args:
        written: The parameter's type as written, without dots at its end.
        given: Simple name of the argument's type, with ``[]`` for an array; ``LAMBDA`` or ``NULL`` for these.
        supertypes: Simple names of the project's types that the argument's type is or inherits from.
        of_project: Whether the parameter's type is one of the project's, to which nothing else converts.

    Returns:
        A number in [-1, 1]; 0 if the names do not decide.
    """
    base = simple_name(base_name(written))
    takes_array = is_array(written)
    open_type = base == "Object" or bool(TYPE_VARIABLE.match(base))
    if given in (LAMBDA, NULL):
        closed = base in PRIMITIVE if given == NULL else base in _CLOSED or takes_array
        return -1.0 if closed and not (takes_array and given == NULL) else 0.0
    value = given.removesuffix("[]")
    holds_array = given.endswith("[]")
    if takes_array != holds_array:
        return 0.0 if holds_array and (open_type or base in _ABOVE_ARRAYS) else -1.0
    if base == value:
        return 1.0
    if takes_array:
        return -1.0 if {base, value} & PRIMITIVE else 0.0
    if value in _TARGETS:
        near = _TARGETS[value]
        return 0.9 - 0.1 * near.index(base) / len(near) if base in near else 0.0 if open_type else -1.0
    if base in _CLOSED:
        return -1.0
    return 0.5 if base in supertypes else -1.0 if of_project and not open_type else 0.0


def overload(project: Project, candidates: Sequence[Declared], arguments: Sequence[Value]) -> Declared:
    """Return the method that takes these arguments best: by known types, else the first.

    Args:
        project: Index of types, for inheritance.
        candidates: Methods or constructors of one name, at least one, those of subtypes before those of
            supertypes.
        arguments: Known types of the arguments.
    """

    def rank(found: Declared) -> tuple[bool, bool, float, bool]:
        fits = fits_of(project, found.method, arguments)
        return min(fits, default=0) >= 0, not found.method.variadic, sum(fits), found.method.has_body

    # `max` keeps the first of equals.
    return max(candidates, key=rank)


def fits_of(project: Project, method: Method, arguments: Sequence[Value]) -> list[float]:
    """Return how well each argument of known type fits its parameter, between -1 and 1."""
    fits = []
    for written, value in zip(_expected(method, arguments), arguments, strict=False):
        if value.name:
            of_project = value.certain and simple_name(base_name(written)) in project.by_simple
            above = project.converts_to(value.kind) if value.kind else frozenset[str]()
            fits.append(fit(written, value.name, above, of_project))
    return fits


def _expected(method: Method, arguments: Sequence[Value]) -> list[str]:
    """Return the type of the parameter that each argument is for."""
    expected = list(method.parameters)
    if method.variadic:
        last = expected.pop().removesuffix("...")
        as_array = len(arguments) == len(method.parameters) and arguments[-1].name.endswith("[]")
        expected += [last + "[]"] if as_array else [last] * (len(arguments) - len(expected))
    return expected
