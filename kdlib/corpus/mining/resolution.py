"""What a call leads to in the project: by name, receiver, number and known types of the arguments."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from tree_sitter import Node

from kdlib.corpus.mining.expressions import COMPARISONS, LIBRARY, LITERALS, SAME_TYPE_AS, SUFFIXES
from kdlib.corpus.mining.overloads import TYPE_VARIABLE, UNKNOWN, Value, fits_of, overload
from kdlib.corpus.mining.project import Declared, Project, ProjectFile, ProjectType
from kdlib.java.methods import base_name, is_array, simple_name
from kdlib.java.syntax import text

# Levels of an expression that are looked into, each up to 12 calls here; Python's own limit is near 1000.
_DEEPEST = 50

# name -> (position, type as written, node of the value), by position
Variables = dict[str, list[tuple[int, str, Node | None]]]


@dataclass(slots=True)
class Known:
    """Answers that do not depend on the method in which a call stands.

    Attributes:
        types: Value of each type as written, by the class around it.
        chosen: Method chosen among several, by their list and the arguments.
    """

    types: dict[tuple[str, ProjectType], Value] = field(default_factory=dict)
    chosen: dict[tuple[int, tuple[Value, ...]], Declared] = field(default_factory=dict)


@dataclass(slots=True)
class Calls:
    """Resolves the calls of one method of a test file.

    Attributes:
        project: All declarations of the source.
        file: The file that holds the calls.
        inside: The class around them.
        tested: The class under test, if there is one.
        variables: Variables of the method.
        known: Answers shared by all calls of the source.
    """

    project: Project
    file: ProjectFile
    inside: ProjectType
    tested: ProjectType | None
    variables: Variables
    known: Known
    _values: dict[int, Value] = field(default_factory=dict)
    _declarations: dict[int, Declared | None] = field(default_factory=dict)
    _depth: int = 0

    def declaration(self, call: Node) -> Declared | None:
        """Return what a method invocation or object creation calls in the project, if anything."""
        if call.id not in self._declarations:
            self._declarations[call.id] = self._declaration(call)
        return self._declarations[call.id]

    def _declaration(self, call: Node) -> Declared | None:
        if call.type == "object_creation_expression":
            kind = self._written(_text(call, "type")).kind
            if kind is None:
                return None
            return self._overload(self.project.constructors(kind), call, exact=False)
        name = _text(call, "name")
        receiver = call.child_by_field_name("object")
        if name not in self.project.by_method:
            return None
        if receiver is None:
            return self._unqualified(name, call)
        value = self.value(receiver)
        if value.kind is not None:
            return self._member(value.kind, name, call, exact=not value.certain)
        return None if value.certain else self._by_name(name, call)

    def _arguments(self, call: Node) -> list[Value]:
        return [self.value(item) for item in arguments_of(call)]

    def fits(self, found: Declared, call: Node) -> list[float]:
        """Return how well each argument of known type fits a method's parameter, between -1 and 1."""
        return fits_of(self.project, found.method, self._arguments(call))

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
        if kind in LITERALS:
            return Value(certain=True, name=SUFFIXES.get((kind, text(node)[-1:].lower()), LITERALS[kind]))
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
            return self._element(node)
        if kind == "binary_expression":
            return self._binary(node)
        inner = SAME_TYPE_AS.get(kind)
        parts = node.named_children
        return UNKNOWN if inner is None or inner >= len(parts) else self.value(parts[inner])

    def _named(self, name: str, position: int) -> Value:
        """Return the value of a variable, a field, or a class that stands for its static members."""
        earlier = [entry for entry in self.variables.get(name, ()) if entry[0] < position]
        if earlier:
            _, written, initial = earlier[-1]
            if written == "var":
                return self.value(initial) if initial else UNKNOWN
            return self._narrowed(self._written(written), initial) if written else UNKNOWN
        for around in self.project.lineage(self.inside):
            if name in around.declaration.fields:
                return self._written(around.declaration.fields[name], around)
        if found := self.project.resolve(name, self.file, self.inside):
            return Value(found, certain=True, name=name)
        return Value(certain=name[:1].isupper() and not name.isupper(), name=name)

    def _narrowed(self, declared: Value, initial: Node | None) -> Value:
        """Return the type that a variable really holds, where its initial value is of a subtype."""
        if initial is None or (declared.kind is None and (not declared.certain or declared.holds)):
            return declared
        value = self.value(initial)
        if value.kind is None or not value.certain:
            return declared
        inherits = declared.kind is None or declared.kind in self.project.supertypes(value.kind)
        return value if inherits else declared

    def _written(self, written: str, around: ProjectType | None = None) -> Value:
        """Return the value of a type as written in the test file, or inside the type ``around``."""
        inside = around or self.inside
        if (written, inside) not in self.known.types:
            self.known.types[written, inside] = self._resolved(written, inside)
        return self.known.types[written, inside]

    def _resolved(self, written: str, inside: ProjectType) -> Value:
        base = base_name(written)
        found = self.project.resolve(base, inside.file, inside)
        array = is_array(written)
        if found is not None and not array:
            return Value(found, certain=True, name=found.simple())
        if TYPE_VARIABLE.match(base):
            return UNKNOWN
        if found is None and "<" in written:
            names = re.findall(r"[\w.]+", written.partition("<")[2])
            held = (self.project.resolve(name, inside.file, inside) for name in names)
            found = next((kind for kind in held if kind), None)
        suffix = "[]" if array else ""
        return Value(certain=True, name=simple_name(base) + suffix, holds=found)

    def _element(self, node: Node) -> Value:
        array = node.child_by_field_name("array")
        value = self.value(array) if array else UNKNOWN
        if value.holds:
            return Value(value.holds, certain=True, name=value.holds.simple())
        known = value.certain and value.name.endswith("[]")
        return Value(certain=True, name=value.name.removesuffix("[]")) if known else UNKNOWN

    def _binary(self, node: Node) -> Value:
        if _text(node, "operator") in COMPARISONS:
            return Value(certain=True, name="boolean")
        sides = (node.child_by_field_name(side) for side in ("left", "right"))
        names = {self.value(side).name for side in sides if side}
        if "String" in names and _text(node, "operator") == "+":
            return Value(certain=True, name="String")
        wide = next((name for name in ("double", "float", "long") if name in names), "int")
        return Value(certain=True, name=wide) if "" not in names else UNKNOWN

    def _field_access(self, node: Node) -> Value:
        owner = node.child_by_field_name("object")
        value = self.value(owner) if owner else UNKNOWN
        name = _text(node, "field")
        if name == "length" and value.name.endswith("[]"):
            return Value(certain=True, name="int")
        for above in self.project.supertypes(value.kind) if value.kind else ():
            if name in above.declaration.fields:
                return self._written(above.declaration.fields[name], above)
        if found := self.project.resolve(text(node), self.file, self.inside):
            return Value(found, certain=True, name=found.simple())
        if value.kind is None and value.name[:1].isupper():
            # A nested class, or a constant, which mostly is of the class that declares it.
            return Value(certain=True, name=value.name if name.isupper() else name)
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
        library = LIBRARY.get(_text(call, "name"), "")
        if value.kind is None and (value.certain or library):
            return Value(certain=True, name=library)
        return UNKNOWN

    def _unqualified(self, name: str, call: Node) -> Declared | None:
        if found := self._overload(self.project.visible(self.inside, name), call, exact=True):
            return found
        for kind in self.project.static_imports(self.file, name):
            if found := self._member(kind, name, call, exact=False):
                return found
        return None

    def _member(self, kind: ProjectType, name: str, call: Node, exact: bool) -> Declared | None:
        """Return a method of a type or its supertypes; one with a body is better than a signature."""
        if self.tested is not None and kind in self.project.supertypes(self.tested):
            kind = self.tested
        found = self._overload(self.project.members(kind, name), call, exact=exact)
        return self.project.implementation(found, kind) if found else None

    def _by_name(self, name: str, call: Node) -> Declared | None:
        """Return a method for an unknown receiver: of the class under test, or the only one so named."""
        if self.tested is not None and (found := self._member(self.tested, name, call, exact=True)):
            return found
        owner = self.project.only_owner(name)
        return self._overload(self.project.members(owner, name), call, exact=True) if owner else None

    def _overload(self, candidates: Sequence[Declared], call: Node, *, exact: bool) -> Declared | None:
        """Return what a call takes of methods of one name: by number and types of its arguments.

        Args:
            candidates: Methods or constructors, those of subtypes before those of supertypes.
            call: The call.
            exact: Whether a wrong number of arguments excludes.
        """
        if not candidates:
            return None
        count = len(arguments_of(call))
        fitting = [found for found in candidates if found.method.takes(count)]
        if len(fitting) == 1 or (not fitting and exact):
            return fitting[0] if fitting else None
        # The project keeps the lists of its members, so that each has one identity.
        place = id(candidates), tuple(self._arguments(call))
        if place not in self.known.chosen:
            self.known.chosen[place] = overload(self.project, fitting or candidates, place[1])
        return self.known.chosen[place]


def arguments_of(call: Node) -> list[Node]:
    """Return the arguments of a call, without comments."""
    arguments = call.child_by_field_name("arguments")
    return [item for item in arguments.named_children if not item.is_extra] if arguments else []


def _text(node: Node, name: str) -> str:
    child = node.child_by_field_name(name)
    return text(child) if child else ""
