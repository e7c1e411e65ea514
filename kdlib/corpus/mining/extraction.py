"""The examples of one test file."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tree_sitter import Node

from kdlib.corpus.mining.body import Body
from kdlib.corpus.mining.focal import Decisions, Focal, Methods
from kdlib.corpus.mining.masking import masked_tests, method_text
from kdlib.corpus.mining.project import Declared, Project, ProjectFile, ProjectType, is_annotated_test
from kdlib.corpus.mining.resolution import Calls
from kdlib.corpus.mining.suites import class_under_test
from kdlib.java.assertions import framework_of, opening_call
from kdlib.java.methods import Method
from kdlib.java.surroundings import CANNOT_FAIL, vacuous_within
from kdlib.java.syntax import text
from kdlib.java.tokens import one_line
from kdlib.records import MARKER, Example, Occurrence, example_id

# Assertions of a file's tests times the bytes of these; their masked tests take about half of it. The largest
# file of 15 libraries has a test of 1,296 assertions and needs 132 million.
_MOST_BYTES = 200_000_000
_TOO_MANY = "too many assertions"
_HOLDS_MARKER = "holds the marker"


@dataclass(frozen=True, slots=True)
class SourceOrigin:
    """What every occurrence of a file says of where it comes from."""

    source: str
    version: str
    licence: str


@dataclass(frozen=True, slots=True)
class _Assertion:
    """An assertion statement of a test method.

    Attributes:
        node: The statement.
        kind: Name of the assertion, e.g. ``assertEquals``.
        test: Outermost class of the test.
        framework: Test framework that runs the test.
        method: The test method.
        focal: Focal method, or None if none was found.
        tested: Class under test by the name of the test class.
        masked: The test without it.
    """

    node: Node
    kind: str
    test: ProjectType
    framework: str
    method: Method
    focal: Focal | None
    tested: ProjectType | None
    masked: str


def mine_file(
    methods: Methods, file: ProjectFile, tests: Sequence[tuple[ProjectType, Method]], origin: SourceOrigin
) -> Iterator[Example | str | None]:
    """Yield an example for each assertion of a file's tests, or None where no focal method is found.

    A reason stands for an assertion that is left out: of a test with which the masked tests of the file would
    take more than some 100 MB, of texts that hold ``MARKER`` themselves, or one that cannot fail, from which
    nothing is to be learnt.

    Args:
        methods: Declarations and bodies of the source.
        file: A file of it.
        tests: Its test methods with their types, from ``tests_of``.
        origin: Source, version and licence.
    """
    found = list(_assertions_of(methods, file, tests))
    groups = _groups(methods.project, [item for item in found if isinstance(item, _Assertion)])
    file_sha256 = hashlib.sha256(file.content).hexdigest()
    texts: dict[Declared, str] = {}
    for item in found:
        if isinstance(item, str) or item.focal is None:
            yield item if isinstance(item, str) else None
            continue
        declared = item.focal.declared
        owner = declared.owner
        focal = declared.method
        if declared not in texts:
            texts[declared] = method_text(owner.file.content, focal.start, focal.end)
        source = texts[declared]
        reference = one_line(text(item.node).replace("\r\n", "\n"))
        if (source + item.masked + reference).count(MARKER) != 1:
            yield _HOLDS_MARKER
            continue
        occurrence = Occurrence(
            source=origin.source,
            version=origin.version,
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
            reason=item.focal.reason,
            group=groups[item.test],
            framework=item.framework,
            kind=item.kind,
            licence=origin.licence,
        )
        key = example_id(source, item.masked, [reference])
        yield Example(key, source, item.masked, (reference,), (occurrence,))


def _assertions_of(
    methods: Methods, file: ProjectFile, tests: Sequence[tuple[ProjectType, Method]]
) -> Iterator[_Assertion | str]:
    """Yield the assertions of a file's tests in source order, or why one is left out."""
    project = methods.project
    nodes = methods.nodes(file)
    annotated = framework_of(file.unit.imports)
    room = _MOST_BYTES
    classes = {project.outermost(kind) for kind, _ in tests}
    under_test = {test: class_under_test(project, test) for test in classes}
    for kind, method in tests:
        test = project.outermost(kind)
        tested = under_test[test]
        body = nodes.body(method)
        calls = Calls(project, file, kind, tested, body.variables, methods.known)
        asserted = _assertions(body, calls)
        if not asserted:
            continue
        size = len(asserted) * (method.end - method.start)
        if size > room:
            yield from [_TOO_MANY] * len(asserted)
            continue
        room -= size
        framework = annotated if is_annotated_test(kind, method) else "junit3"
        decisions = Decisions(methods, calls, body, method.name)
        masked = masked_tests(file.content, (method.start, method.end), [node for node, _ in asserted])
        for (node, name), test_text in zip(asserted, masked, strict=True):
            if vacuous_within(node, method.start):
                yield CANNOT_FAIL
                continue
            focal = decisions.focal(node, name)
            yield _Assertion(node, name, test, framework, method, focal, tested, test_text)


def _groups(project: Project, found: Sequence[_Assertion]) -> dict[ProjectType, str]:
    """Return the class under test of each test class: by its name, else the one that most assertions test."""
    groups: dict[ProjectType, str] = {}
    for test in {item.test for item in found}:
        asserted = [item for item in found if item.test is test]
        outer = [project.outermost(item.focal.declared.owner).name for item in asserted if item.focal]
        tested = asserted[0].tested
        groups[test] = tested.name if tested else Counter(outer).most_common(1)[0][0] if outer else test.name
    return groups


def _assertions(body: Body, calls: Calls) -> list[tuple[Node, str]]:
    """Return the outermost assertion statements with their kinds; one inside another belongs to it."""
    found: list[tuple[Node, str]] = []
    for node, name in zip(body.statements, body.kinds, strict=True):
        if name is None or (found and node.start_byte < found[-1][0].end_byte):
            continue
        if not _is_of_project(node, name, calls):
            found.append((node, name))
    return found


def _is_of_project(statement: Node, name: str, calls: Calls) -> bool:
    """Return whether what looks like an assertion is a method of the project that bears such a name."""
    call = opening_call(statement)
    qualifier = call.child_by_field_name("object") if call else None
    if call is None or (qualifier is None and name not in calls.project.by_method):
        return False
    if qualifier is not None and qualifier.type not in ("this", "super"):
        return calls.project.resolve(text(qualifier), calls.file) is not None
    declared = calls.declaration(call)
    if declared is None:
        return False
    # Beside the assertions that a JUnit 3 test inherits, its own are overloads; they hide imported ones.
    inherits = calls.project.has_external_supertype(calls.inside, "TestCase")
    return not inherits or any(fit > 0 for fit in calls.fits(declared, call))
