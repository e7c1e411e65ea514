"""The examples of one test file."""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tree_sitter import Node

from kdlib.corpus.focal import Calls, Variables
from kdlib.corpus.masking import masked_tests, method_text
from kdlib.corpus.project import Declared, Project, ProjectFile, ProjectType
from kdlib.java.assertions import ASSERTIONS, assertion_kind, framework_of, is_test_annotation, opening_call
from kdlib.java.methods import Method
from kdlib.java.syntax import captures, parse, text
from kdlib.java.tokens import one_line
from kdlib.records import Example, Occurrence, example_id

_NODES = """
(expression_statement (method_invocation)) @statement
[(method_invocation) (object_creation_expression)] @call
[(local_variable_declaration) (formal_parameter) (enhanced_for_statement) (resource)
 (catch_formal_parameter) (instanceof_expression) (type_pattern)] @variable
"""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What every occurrence of a source says of it."""

    source: str
    version: str
    licence: str


@dataclass(frozen=True, slots=True)
class _Assertion:
    """An assertion statement of a test method.

    Attributes:
        node: The statement.
        kind: Its name.
        test: Outermost class of the test.
        method: The test method.
        focal: What it tests, if that was found.
        tested: Class under test by the name of the test class.
        masked: The test without it.
    """

    node: Node
    kind: str
    test: ProjectType
    method: Method
    focal: Declared | None
    tested: ProjectType | None
    masked: str


def tests_of(project: Project, file: ProjectFile) -> list[tuple[ProjectType, Method]]:
    """Return the test methods of a file with their classes, in source order."""
    tests = [
        (kind, method)
        for kind in project.types_of(file)
        for method in kind.declaration.methods
        if project.is_test(kind, method)
    ]
    return sorted(tests, key=lambda test: test[1].start)


def mine_file(
    project: Project, file: ProjectFile, tests: Sequence[tuple[ProjectType, Method]], stamp: Stamp
) -> Iterator[Example | None]:
    """Yield an example for each assertion of a file's tests, or None where no focal method is found.

    Args:
        project: All declarations of the source.
        file: A file of it.
        tests: What ``tests_of`` returns for it.
        stamp: Source, version and licence.
    """
    found = list(_assertions_of(project, file, tests))
    groups = _groups(project, found)
    file_sha256 = hashlib.sha256(file.content).hexdigest()
    texts: dict[Declared, str] = {}
    for item in found:
        if item.focal is None:
            yield None
            continue
        owner, focal = item.focal.owner, item.focal.method
        if item.focal not in texts:
            texts[item.focal] = method_text(owner.file.content, focal.start, focal.end)
        reference = one_line(text(item.node).replace("\r\n", "\n"))
        occurrence = Occurrence(
            source=stamp.source,
            version=stamp.version,
            path=file.path,
            file_sha256=file_sha256,
            start_byte=item.node.start_byte,
            end_byte=item.node.end_byte,
            test_class=item.test.name,
            test_method=item.method.name,
            focal_class=owner.name,
            focal_name=focal.name,
            focal_path=owner.file.path,
            focal_start_byte=focal.start,
            focal_end_byte=focal.end,
            reason="inside",
            group=groups[item.test],
            framework=_framework(file, item.method),
            kind=item.kind,
            licence=stamp.licence,
        )
        source = texts[item.focal]
        key = example_id(source, item.masked, [reference])
        yield Example(key, source, item.masked, (reference,), (occurrence,))


def _assertions_of(
    project: Project, file: ProjectFile, tests: Sequence[tuple[ProjectType, Method]]
) -> Iterator[_Assertion]:
    """Yield the assertions of a file's tests in source order."""
    captured = captures(parse(file.content).root_node, _NODES)
    statements, calls, variables = (
        sorted(captured.get(name, ()), key=lambda node: node.start_byte)
        for name in ("statement", "call", "variable")
    )
    outermost = {kind.declaration.name: kind for kind in project.types_of(file)}
    for kind, method in tests:
        test = outermost[kind.declaration.name.partition(".")[0]]
        tested = project.class_under_test(test)
        resolver = Calls(project, file, kind, tested, _variables(_within(variables, method)))
        asserted = _assertions(_within(statements, method), resolver)
        if not asserted:
            continue
        resolved = _resolved(_within(calls, method), resolver)
        masked = masked_tests(file.content, (method.start, method.end), [node for node, _ in asserted])
        for (node, name), test_text in zip(asserted, masked, strict=True):
            yield _Assertion(node, name, test, method, _focal(resolved, node.end_byte), tested, test_text)


