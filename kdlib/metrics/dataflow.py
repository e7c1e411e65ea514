"""Data flow of a Java text: of which variables each value is made, for CodeBLEU (Ren et al. 2020, §3.3).

The extraction is GraphCodeBERT's (Guo et al. 2021, §3), in two steps: a walk of the syntax tree notes in what
order variables are read and set; then these notes are run, loops twice, with what each name holds at a time.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Literal, NamedTuple

from tree_sitter import Node

from kdlib.java.syntax import COMMENTS

Relation = Literal["comesFrom", "computedFrom"]
# Number of a variable, how it got its value, numbers of the variables that the value is made of.
Flow = tuple[int, Relation, tuple[int, ...]]

# A loop inside more loops than these is run once, or time would grow with length times depth.
_DEEPEST_LOOP = 16
_STRING = "string_literal"
# Leaves that stand for no value that comes from somewhere.
_NO_VARIABLES = COMMENTS | {"this", "super", "true", "false"}
# Tokens of which a text that sets a variable has one; the lexer reads `>>=` as `>` and `>=`, and the colon is
# that of `for (T name : values)`. A declaration without value is no flow by itself.
_SETTERS = frozenset({"=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">=", "++", "--", ":"})
# What a token begins with that is no name.
_NO_NAME = frozenset(string.digits + string.punctuation) - set("_$")


class _Set(NamedTuple):
    """Variables ``targets`` get a value made of the variables ``values``; None stands for no value."""

    targets: range
    values: range | None
    relation: Relation


class _Repeat(NamedTuple):
    """The end of a loop whose first step is ``start``."""

    start: int


# Read a variable, set variables, end a loop; part into ways, begin the next way, join all ways.
_Step = int | _Set | _Repeat | Literal["fork", "way", "join"]
# A part of the tree to walk, or what to note between two parts.
_Thing = Node | Callable[[], None]
# Name: the variables that may have given it its present value.
_Holders = dict[bytes, tuple[int, ...]]


def data_flow(root: Node) -> list[Flow]:
    """Return the data flows in a tree, with variables numbered in order of appearance.

    Variables are all words that stand for something, methods, types and literals too. A value comes from
    where its name was last set, on any path that leads there, else from where the name was first read.

    Args:
        root: Root of a syntax tree, with or without errors.

    Returns:
        Flows in source order; none if nothing is set and no name is read twice.

    Reference: Guo et al. 2021, §3.
    """
    walk = _Walk(root)
    if len(set(walk.names)) == len(walk.names) and walk.steps == list(range(len(walk.names))):
        return []
    return list(_numbered(_Run(walk)))


def can_flow(tokens: Sequence[str]) -> bool:
    """Return whether a text may have data flow; False is certain for every text without syntax errors.

    Much faster than to look: most assertions set nothing and name nothing twice.

    Args:
        tokens: Tokens of the text, from ``kdlib.java.tokens.code_tokens``.
    """
    if not _SETTERS.isdisjoint(tokens):
        return True
    names = [token for token in tokens if token[0] not in _NO_NAME]
    return len(set(names)) < len(names)


class _Walk:
    """A walk through a tree.

    Attributes:
        names: Text of each variable in UTF-8, in source order.
        identifiers: Whether each variable is an identifier: no literal, no type.
        steps: What happens to the variables, in order of execution.
    """

    def __init__(self, root: Node) -> None:
        self.names: list[bytes] = []
        self.identifiers: list[bool] = []
        self.steps: list[_Step] = []
        self._loops: list[int] = []
        # The next thing stands last. No recursion, since trees may be thousands of levels deep.
        self._ahead: list[_Thing] = [root]
        while self._ahead:
            thing = self._ahead.pop()
            if not isinstance(thing, Node):
                thing()
                continue
            kind = thing.type
            if special := _SPECIAL.get(kind):
                special(self, thing)
            elif (children := thing.named_children) and kind != _STRING:
                self._ahead += reversed(children)
            elif self._add(thing, kind):
                self.steps.append(len(self.names) - 1)

    def enter_declarator(self, node: Node) -> None:
        """Walk ``name = value`` of a declaration."""
        self._enter_setter(node, "name", "value", "comesFrom")

    def enter_assignment(self, node: Node) -> None:
        """Walk ``left = right`` or ``left += right``; what stands left is set and not read."""
        self._enter_setter(node, "left", "right", "computedFrom")

    def enter_update(self, node: Node) -> None:
        """Walk ``i++``, where each variable is set from all."""
        variables = self._variables(node)
        self.steps.append(_Set(variables, variables, "computedFrom"))

    def enter_if(self, node: Node) -> None:
        """Walk the condition with its branch as one way; ``else`` is a way that passes no condition."""
        otherwise = node.child_by_field_name("alternative")
        things: list[_Thing] = []
        for child in node.named_children:
            if child.type == "if_statement" or child == otherwise:
                things.append(partial(self.steps.append, "way"))
            things.append(child)
        self.steps.append("fork")
        self._next(*things, partial(self.steps.append, "join"))

    def enter_while(self, node: Node) -> None:
        """Walk a loop, all of which is repeated."""
        self._begin_loop()
        self._next(*node.named_children, self._end_loop)

    def enter_for(self, node: Node) -> None:
        """Walk a loop in source order; what follows its declaration is repeated, nothing without one."""
        start = node.child_by_field_name("init")
        if start is None or start.type != "local_variable_declaration":
            self._next(*node.named_children)
        else:
            rest = [child for child in node.named_children if child.start_byte >= start.end_byte]
            self._next(start, self._begin_loop, *rest, self._end_loop)

    def enter_enhanced_for(self, node: Node) -> None:
        """Walk ``for (T name : value) body``; the name is set between value and body."""
        body = node.child_by_field_name("body")
        self._begin_loop()
        self._next(*([body] if body else []), self._end_loop)
        self._enter_setter(node, "name", "value", "computedFrom")

    def _enter_setter(self, node: Node, target: str, value: str, relation: Relation) -> None:
        name = node.child_by_field_name(target)
        origin = node.child_by_field_name(value)
        targets = self._variables(name) if name else range(0)
        if origin is None:
            self.steps.append(_Set(targets, None, relation))
        else:
            self._next(origin, partial(self._set, targets, len(self.names), relation))

    def _next(self, *things: _Thing) -> None:
        self._ahead.extend(reversed(things))

    def _set(self, targets: range, start: int, relation: Relation) -> None:
        self.steps.append(_Set(targets, range(start, len(self.names)), relation))

    def _begin_loop(self) -> None:
        self._loops.append(len(self.steps))

    def _end_loop(self) -> None:
        start = self._loops.pop()
        if len(self._loops) < _DEEPEST_LOOP:
            self.steps.append(_Repeat(start))

    def _variables(self, node: Node) -> range:
        """Note the variables of a part that is not read itself."""
        start = len(self.names)
        ahead = [node]
        while ahead:
            below = ahead.pop()
            kind = below.type
            if (children := below.named_children) and kind != _STRING:
                ahead += reversed(children)
            else:
                self._add(below, kind)
        return range(start, len(self.names))

    def _add(self, leaf: Node, kind: str) -> bool:
        """Note a leaf if it is a variable; ``this``, ``int``, ``()`` and what the parser made up are none."""
        if kind in _NO_VARIABLES or (leaf.child_count and kind != _STRING) or not (name := leaf.text):
            return False
        self.names.append(name)
        self.identifiers.append(kind == "identifier")
        return True


_SPECIAL: dict[str, Callable[[_Walk, Node], None]] = {
    "variable_declarator": _Walk.enter_declarator,
    "assignment_expression": _Walk.enter_assignment,
    "update_expression": _Walk.enter_update,
    "if_statement": _Walk.enter_if,
    "while_statement": _Walk.enter_while,
    "for_statement": _Walk.enter_for,
    "enhanced_for_statement": _Walk.enter_enhanced_for,
}


class _Run:
    """A run of the steps.

    Attributes:
        names: Text of each variable.
        flows: Relation and names of the origins, by variable, for all that were read or set from something.
        origins: Per variable, whether another got its value from it.
    """

    def __init__(self, walk: _Walk) -> None:
        self.names = walk.names
        self.flows: dict[int, tuple[Relation, tuple[bytes, ...]]] = {}
        self.origins = bytearray(len(walk.names))
        self._holders: _Holders = {}
        forks: list[tuple[_Holders, list[_Holders]]] = []
        at = 0
        repeating = -1
        while at < len(walk.steps):
            step = walk.steps[at]
            if isinstance(step, int):
                self._read(step, walk.identifiers[step])
            elif isinstance(step, _Set):
                self._set(step)
            elif isinstance(step, _Repeat):
                # A run f of steps sets names or adds to what they hold, so f(f(x)) = f(x): when a loop is run
                # again by a loop around it, a second run would find only what earlier ones have found.
                if repeating < 0:
                    at, repeating = step.start - 1, at
                elif repeating == at:
                    repeating = -1
            elif step == "fork":
                forks.append((dict(self._holders), []))
            elif step == "way":
                before, ends = forks[-1]
                ends.append(self._holders)
                self._holders = dict(before)
            else:
                before, ends = forks.pop()
                for end in (*ends, before):
                    _merge(self._holders, end)
            at += 1

    def _read(self, variable: int, is_identifier: bool) -> None:
        name = self.names[variable]
        holders = self._holders.get(name)
        if holders is not None:
            self.flows[variable] = ("comesFrom", (name,))
            for origin in holders:
                self.origins[origin] = True
            return
        self.flows.setdefault(variable, ("comesFrom", ()))
        if is_identifier:
            self._holders[name] = (variable,)

    def _set(self, step: _Set) -> None:
        names: tuple[bytes, ...] = ()
        if step.values:
            start = step.values.start
            end = step.values.stop
            names = tuple(dict.fromkeys(self.names[start:end]))
            self.origins[start:end] = b"\1" * len(step.values)
        for target in step.targets:
            if step.values is None or names:
                self.flows[target] = (step.relation, names)
            self._holders[self.names[target]] = (target,)


def _merge(holders: _Holders, other: _Holders) -> None:
    """Let every name hold what it holds on either of two ways."""
    for name, theirs in other.items():
        ours = holders.setdefault(name, theirs)
        if ours is not theirs and ours != theirs:
            holders[name] = tuple(sorted({*ours, *theirs}))


def _numbered(run: _Run) -> Iterator[Flow]:
    """Yield the flows of all variables that have an origin or are one, in source order, names as numbers."""
    numbers: dict[bytes, int] = {}
    for variable, (relation, origins) in sorted(run.flows.items()):
        if origins or run.origins[variable]:
            sources = tuple(numbers.setdefault(name, len(numbers)) for name in origins)
            yield numbers.setdefault(run.names[variable], len(numbers)), relation, sources
