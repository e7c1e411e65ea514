"""Declarations of a Java file: types, methods, fields and imports, with byte spans; no look into bodies.

They are named tuples, which processes hand to each other in half the time of dataclasses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from tree_sitter import Node

from kdlib.java.syntax import text

_IMPORT = re.compile(r"import\s+(static\s+)?([\w$.]+?)(\.\*)?\s*;")
_TYPES = frozenset(
    {
        "class_declaration",
        "interface_declaration",
        "enum_declaration",
        "record_declaration",
        "annotation_type_declaration",
    }
)
_CONSTRUCTORS = frozenset({"constructor_declaration", "compact_constructor_declaration"})
_ABOVE = frozenset({"superclass", "super_interfaces", "extends_interfaces"})
# Types around a type; the names of all grow with the square of it.
_DEEPEST = 50


class Import(NamedTuple):
    """An import: ``name`` without the star, ``everything`` if there was one."""

    name: str
    static: bool
    everything: bool


class Method(NamedTuple):
    """A method or constructor.

    Attributes:
        name: Simple name; of a constructor the name of its class.
        parameters: Types as written.
        variadic: Whether the last parameter takes any number of arguments.
        returns: Type as written; empty for a constructor.
        annotations: Simple names.
        public: Whether it says so.
        has_body: Whether it is more than a signature.
        start: First byte, annotations included, Javadoc not.
        end: Byte after the last.
    """

    name: str
    parameters: tuple[str, ...]
    variadic: bool
    returns: str
    annotations: tuple[str, ...]
    public: bool
    has_body: bool
    start: int
    end: int

    def takes(self, arguments: int) -> bool:
        """Return whether it can be called with that many arguments."""
        count = len(self.parameters)
        return arguments >= count - 1 if self.variadic else arguments == count


class TypeDeclaration(NamedTuple):
    """A top-level or member type; local and anonymous ones, and those inside more than 50, are left out.

    Attributes:
        name: Name with those of the enclosing types, e.g. ``Outer.Inner``.
        supertypes: Superclass and interfaces as written.
        methods: Methods in source order.
        constructors: Explicit constructors in source order.
        fields: Type as written of every field, enum constant and record component.
        annotations: Simple names.
        start: First byte.
        end: Byte after the last.
    """

    name: str
    supertypes: tuple[str, ...]
    methods: tuple[Method, ...]
    constructors: tuple[Method, ...]
    fields: dict[str, str]
    annotations: tuple[str, ...]
    start: int
    end: int


class CompilationUnit(NamedTuple):
    """What a Java file declares; the outer of two nested types comes first."""

    package: str
    imports: tuple[Import, ...]
    types: tuple[TypeDeclaration, ...]


def read_unit(root: Node) -> CompilationUnit:
    """Return the declarations below the root of a syntax tree."""
    package = ""
    imports = []
    types: list[TypeDeclaration] = []
    for node in root.named_children:
        if node.type == "package_declaration":
            package = text([part for part in node.named_children if not part.is_extra][-1])
        elif node.type == "import_declaration" and (match := _IMPORT.match(text(node))):
            imports.append(Import(match[2], bool(match[1]), bool(match[3])))
        elif node.type in _TYPES:
            types += _types(node)
    return CompilationUnit(package, tuple(imports), tuple(types))


def simple_name(name: str) -> str:
    """Return the last part of a dotted name."""
    return name.rpartition(".")[2]


def base_name(written: str) -> str:
    """Return the dotted name of a type as written, without annotations, type arguments and dimensions."""
    if written.startswith("@"):
        written = written.rpartition(" ")[2]
    return written.partition("<")[0].partition("[")[0].removesuffix("...").strip()


def is_array(written: str) -> bool:
    """Return whether a type as written is an array or takes any number of arguments."""
    outside = written.rpartition(">")[2]
    return "[" in outside or outside.endswith("...")


def _types(node: Node) -> Iterator[TypeDeclaration]:
    """Yield a type and the types inside it, in source order."""
    pending = [(node, "")]
    while pending:
        node, outer = pending.pop()
        members = list(_members(node))
        declaration = _type(node, outer, members)
        yield declaration
        if declaration.name.count(".") < _DEEPEST:
            inner = [(member, declaration.name + ".") for member in members if member.type in _TYPES]
            pending += reversed(inner)


def _type(node: Node, outer: str, members: list[Node]) -> TypeDeclaration:
    name = _field(node, "name")
    components = _parameters(node.child_by_field_name("parameters"))
    fields = {component: kind for kind, component in components}
    methods = []
    constructors = []
    for member in members:
        if member.type == "method_declaration":
            methods.append(_method(member))
        elif member.type in _CONSTRUCTORS:
            constructors.append(_constructor(member, name, components))
        elif member.type in ("field_declaration", "constant_declaration"):
            kind = _field(member, "type")
            fields |= {_field(item, "name"): kind for item in member.children_by_field_name("declarator")}
        elif member.type == "enum_constant":
            fields[_field(member, "name")] = name
    return TypeDeclaration(
        name=outer + name,
        supertypes=tuple(_supertypes(node)),
        methods=tuple(methods),
        constructors=tuple(constructors),
        fields=fields,
        annotations=_annotations(_modifiers(node)),
        start=node.start_byte,
        end=node.end_byte,
    )


def _members(node: Node) -> Iterator[Node]:
    body = node.child_by_field_name("body")
    for member in body.named_children if body else ():
        if member.type == "enum_body_declarations":
            yield from member.named_children
        else:
            yield member


def _supertypes(node: Node) -> Iterator[str]:
    for clause in node.named_children:
        if clause.type in _ABOVE:
            for item in clause.named_children:
                yield from map(text, item.named_children if item.type == "type_list" else [item])


def _method(node: Node) -> Method:
    modifiers = _modifiers(node)
    parameters = _parameters(node.child_by_field_name("parameters"))
    return Method(
        name=_field(node, "name"),
        parameters=tuple(kind for kind, _ in parameters),
        variadic=bool(parameters) and parameters[-1][0].endswith("..."),
        returns=_field(node, "type"),
        annotations=_annotations(modifiers),
        public=any(part.type == "public" for part in modifiers),
        has_body=node.child_by_field_name("body") is not None,
        start=node.start_byte,
        end=node.end_byte,
    )


def _constructor(node: Node, name: str, components: list[tuple[str, str]]) -> Method:
    """Return a constructor; a compact one has the parameters of its record."""
    modifiers = _modifiers(node)
    listed = node.child_by_field_name("parameters")
    parameters = _parameters(listed) if listed else components
    return Method(
        name=name,
        parameters=tuple(kind for kind, _ in parameters),
        variadic=bool(parameters) and parameters[-1][0].endswith("..."),
        returns="",
        annotations=_annotations(modifiers),
        public=any(part.type == "public" for part in modifiers),
        has_body=True,
        start=node.start_byte,
        end=node.end_byte,
    )


def _parameters(node: Node | None) -> list[tuple[str, str]]:
    """Return (type, name) of each parameter; a variadic type ends with dots."""
    found = []
    for item in node.named_children if node and node.named_child_count else ():
        if item.type == "formal_parameter":
            found.append((_field(item, "type"), _field(item, "name")))
        elif item.type == "spread_parameter":
            parts = [part for part in item.named_children if part.type != "modifiers" and not part.is_extra]
            found.append((text(parts[0]) + "...", text(parts[-1])))
    return found


def _modifiers(node: Node) -> list[Node]:
    first = node.child(0)
    return first.children if first is not None and first.type == "modifiers" else []


def _annotations(modifiers: list[Node]) -> tuple[str, ...]:
    marks = (part for part in modifiers if part.type in ("marker_annotation", "annotation"))
    return tuple(simple_name(_field(mark, "name")) for mark in marks)


def _field(node: Node, name: str) -> str:
    child = node.child_by_field_name(name)
    return text(child) if child else ""
