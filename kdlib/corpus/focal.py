"""The focal method of an assertion: the last call before or inside it that leads into the code under test."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from tree_sitter import Node

from kdlib.corpus.project import Declared, Project, ProjectFile, ProjectType, base_name
from kdlib.java.methods import Method, simple_name
from kdlib.java.syntax import text

_TYPE_VARIABLE = re.compile(r"[A-Z][A-Z0-9]?$")
_LITERALS = {
    "string_literal": "String",
    "character_literal": "char",
    "decimal_integer_literal": "int",
    "hex_integer_literal": "int",
    "decimal_floating_point_literal": "double",
    "true": "boolean",
    "false": "boolean",
    "class_literal": "Class",
}
_PRIMITIVE = frozenset({"boolean", "byte", "char", "double", "float", "int", "long", "short"})
_TEXT = frozenset({"String", "CharSequence"})
_SUFFIXES = {
    ("decimal_integer_literal", "l"): "long",
    ("hex_integer_literal", "l"): "long",
    ("decimal_floating_point_literal", "f"): "float",
}
# Methods of the JDK whose results often tell overloads apart.
_LIBRARY = {
    "getBytes": "byte[]",
    "length": "int",
    "size": "int",
    "toCharArray": "char[]",
    "toString": "String",
}
# Levels of an expression that are looked into; Python's own limit is near 1000 calls.
_DEEPEST = 100
# Expressions that have the type of their n-th part.
_SAME_TYPE_AS = {
    "parenthesized_expression": 0,
    "unary_expression": 0,
    "ternary_expression": 1,
    "assignment_expression": 1,
}


# name -> (position, type as written, node of the value), by position
Variables = dict[str, list[tuple[int, str, Node | None]]]


@dataclass(frozen=True, slots=True)
class Value:
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


@dataclass(slots=True)
class Calls:
    """Resolves the calls of one test file by name, number and known types of arguments, and receiver.

    Attributes:
        project: All declarations of the source.
        file: The test file.
        inside: The test class.
        tested: The class under test, if there is one.
        variables: Those of the test method.
    """

    project: Project
    file: ProjectFile
    inside: ProjectType
    tested: ProjectType | None
    variables: Variables
    _values: dict[int, Value] = field(default_factory=dict)
    _depth: int = 0

    def declaration(self, call: Node) -> Declared | None:
        """Return what a method invocation or object creation calls in the project, if anything."""
        arguments = [self.value(item) for item in _arguments(call)]
        if call.type == "object_creation_expression":
            kind = self._written(_text(call, "type")).kind
            return _overload(kind, kind.declaration.constructors, arguments, exact=False) if kind else None
        name, receiver = _text(call, "name"), call.child_by_field_name("object")
        if receiver is None:
            return self._unqualified(name, arguments)
        value = self.value(receiver)
        if value.kind is not None:
            return self._member(value.kind, name, arguments, exact=not value.certain)
        return None if value.certain else self._by_name(name, arguments)

    def is_of_class_under_test(self, found: Declared) -> bool:
        """Return whether a declaration is of the class under test, of one nested in it or above it."""
        if self.tested is None:
            return False
        return found.owner.is_inside(self.tested) or found.owner in self.project.supertypes(self.tested)

    def value(self, node: Node) -> Value:
        """Return what is known of the type of an expression."""
        if node.id not in self._values:
            self._values[node.id] = UNKNOWN  # what a variable that refers to itself is
            self._depth += 1
            if self._depth < _DEEPEST:
                self._values[node.id] = self._value(node)
            self._depth -= 1
        return self._values[node.id]

    def _value(self, node: Node) -> Value:
        kind = node.type
        if kind in _LITERALS:
            return Value(certain=True, name=_SUFFIXES.get((kind, text(node)[-1:].lower()), _LITERALS[kind]))
        if kind == "identifier":
            return self._named(text(node), node.start_byte)
        if kind == "method_invocation":
            return self._result(node)
        if kind in ("object_creation_expression", "cast_expression"):
            return self._written(_text(node, "type"))
        if kind == "field_access":
            return self._field_access(node)
        if kind in ("this", "super"):
            return Value(self.inside, certain=True, name=self.inside.simple())
        if kind == "array_creation_expression":
            return self._written(_text(node, "type") + "[]")
        if kind == "array_access":
            array = node.child_by_field_name("array")
            holds = self.value(array).holds if array else None
            return Value(holds, certain=True, name=holds.simple()) if holds else UNKNOWN
        inner = _SAME_TYPE_AS.get(kind)
        return UNKNOWN if inner is None else self.value(node.named_children[inner])

    def _named(self, name: str, position: int) -> Value:
        """Return the value of a variable, a field, or a class that stands for its static members."""
        earlier = [entry for entry in self.variables.get(name, ()) if entry[0] < position]
        if earlier:
            _, written, initial = earlier[-1]
            if written == "var":
                return self.value(initial) if initial else UNKNOWN
            return self._written(written) if written else UNKNOWN
        for around in self.project.lineage(self.inside):
            if name in around.declaration.fields:
                return self._written(around.declaration.fields[name], around)
        if found := self.project.resolve(name, self.file, self.inside):
            return Value(found, certain=True, name=name)
        return Value(certain=name[:1].isupper() and not name.isupper(), name=name)

    def _written(self, written: str, around: ProjectType | None = None) -> Value:
        """Return the value of a type as written in the test file, or inside the type ``around``."""
        inside = around or self.inside
        base = base_name(written)
        found = self.project.resolve(base, inside.file, inside)
        is_array = "[" in written or written.endswith("...")
        if found is not None and not is_array:
            return Value(found, certain=True, name=found.simple())
        if _TYPE_VARIABLE.match(base):
            return UNKNOWN
        if found is None and "<" in written:
            names = re.findall(r"[\w.]+", written.partition("<")[2])
            held = (self.project.resolve(name, inside.file, inside) for name in names)
            found = next((kind for kind in held if kind), None)
        suffix = "[]" if is_array else ""
        return Value(certain=True, name=simple_name(base) + suffix, holds=found)

    def _field_access(self, node: Node) -> Value:
        owner = node.child_by_field_name("object")
        value = self.value(owner) if owner else UNKNOWN
        for above in self.project.supertypes(value.kind) if value.kind else ():
            name = _text(node, "field")
            if name in above.declaration.fields:
                return self._written(above.declaration.fields[name], above)
        if found := self.project.resolve(text(node), self.file, self.inside):
            return Value(found, certain=True, name=found.simple())
        return UNKNOWN

    def _result(self, call: Node) -> Value:
        """Return the value of what a call returns."""
        if found := self.declaration(call):
            return self._written(found.method.returns, found.owner)
        receiver = call.child_by_field_name("object")
        value = self.value(receiver) if receiver else UNKNOWN
        # An element of a collection, or an iterator over it: perhaps what the collection holds.
        held = value.holds or (value.kind if not value.certain else None)
        if held is not None:
            return Value(held, certain=False, name=held.simple())
        library = _LIBRARY.get(_text(call, "name"), "")
        if value.kind is None and (value.certain or library):
            return Value(certain=True, name=library)
        return UNKNOWN

    def _unqualified(self, name: str, arguments: Sequence[Value]) -> Declared | None:
        for around in self.project.lineage(self.inside):
            if found := _overload(around, around.declaration.methods, arguments, name, exact=True):
                return found
        for item in self.file.unit.imports:
            if item.static and (item.everything or simple_name(item.name) == name):
                owner = item.name if item.everything else item.name.rpartition(".")[0]
                kind = self.project.resolve(owner, self.file)
                if kind and (found := self._member(kind, name, arguments, exact=False)):
                    return found
        return None

    def _member(
        self, kind: ProjectType, name: str, arguments: Sequence[Value], exact: bool
    ) -> Declared | None:
        """Return a method of a type or its supertypes; one with a body is better than a signature."""
        candidates = [*self.project.supertypes(kind)]
        if self.tested is not None and kind in self.project.supertypes(self.tested):
            candidates = [*self.project.supertypes(self.tested)]
        found = [
            declared
            for above in candidates
            if (declared := _overload(above, above.declaration.methods, arguments, name, exact=True))
        ]
        if not found and not exact:
            found = [
                declared
                for above in candidates
                if (declared := _overload(above, above.declaration.methods, arguments, name, exact=False))
            ]
        return next((declared for declared in found if declared.method.has_body), found[0] if found else None)

    def _by_name(self, name: str, arguments: Sequence[Value]) -> Declared | None:
        """Return a method for an unknown receiver: of the class under test, or the only one so named."""
        if self.tested is not None and (found := self._member(self.tested, name, arguments, exact=True)):
            return found
        others = [
            declared
            for declared in self.project.by_method.get(name, ())
            if declared.method.takes(len(arguments)) and self.project.is_production(declared.owner)
        ]
        if len({declared.owner.name for declared in others}) != 1:
            return None
        return _overload(others[0].owner, others[0].owner.declaration.methods, arguments, name, exact=True)


def _overload(
    owner: ProjectType, methods: Sequence[Method], arguments: Sequence[Value], name: str = "", *, exact: bool
) -> Declared | None:
    """Return the method that takes these arguments: by number, then by known types, then the first.

    Args:
        owner: The type that declares them.
        methods: Methods or constructors.
        arguments: What is known of the arguments.
        name: Name of the method; empty for constructors.
        exact: Whether a wrong number of arguments excludes.
    """
    named = [method for method in methods if not name or method.name == name]
    fitting = [method for method in named if method.takes(len(arguments))]
    if not fitting and (exact or not named):
        return None
    # `max` keeps the first of equals.
    best = max(fitting or named, key=lambda method: (not method.variadic, _agreement(method, arguments)))
    return Declared(owner, best)


def _agreement(method: Method, arguments: Sequence[Value]) -> int:
    """Return how many arguments have the very type of their parameter, less those that cannot be passed."""
    expected = list(method.parameters)
    if method.variadic:
        last = expected.pop().removesuffix("...")
        as_array = len(arguments) == len(method.parameters) and arguments[-1].name.endswith("[]")
        expected += [last + "[]"] if as_array else [last] * (len(arguments) - len(expected))
    pairs = zip(expected, arguments, strict=False)
    return sum(_fit(written, value.name) for written, value in pairs if value.name)


def _fit(written: str, given: str) -> int:
    """Return 1 for the same type, -1 for types between which nothing converts, 0 for what is not known."""
    base, is_array = simple_name(base_name(written)), "[" in written
    value, holds_array = given.removesuffix("[]"), given.endswith("[]")
    if (base, is_array) == (value, holds_array):
        return 1
    primitive = base in _PRIMITIVE or value in _PRIMITIVE
    if is_array != holds_array:
        return 0 if base == "Object" or _TYPE_VARIABLE.match(base) else -1
    return -1 if primitive and (is_array or not _TEXT.isdisjoint((base, value))) else 0


def _arguments(call: Node) -> list[Node]:
    arguments = call.child_by_field_name("arguments")
    return [item for item in arguments.named_children if not item.is_extra] if arguments else []


def _text(node: Node, name: str) -> str:
    child = node.child_by_field_name(name)
    return text(child) if child else ""
