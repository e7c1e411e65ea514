"""Where a prediction goes: its test file cut at the assertion, imports that it lacks, and what runs it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from kdlib.execution.classpath import ClassPath, Edition
from kdlib.execution.jobs import Framework
from kdlib.files import DataError
from kdlib.java.assertions import framework_of
from kdlib.java.compiler import SourceFile
from kdlib.java.methods import CompilationUnit, Method, TypeDeclaration, read_unit
from kdlib.java.syntax import captures, parse, text
from kdlib.records import Occurrence
from kdlib.sources.layout import module_of

# JLS 21 §3.3: a backslash after an odd number of others begins no escape.
_UNICODE_ESCAPE = re.compile(r"(?<!\\)((?:\\\\)*)\\u+([0-9a-fA-F]{4})")
_CALLS = "(method_invocation !object name: (identifier) @name) @call"
_JUNIT4 = "org.junit.Assert"
_JUNIT5 = "org.junit.jupiter.api.Assertions"
_HAMCREST = "org.hamcrest.MatcherAssert"
_MATCHERS = "org.hamcrest.Matchers"
_ASSERTJ = "org.assertj.core.api.Assertions"
_TRUTH = "com.google.common.truth.Truth"
# Whose static methods a statement may call without a qualifier, the likelier first.
HOLDERS = (_JUNIT4, _JUNIT5, _HAMCREST, _MATCHERS, _ASSERTJ, _TRUTH)
_FLUENT = (_ASSERTJ, _TRUTH)
# Tests of JUnit 3 whose class extends the project's own test case import no framework.
_RUN_BY: Mapping[str, Framework] = {
    "junit3": "junit4",
    "junit4": "junit4",
    "junit5": "junit5",
    "unknown": "junit4",
}


class NotExecutableError(Exception):
    """Why the test of a row cannot be run at all."""


class Placed(NamedTuple):
    """A test file with a statement in place of its assertion.

    Attributes:
        file: The file.
        statement: Bytes of the file, from and to, that are the statement.
    """

    file: SourceFile
    statement: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Place:
    """Where the prediction of a row goes: a test file of a source, cut at the assertion.

    Attributes:
        source: Name of the source.
        name: File name without ``.java``, in the folder of its package if that is known.
        before: Bytes before the assertion.
        assertion: The assertion's.
        after: Bytes behind it.
    """

    source: str
    name: str
    before: bytes
    assertion: bytes
    after: bytes

    def original(self) -> SourceFile:
        """Return the file with its original assertion."""
        return SourceFile(self.name, self.before + self.assertion + self.after)

    def with_statement(self, statement: str) -> Placed:
        """Return the file with a statement in place of the assertion."""
        return _placed(self.name, self.before, statement, self.after)


@dataclass(frozen=True, slots=True)
class Target:
    """The test of a row, ready to run.

    Attributes:
        place: Test file, cut at the assertion.
        test_class: Binary name of the class to run; of an abstract test class, one below it.
        method: Name of the test method.
        framework: Framework that runs it; JUnit 4 runs tests of JUnit 3 as well.
        edition: Edition that it is compiled with.
        project: Folder in which a build tool would run it.
    """

    place: Place
    test_class: str
    method: str
    framework: Framework
    edition: Edition
    project: Path


def as_javac_reads(statement: str) -> str:
    r"""Return a text as javac's lexer sees it: Unicode escapes decoded, a lone ``\r`` as the end of a line.

    To tree-sitter neither ends a comment, so ``// \u000a }`` would smuggle a brace past it.

    Args:
        statement: A candidate, e.g. a generated assertion.

    Reference: JLS 21 §3.3, §3.4.
    """
    decoded = _UNICODE_ESCAPE.sub(lambda found: found[1] + chr(int(found[2], 16)), statement)
    return decoded.replace("\r\n", "\n").replace("\r", "\n")


def read_place(where: Occurrence, root: Path) -> Place:
    """Return the place of an assertion.

    Args:
        where: Occurrence of the example.
        root: Folder of the source.

    Raises:
        DataError: If its file is not the one that was mined.
    """
    path = root / where.path
    content = path.read_bytes() if path.is_file() else b""
    if hashlib.sha256(content).hexdigest() != where.file_sha256:
        raise DataError(f"{path}: not the file that was mined; mine the source {where.source!r} again")
    start = where.start_byte
    end = where.end_byte
    return Place(where.source, path.stem, content[:start], content[start:end], content[end:])


def target_of(where: Occurrence, class_path: ClassPath) -> Target:
    """Return the test of an assertion, ready to run.

    Args:
        where: Occurrence of the example.
        class_path: Class path of its source.

    Raises:
        NotExecutableError: If it cannot be run, with the reason.
        DataError: If its file is not the one that was mined.
    """
    if class_path.reason:
        raise NotExecutableError(f"its source was not compiled: {class_path.reason}")
    if where.path not in class_path.edition_of:
        known = class_path.left_out.get(where.path, "it belongs to no compiled part of its source")
        raise NotExecutableError(f"its test file does not compile: {known}")
    edition = class_path.editions[class_path.edition_of[where.path]]
    place = read_place(where, class_path.files)
    unit = _unit(place.original().content)
    framework = framework_of(unit.imports)
    if framework not in _RUN_BY:
        raise NotExecutableError(f"its test framework is not run: {framework}")
    kind, method = _enclosing(unit, where)
    name = ".".join(part for part in (unit.package, kind.name.replace(".", "$")) if part)
    header = edition.headers.get(name)
    if header is None:
        raise NotExecutableError(f"its class {name} was not compiled")
    if header.abstract and name not in edition.runners:
        raise NotExecutableError(f"its class {name} is abstract, and none below it is concrete")
    folder = unit.package.replace(".", "/")
    place = replace(place, name=f"{folder}/{place.name}".lstrip("/"))
    runner = edition.runners[name] if header.abstract else name
    project = class_path.files / module_of(where.path)
    return Target(place, runner, method.name, _RUN_BY[framework], edition, project)


def with_imports(place: Place, statement: str, holders: Mapping[str, frozenset[str]]) -> Placed:
    """Return a test file with a statement in place of the assertion, and the static imports it lacks.

    A method is imported if the statement calls it by its simple name, nothing in the file calls, declares
    or imports that name, and an assertion library on the class path has it. Such an import hides nothing:
    methods of the test class and those it inherits go before it. Lines keep their numbers.

    Args:
        place: Test file, cut at the assertion.
        statement: One statement.
        holders: Class: its static methods, of the assertion libraries on the class path.
    """
    content = place.original().content
    root = parse(content).root_node
    unit = read_unit(root)
    known = {text(node) for node in captures(root, _CALLS).get("name", ())}
    known |= {method.name for kind in unit.types for method in kind.methods}
    known |= {item.name.rpartition(".")[2] for item in unit.imports if item.static and not item.everything}
    for item in unit.imports:
        if item.static and item.everything:
            known |= holders.get(item.name, frozenset())
    wanted = _calls(statement)
    missing = {
        name: _holder(name, count, unit, holders) for name, count in wanted.items() if name not in known
    }
    lines = [f" import static {holder}.{name};" for name, holder in sorted(missing.items()) if holder]
    cut = max((node.end_byte for node in root.named_children if node.type in _HEAD), default=0)
    before = place.before[:cut] + "".join(lines).encode() + place.before[cut:]
    return _placed(place.name, before, statement, place.after)


_HEAD = ("package_declaration", "import_declaration")


def _placed(name: str, before: bytes, statement: str, after: bytes) -> Placed:
    own = _encoded(statement)
    # The line ends here, so that a comment behind the statement hides nothing of the file.
    file = SourceFile(name, before + own + b"\n" + after)
    return Placed(file, (len(before), len(before) + len(own)))


def _encoded(statement: str) -> bytes:
    # Half a surrogate pair, which JSON may escape, has no UTF-8; javac will not take the text either way.
    return statement.encode(errors="replace")


def _calls(statement: str) -> dict[str, int]:
    """Return the methods that a statement calls by simple name, with the arguments of the first call."""
    root = parse(b"class C { void m() {\n" + _encoded(as_javac_reads(statement)) + b"\n} }").root_node
    calls: dict[str, int] = {}
    for call in captures(root, _CALLS).get("call", ()):
        name = call.child_by_field_name("name")
        arguments = call.child_by_field_name("arguments")
        if name is not None and arguments is not None:
            calls.setdefault(text(name), sum(not part.is_extra for part in arguments.named_children))
    return calls


def _holder(
    name: str, arguments: int, unit: CompilationUnit, holders: Mapping[str, frozenset[str]]
) -> str | None:
    """Return the class of an assertion library whose method a call most likely means."""
    other = _JUNIT4 if framework_of(unit.imports) == "junit5" else _JUNIT5
    # One argument of `assertThat` begins a chain; two are a value and its matcher.
    unlike = {other, *((set(HOLDERS) - {*_FLUENT}) if name == "assertThat" and arguments == 1 else ())}
    if name == "assertThat" and arguments > 1:
        unlike |= {*_FLUENT}
    return next((each for each in HOLDERS if each not in unlike and name in holders.get(each, ())), None)


@lru_cache(maxsize=64)  # the assertions of a file come one after another
def _unit(content: bytes) -> CompilationUnit:
    return read_unit(parse(content).root_node)


def _enclosing(unit: CompilationUnit, where: Occurrence) -> tuple[TypeDeclaration, Method]:
    """Return the innermost type around an assertion, and its method."""
    inside: Iterable[TypeDeclaration] = (t for t in unit.types if t.start <= where.start_byte < t.end)
    # The outer of two nested types comes first.
    around: Sequence[TypeDeclaration] = list(inside)
    for kind in reversed(around):
        for method in kind.methods:
            if method.start <= where.start_byte < method.end and method.name == where.test_method:
                return kind, method
    raise NotExecutableError(f"its assertion stands in no method {where.test_method}")
