"""The focal method of an assertion: what it tests, and why that was chosen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tree_sitter import Node, Tree

from kdlib.corpus.mining.body import Body, Nodes, Step, names_in, nodes_of
from kdlib.corpus.mining.overloads import PRIMITIVE
from kdlib.corpus.mining.project import Declared, Project, ProjectFile, ProjectType
from kdlib.corpus.mining.resolution import Calls, Known
from kdlib.java.methods import Method, base_name, simple_name
from kdlib.java.syntax import parse, text
from kdlib.records import FocalReason

# Calls cannot change values of these types, only give a variable another one.
_IMMUTABLE = PRIMITIVE | {
    "Boolean",
    "Byte",
    "Character",
    "Double",
    "Float",
    "Integer",
    "Long",
    "Short",
    "String",
}
# What these check of a variable no call on its value changes.
_OF_IDENTITY = frozenset({"assertNotNull", "assertNotSame", "assertNull", "assertSame"})
_SET_UP = frozenset({"Before", "BeforeEach", "BeforeMethod", "BeforeClass", "BeforeAll"})
_DEEPEST = 4  # calls of helpers by helpers that are looked through


@dataclass(frozen=True, slots=True)
class Focal:
    """A focal method with the reason for it.

    Attributes:
        declared: The method and the type that declares it.
        reason: ``inside``: the last call inside the assertion; ``before``: the last call before it that its
            values depend on; ``test_name``: the test bears its name; ``class``: its class has no other.
    """

    declared: Declared
    reason: FocalReason


@dataclass(slots=True)
class Methods:
    """The bodies of a source's methods, parsed when they are looked into.

    Attributes:
        project: All declarations of the source.
        trees: Syntax trees by path, as far as they were kept; others are parsed again.
        known: Answers shared by the calls of all methods.
        helpers: Method that a helper of tests leads to, by class under test, helper and call depth.
    """

    project: Project
    trees: Mapping[str, Tree] = field(default_factory=dict)
    known: Known = field(default_factory=Known)
    helpers: dict[tuple[ProjectType | None, Declared, int], Declared | None] = field(default_factory=dict)
    _files: dict[ProjectFile, Nodes] = field(default_factory=dict)

    def nodes(self, file: ProjectFile) -> Nodes:
        """Return the nodes of a file."""
        if file not in self._files:
            if len(self._files) >= 16:  # trees are large; test classes share few base classes
                del self._files[next(iter(self._files))]
            self._files[file] = nodes_of(self.trees.get(file.path) or parse(file.content))
        return self._files[file]


@dataclass(slots=True)
class Decisions:
    """Decides on the assertions of one test method.

    Attributes:
        methods: Bodies of all methods of the source.
        calls: Resolves the calls of this method.
        body: Body of the test method.
        name: Name of the test method.
    """

    methods: Methods
    calls: Calls
    body: Body
    name: str
    _reached: dict[int, Declared | None] = field(default_factory=dict)
    _names: set[str] | None = None

    def focal(self, statement: Node, kind: str) -> Focal | None:
        """Return the focal method of an assertion of the test.

        1. the last call inside the assertion that leads into the class under test, else into the project;
        2. of the calls before it, the last such one on which values of the assertion depend; for ``fail`` and
           an assertion of no variable, or of a caught exception, the very last, which may have thrown;
           a set-up method counts as part of the test;
        3. the method of the class under test whose name the test's name holds;
        4. the only method of the class under test.

        A call of a helper of the tests counts as the last call in the helper, by the same preference.

        Args:
            statement: The assertion statement.
            kind: Name of the assertion, e.g. ``assertEquals``.
        """
        inside = self.body.calls_within(statement.start_byte, statement.end_byte)
        if found := self._last(inside):
            return Focal(found, "inside")
        if found := self._before(statement, kind):
            return Focal(found, "before")
        if found := self._by_test_name():
            return Focal(found, "test_name")
        found = self._only_method()
        return Focal(found, "class") if found else None

    def _last(self, calls: Sequence[Node]) -> Declared | None:
        """Return what the last call into the class under test leads to, else the last into the project."""
        other = None
        for call in reversed(calls):
            declared = self.reached(call)
            if declared is not None:
                if self.calls.is_of_class_under_test(declared):
                    return declared
                other = other or declared
        return other

    def reached(self, call: Node, depth: int = 0) -> Declared | None:
        """Return the method of the code under test that a call leads to, through helpers of the tests."""
        if call.id not in self._reached:
            self._reached[call.id] = None  # what a helper that calls itself leads to
            self._reached[call.id] = self._reach(call, depth)
        return self._reached[call.id]

    def _reach(self, call: Node, depth: int) -> Declared | None:
        declared = self.calls.declaration(call)
        if declared is None:
            return None
        project = self.calls.project
        if self.calls.is_of_class_under_test(declared) or project.is_production(declared.owner):
            return declared
        if depth == _DEEPEST or not declared.method.has_body:
            return None
        # Helpers that call each other would be looked through once for each way that leads to them.
        place = self.calls.tested, declared, depth
        if place not in self.methods.helpers:
            self.methods.helpers[place] = self._inside_of(declared.owner, declared.method, depth + 1)
        return self.methods.helpers[place]

    def _inside_of(self, owner: ProjectType, method: Method, depth: int) -> Declared | None:
        inner = self._of(owner, method)
        other = None
        for call in reversed(inner.body.calls):
            found = inner.reached(call, depth)
            if found is not None:
                if self.calls.is_of_class_under_test(found):
                    return found
                other = other or found
        return other

    def _of(self, owner: ProjectType, method: Method) -> Decisions:
        body = self.methods.nodes(owner.file).body(method)
        calls = Calls(
            self.calls.project, owner.file, owner, self.calls.tested, body.variables, self.methods.known
        )
        return Decisions(self.methods, calls, body, method.name)

    def _before(self, statement: Node, kind: str) -> Declared | None:
        names = (names_in(text(statement)) & self._known()) - self.body.caught
        start = statement.start_byte
        steps = [step for step in self.body.steps() if step.end <= start]
        if kind == "fail" or not names:
            calls = (call for step in reversed(steps) for call in reversed(step.calls))
            return next((found for call in calls if (found := self.reached(call))), None)
        if kind in _OF_IDENTITY and (found := self._origin(steps, names)):
            return found
        by_value = set() if kind in _OF_IDENTITY else {name for name in names if self._can_change(name)}
        needed = Slice(set(names), by_value)
        return self._last([*needed.calls(steps)][::-1]) or self._set_up(needed)

    def _origin(self, steps: Sequence[Step], names: frozenset[str]) -> Declared | None:
        """Return what gave variables their values, if production code did."""
        for step in reversed(steps):
            if names & step.sets:
                return self._last(step.calls)
        return None

    def _known(self) -> set[str]:
        """Return the names of the variables and fields that the test sees."""
        if self._names is None:
            around = self.calls.project.lineage(self.calls.inside)
            self._names = {name for kind in around for name in kind.declaration.fields}
            self._names |= self.body.variables.keys()
        return self._names

    def _can_change(self, name: str) -> bool:
        types = [written for _, written, _ in self.body.variables.get(name, ())]
        return not types or any(
            simple_name(base_name(written)) not in _IMMUTABLE or "[" in written for written in types
        )

    def _set_up(self, needed: Slice) -> Declared | None:
        """Return the last call of the set-up methods of the test class that variables depend on."""
        for kind in self.calls.project.supertypes(self.calls.inside):
            for method in kind.declaration.methods:
                if method.has_body and (method.name == "setUp" or not _SET_UP.isdisjoint(method.annotations)):
                    inner = self._of(kind, method)
                    found = inner._last([*needed.calls(inner.body.steps())][::-1])
                    if found:
                        return found
        return None

    def _by_test_name(self) -> Declared | None:
        """Return the method that the name of the test begins with: ``addAll`` for ``testAddAll_empty``."""
        if self.calls.tested is None:
            return None
        wanted = self.name.removeprefix("test").replace("_", "").lower()
        named = [
            (len(method.name), Declared(kind, method))
            for kind in self.calls.project.supertypes(self.calls.tested)
            for method in kind.declaration.methods
            if len(method.name) > 2 and method.has_body and wanted.startswith(method.name.lower())
        ]
        # `max` keeps the first of equals.
        return max(named, key=lambda item: item[0])[1] if named else None

    def _only_method(self) -> Declared | None:
        tested = self.calls.tested
        methods = tested.declaration.methods if tested else ()
        return Declared(tested, methods[0]) if tested and len(methods) == 1 and methods[0].has_body else None


@dataclass(slots=True)
class Slice:
    """The variables on which a value depends; it grows backwards through statements (Weiser 1981).

    Attributes:
        names: The variables.
        by_value: The variables whose value a call can change.
    """

    names: set[str]
    by_value: set[str]

    def calls(self, steps: Sequence[Step]) -> Iterator[Node]:
        """Yield the calls on which the variables depend, from the last to the first.

        A step counts if it sets one of the variables, or if it calls something with one whose value can
        change; then the variables that it names count as well.

        Args:
            steps: Statements in source order.
        """
        for _ in self._backwards(steps):
            pass
        for step in steps:
            # What was made from a value may change it: a stream that writes to another, a view of a list.
            if step.sets and step.calls and self.by_value & (step.names - step.sets):
                self.by_value |= step.sets
        yield from self._backwards(steps)

    def _backwards(self, steps: Sequence[Step]) -> Iterator[Node]:
        for step in reversed(steps):
            if self.names & step.sets or (step.changes and not step.sets and self.by_value & step.names):
                yield from reversed(step.changes)
                self.names |= step.names
                self.by_value |= step.names - step.sets