def _groups(project: Project, found: Sequence[_Assertion]) -> dict[ProjectType, str]:
    """Return the class under test of each test class: by its name, else the one that most assertions test."""
    groups: dict[ProjectType, str] = {}
    for test in {item.test for item in found}:
        own = [item for item in found if item.test is test]
        outer = [project.outermost(item.focal.owner).name for item in own if item.focal]
        tested = own[0].tested
        groups[test] = tested.name if tested else Counter(outer).most_common(1)[0][0] if outer else test.name
    return groups


def _framework(file: ProjectFile, method: Method) -> str:
    """Return the framework that runs a test: by its annotation, or by its name as JUnit 3 did."""
    annotated = any(map(is_test_annotation, method.annotations))
    return framework_of(file.unit.imports) if annotated else "junit3"


def _within(nodes: list[Node], method: Method) -> list[Node]:
    """Return the nodes, given in order of their starts, that start inside a method."""
    ends = method.start, method.end
    first, last = (bisect_left(nodes, place, key=lambda node: node.start_byte) for place in ends)
    return nodes[first:last]


def _assertions(statements: list[Node], resolver: Calls) -> list[tuple[Node, str]]:
    """Return the outermost assertion statements with their kinds; one inside another belongs to it."""
    helpers = _helpers(resolver)
    found: list[tuple[Node, str]] = []
    for node in statements:
        if found and node.start_byte < found[-1][0].end_byte:
            continue
        name = assertion_kind(node, helpers)
        if name and not _is_of_project(node, resolver):
            found.append((node, name))
    return found


def _helpers(resolver: Calls) -> set[tuple[str, int]]:
    """Return the methods of the project that hide a framework's assertion of that name in a test."""
    project, file = resolver.project, resolver.file
    owners = list(project.lineage(resolver.inside))
    for item in file.unit.imports:
        if item.static:
            name = item.name if item.everything else item.name.rpartition(".")[0]
            owners += [owner for owner in [project.resolve(name, file)] if owner]
    methods = (method for owner in owners for method in owner.declaration.methods)
    return {(method.name, len(method.parameters)) for method in methods if method.name in ASSERTIONS}


def _is_of_project(statement: Node, resolver: Calls) -> bool:
    """Return whether an assertion is called on a class of the project that has the name of a framework's."""
    call = opening_call(statement)
    qualifier = call.child_by_field_name("object") if call else None
    return qualifier is not None and resolver.project.resolve(text(qualifier), resolver.file) is not None


def _variables(nodes: list[Node]) -> Variables:
    """Return the declared variables of a method: where, type as written, value."""
    variables: Variables = {}
    for node in nodes:
        written = node.child_by_field_name("type") or node.child_by_field_name("right")
        kind = text(written) if written else ""
        named = node.children_by_field_name("declarator") or [node]
        for item in named:
            if name := item.child_by_field_name("name"):
                value = item.child_by_field_name("value")
                variables.setdefault(text(name), []).append((node.start_byte, kind, value))
    return variables


def _resolved(calls: list[Node], resolver: Calls) -> list[tuple[int, Declared, bool]]:
    """Return (end, declaration, is of the class under test) of the calls into code under test, as they run.

    A call runs after those in its arguments and receiver: where it ends tells the order, not where it starts.
    """
    found = []
    for call in sorted(calls, key=lambda node: node.end_byte):
        declared = resolver.declaration(call)
        if declared is not None:
            tested = resolver.is_of_class_under_test(declared)
            if tested or resolver.project.is_production(declared.owner):
                found.append((call.end_byte, declared, tested))
    return found


def _focal(calls: list[tuple[int, Declared, bool]], end: int) -> Declared | None:
    """Return the last call up to a position that goes to the class under test, else to the project."""
    before = [(declared, tested) for place, declared, tested in calls if place <= end]
    of_tested = [declared for declared, tested in before if tested]
    return of_tested[-1] if of_tested else before[-1][0] if before else None
