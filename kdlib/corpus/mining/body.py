"""The inside of methods as focal resolution sees it: calls, variables and statements of a parsed file."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import NamedTuple

from tree_sitter import Node, Tree

from kdlib.corpus.mining.resolution import Variables
from kdlib.java.assertions import assertion_kind
from kdlib.java.methods import Method
from kdlib.java.syntax import captures, text

_NODES = """
[(expression_statement) (local_variable_declaration) (resource)] @step
[(method_invocation) (object_creation_expression)] @call
[(formal_parameter) (enhanced_for_statement) (catch_formal_parameter) (instanceof_expression) (type_pattern)
 (record_pattern_component)] @variable
"""
_start = attrgetter("start_byte")
_DECLARATIONS = frozenset({"local_variable_declaration", "resource"})
_PATTERNS = frozenset({"type_pattern", "record_pattern_component"})
# Words of code that may be variables: not called, not a member of something else.
_NAMES = re.compile(r"(?<![\w.$])(?:this\.)?([a-z_$][\w$]*)\b(?!\s*\()")
# Prefixes of the names of methods that return something and change nothing.
_QUERY = re.compile(
    r"(as|compare|contains|equals|get|has|hashCode|index|is|length|size|to)(?![a-z])|assert|fail"
)
_TARGET = re.compile(r"(?:this\.)?([\w$]+)\s*(?:[-+*/|&^%]|<<|>>>?)?=(?!=)|(?:this\.)?([\w$]+)\s*(?:\+\+|--)")


class Step(NamedTuple):
    """A simple statement.

    Attributes:
        end: Byte after its last.
        names: Names in it that may be variables.
        sets: Names of the variables that it declares or assigns.
        calls: Its calls in the order in which they run, without those of statements inside it.
        changes: The calls that may change a value.
    """

    end: int
    names: frozenset[str]
    sets: frozenset[str]
    calls: tuple[Node, ...]
    changes: tuple[Node, ...]


@dataclass(slots=True)
class Nodes:
    """The nodes of a file that resolution looks at, each list in order of starts.

    Attributes:
        steps: Simple statements; some declare variables.
        calls: Method invocations and object creations.
        variables: Other nodes that declare variables: parameters, loops, catch clauses, patterns.
    """

    steps: list[Node]
    calls: list[Node]
    variables: list[Node]

    def body(self, method: Method) -> Body:
        """Return what stands in a method."""
        calls = sorted(within(self.calls, method), key=attrgetter("end_byte"))
        steps = within(self.steps, method)
        others = within(self.variables, method)
        declared = sorted([*others, *(step for step in steps if step.type in _DECLARATIONS)], key=_start)
        return Body(steps, calls, _variables(declared), _caught(others))


@dataclass(slots=True)
class Body:
    """What stands in a method.

    Attributes:
        statements: Simple statements in order of starts.
        calls: Calls in the order in which they run. A call runs after those in its arguments and receiver,
            so the order is that of their ends, not of their starts.
        variables: Declared variables.
        caught: Names of those that hold a caught exception.
        kinds: Name of the assertion that each statement makes, or None.
    """

    statements: list[Node]
    calls: list[Node]
    variables: Variables
    caught: frozenset[str]
    kinds: list[str | None] = field(init=False)
    _ends: list[int] = field(init=False)
    _steps: list[Step] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.kinds = [assertion_kind(node) for node in self.statements]
        self._ends = [call.end_byte for call in self.calls]

    def calls_within(self, start: int, end: int) -> list[Node]:
        """Return the calls that lie in a span of bytes, in the order in which they run."""
        return self.calls[bisect_right(self._ends, start) : bisect_right(self._ends, end)]

    def steps(self) -> list[Step]:
        """Return the statements with their names and calls, in order of starts."""
        if not self._steps and self.statements:
            starts = [node.start_byte for node in self.statements]
            around = _places_around(self.statements)
            calls: list[list[Node]] = [[] for _ in starts]
            for call in self.calls:
                place = bisect_right(starts, call.start_byte) - 1
                while place >= 0 and self.statements[place].end_byte < call.end_byte:
                    place = around[place]
                if place >= 0:
                    calls[place].append(call)
            rows = zip(self.statements, calls, self.kinds, strict=True)
            self._steps = [_step(node, made, kind is not None, self.variables) for node, made, kind in rows]
        return self._steps


def nodes_of(tree: Tree) -> Nodes:
    """Return the nodes of a file's syntax tree that resolution looks at."""
    found = captures(tree.root_node, _NODES)
    steps, calls, variables = (
        sorted(found.get(name, ()), key=_start) for name in ("step", "call", "variable")
    )
    return Nodes(steps, calls, variables)


def within(nodes: Sequence[Node], method: Method) -> list[Node]:
    """Return the nodes, given in order of their starts, that start inside a method."""
    first = bisect_left(nodes, method.start, key=_start)
    return list(nodes[first : bisect_left(nodes, method.end, first, key=_start)])


def _places_around(nodes: Sequence[Node]) -> list[int]:
    """Return for each node, given in order of starts, the place of the innermost one around it, or -1."""
    places: list[int] = []
    for place, node in enumerate(nodes):
        above = place - 1
        while above >= 0 and nodes[above].end_byte < node.end_byte:
            above = places[above]
        places.append(above)
    return places


def names_in(code: str) -> frozenset[str]:
    """Return the words of a piece of code that may be variables."""
    return frozenset(_NAMES.findall(code))


def _step(node: Node, calls: Sequence[Node], asserts: bool, variables: Variables) -> Step:
    code = text(node)
    names = names_in(code)
    if node.type in _DECLARATIONS:
        sets = {name for name in names for entry in variables.get(name, ()) if entry[0] == node.start_byte}
    else:
        target = _TARGET.match(code)
        sets = {target[1] or target[2]} if target else set()
    return Step(
        node.end_byte,
        names,
        frozenset(sets),
        tuple(calls),
        tuple(_asking_left_out(calls) if asserts and not sets else calls),
    )


def _asking_left_out(calls: Sequence[Node]) -> Iterator[Node]:
    """Yield the calls of an assertion that may change something; the others ask."""
    for call in calls:
        name = call.child_by_field_name("name")
        if name is not None and not _QUERY.match(text(name)):
            yield call


def _variables(nodes: Sequence[Node]) -> Variables:
    """Return the declared variables of a method: where, type as written, value."""
    variables: Variables = {}
    for node in nodes:
        if node.type in _PATTERNS:  # the grammar gives their parts no names
            parts = [text(part) for part in node.named_children if not part.is_extra]
            if len(parts) > 1:  # not `_`
                variables.setdefault(parts[-1], []).append((node.start_byte, parts[-2], None))
            continue
        of_type = node.child_by_field_name("type") or node.child_by_field_name("right")
        if node.type == "catch_formal_parameter":
            of_type = next((part for part in node.named_children if part.type == "catch_type"), None)
        written = text(of_type) if of_type else ""
        for item in node.children_by_field_name("declarator") or [node]:
            if named := item.child_by_field_name("name"):
                # A loop's value is what it runs over.
                value = None if node.type == "enhanced_for_statement" else item.child_by_field_name("value")
                variables.setdefault(text(named), []).append((node.start_byte, written, value))
    return variables


def _caught(nodes: Sequence[Node]) -> frozenset[str]:
    names = (n.child_by_field_name("name") for n in nodes if n.type == "catch_formal_parameter")
    return frozenset(text(name) for name in names if name)
