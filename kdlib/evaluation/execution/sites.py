"""What a test says about the place of its assertion: whether ending well means that a check there held."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from tree_sitter import Node

from kdlib.evaluation.execution.runnable import Executable
from kdlib.java.assertions import APIS
from kdlib.java.classfile import ClassHeader
from kdlib.java.methods import CompilationUnit, Import, read_unit, simple_name
from kdlib.java.perturbing.calls import name_of
from kdlib.java.syntax import parse, text

# What stands in these may not be run, or its exception may end there.
_AROUND = frozenset({"lambda_expression", "try_statement", "try_with_resources_statement"})
_PACKAGES = (*(package for api in APIS for package in api.packages), "org.mockito.")
_HOLDERS = frozenset[str]().union(*(api.classes for api in APIS)) | {"Mockito"}
# Their assertions are the library's.
_BASES = ("java.lang.Object", "junit.framework.TestCase")


def is_straight(row: Executable) -> bool:
    """Return whether a check at the place of a row's assertion has been executed if the test ends well.

    It may not have been in a ``try``, a lambda or an anonymous class, nor in a test that expects an
    exception, which may be thrown before the check.

    Args:
        row: A row where a failure is noticed.
    """
    place = row.target.place
    content = place.original().content
    if b"ExpectedException" in content:
        return False
    start = len(place.before)
    node = _tree(content).descendant_for_byte_range(start, start + len(place.assertion))
    node = node.parent if node is not None else None
    while node is not None and node.type != "method_declaration":
        if node.type in _AROUND:
            return False
        node = node.parent
    # Of another name it is a method of an anonymous class.
    if node is None or name_of(node) != row.target.method:
        return False
    modifiers = node.named_children[0]
    return not (modifiers.type == "modifiers" and "expected" in text(modifiers))


def means_library(row: Executable, call: Node) -> bool:
    """Return whether a call at the place of a row's assertion means an assertion library's method.

    Args:
        row: The row.
        call: A call by simple name, or of a static method of a class.
    """
    content = row.target.place.original().content
    unit = _declared(content)
    qualifier = call.child_by_field_name("object")
    if qualifier is not None and text(qualifier) != "this":
        return _is_holder(text(qualifier), unit)
    name = name_of(call)
    explicit = [item for item in unit.imports if item.static and simple_name(item.name) == name]
    if any(not _of_library(item) for item in explicit if not item.everything):
        return False
    everything = [item for item in unit.imports if item.static and item.everything]
    if not explicit and not all(map(_of_library, everything)):
        return False
    own = {method.name for kind in unit.types for method in kind.methods}
    headers = row.target.edition.headers
    return name not in own and all(
        _inherits_none(name, header.superclass, headers)
        for kind in unit.types
        if (header := headers.get(_binary(unit, kind.name))) is not None
    )


def _is_holder(qualifier: str, unit: CompilationUnit) -> bool:
    if simple_name(qualifier) not in _HOLDERS:
        return False
    if "." in qualifier:
        return qualifier.startswith(_PACKAGES)
    named = [item for item in unit.imports if not item.static and simple_name(item.name) == qualifier]
    if named:
        return all(map(_of_library, named))
    return any(item.everything and _of_library(item) for item in unit.imports)


def _of_library(item: Import) -> bool:
    return f"{item.name}.".startswith(_PACKAGES)


def _inherits_none(name: str, superclass: str, headers: Mapping[str, ClassHeader]) -> bool:
    """Return whether no superclass of the project has a method of a name; of others that is not known."""
    while superclass in headers:
        if any(method.name == name for method in headers[superclass].methods):
            return False
        superclass = headers[superclass].superclass
    return superclass in _BASES


def _binary(unit: CompilationUnit, name: str) -> str:
    return ".".join(part for part in (unit.package, name.replace(".", "$")) if part)


@lru_cache(maxsize=16)  # the predictions of a row come one after another
def _tree(content: bytes) -> Node:
    return parse(content).root_node


@lru_cache(maxsize=16)
def _declared(content: bytes) -> CompilationUnit:
    return read_unit(_tree(content))
