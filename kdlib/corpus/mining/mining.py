"""From the Java files of a source to examples: one for each assertion of each test."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING

from kdlib.config import Filters, MinedSource
from kdlib.corpus.mining.extraction import SourceOrigin, mine_file
from kdlib.corpus.mining.focal import Methods
from kdlib.corpus.mining.parallel import forked_map
from kdlib.corpus.mining.project import ProjectFile, index
from kdlib.corpus.mining.suites import tests_of
from kdlib.files import example_batch, write_example_batches, write_json
from kdlib.java.methods import CompilationUnit, read_unit
from kdlib.java.syntax import parse
from kdlib.records import Example
from kdlib.sources.generated import is_generated
from kdlib.sources.java_files import JavaFile, content_digest, java_files
from kdlib.sources.licence import licence_allowed, licence_of
from kdlib.sources.pins import check_pin, stated_licence, version_of

if TYPE_CHECKING:
    import pyarrow as pa
    from tree_sitter import Tree

# Files that a process works on before it reports; the row groups of the result.
_CHUNK = 24


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """The result of parsing a file.

    Attributes:
        unit: Declarations of the file, or None if it is not mined.
        problem: Why it is not mined; empty if it is.
        licence: SPDX id in its header, or None.
        tree: Syntax tree, if it is needed again.
    """

    unit: CompilationUnit | None
    problem: str = ""
    licence: str | None = None
    tree: Tree | None = None


@dataclass(slots=True)
class MiningCounts:
    """What mining met, for the report."""

    tests: int = 0
    assertions: int = 0
    examples: int = 0
    unresolved: int = 0
    filtered: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    frameworks: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    licences: Counter[str] = field(default_factory=Counter)

    def add(self, other: MiningCounts) -> None:
        """Add the counts of another part of the source."""
        for part in fields(self):
            setattr(self, part.name, getattr(self, part.name) + getattr(other, part.name))

    def as_dict(self) -> dict[str, int | dict[str, int]]:
        """Return all counts, the frequent ones first."""
        values = {part.name: getattr(self, part.name) for part in fields(self)}
        return {
            name: dict(value.most_common()) if isinstance(value, Counter) else value
            for name, value in values.items()
        }


def mine_source(
    name: str,
    source: MinedSource,
    root: Path,
    filters: Filters,
    examples: Path,
    report: Path,
    processes: int = 1,
) -> None:
    """Write the examples of a source, one per assertion in the order of the files, and a report of counts.

    Args:
        name: Name of the source in the configuration.
        source: Entry of the source in the configuration.
        root: Folder or archive that holds its files.
        filters: Filters of files and examples.
        examples: Parquet file to write; equal examples are still apart.
        report: JSON file to write.
        processes: Processes side by side; any number gives the same bytes.

    Raises:
        DataError: If ``root`` is neither a folder nor a readable archive, or not the pinned one.
    """
    files = list(java_files(root))
    sha256 = content_digest(files)
    check_pin(name, source, sha256)
    spans = [range(first, min(first + _CHUNK, len(files))) for first in range(0, len(files), _CHUNK)]
    parsed = _parsed_files(files, spans, filters.max_file_bytes, processes)
    licence = stated_licence(source)
    mined = _Source(name, version_of(source, sha256), licence, filters, files, parsed)
    counts = MiningCounts()

    def batches() -> Iterator[pa.RecordBatch]:
        for batch, part in forked_map(mined.mine, spans, processes):
            counts.add(part)
            yield batch

    write_example_batches(examples, batches())
    skipped = [
        {"path": file.path, "reason": result.problem}
        for file, result in zip(files, parsed, strict=True)
        if result.problem
    ]
    sizes = {"files": len(files), "java_bytes": sum(len(file.content) for file in files)}
    pins = {
        "source": name,
        "version": mined.version,
        "sha256": sha256,
        "licence": licence,
        "kind": source.kind,
    }
    write_json(report, {**pins, **sizes, "skipped": skipped, **counts.as_dict()})


class _Source:
    """A source that is read: its index and what the workers know."""

    def __init__(
        self,
        name: str,
        version: str,
        licence: str,
        filters: Filters,
        files: Sequence[JavaFile],
        parsed: Sequence[ParsedFile],
    ) -> None:
        self.name = name
        self.version = version
        self.licence = licence
        self.filters = filters
        self.files: list[ProjectFile | None] = [
            ProjectFile(file.path, file.content, result.unit) if result.unit else None
            for file, result in zip(files, parsed, strict=True)
        ]
        self.parsed = {file.path: result for file, result in zip(files, parsed, strict=True)}
        self.generated = {file.path for file in files if is_generated(file.content, file.path)}
        trees = {path: result.tree for path, result in self.parsed.items() if result.tree}
        self.methods = Methods(index(file for file in self.files if file), trees)

    def mine(self, span: range) -> tuple[pa.RecordBatch, MiningCounts]:
        """Return the examples of some of the files and what was met on the way."""
        counts = MiningCounts()
        found = [example for place in span for example in self._examples(self.files[place], counts)]
        counts.examples = len(found)
        return example_batch(found), counts

    def _examples(self, file: ProjectFile | None, counts: MiningCounts) -> Iterator[Example]:
        if file is None or not _may_assert(file.content):
            return
        tests = tests_of(self.methods.project, file)
        counts.tests += len(tests)
        origin = SourceOrigin(self.name, self.version, self._licence(file.path))
        for example in mine_file(self.methods, file, tests, origin) if tests else ():
            counts.assertions += 1
            if example is None:
                counts.unresolved += 1
                continue
            if isinstance(example, str):
                counts.filtered[example] += 1
                continue
            (where,) = example.occurrences
            reason = self._left_out(where.path) or self._left_out(where.focal_path)
            if reason:
                counts.filtered[reason] += 1
                continue
            counts.kinds[where.kind] += 1
            counts.frameworks[where.framework] += 1
            counts.reasons[where.reason] += 1
            counts.licences[where.licence] += 1
            yield example

    def _licence(self, path: str) -> str:
        return self.parsed[path].licence or self.licence

    def _left_out(self, path: str) -> str | None:
        """Return why no code of a file may be in an example, or None."""
        if self.filters.generated and path in self.generated:
            return "generated"
        return None if licence_allowed(self._licence(path), self.filters.licences) else "licence"


def _parsed_files(
    files: Sequence[JavaFile], spans: Sequence[range], max_file_bytes: int, processes: int
) -> list[ParsedFile]:
    """Return what each file says of itself, in the order of the files."""
    known: dict[bytes, ParsedFile] = {}  # projects with several editions hold many files twice

    def read(span: range) -> list[ParsedFile]:
        for file in (files[place] for place in span):
            if file.content not in known:
                # Trees cannot leave the process that made them.
                known[file.content] = _read(file.content, max_file_bytes, processes == 1)
        return [known[files[place].content] for place in span]

    return [result for part in forked_map(read, spans, processes) for result in part]


def _may_assert(content: bytes) -> bool:
    """Return whether a file has the bytes without which there is no assertion."""
    return b"assert" in content or b"fail" in content or b"expect" in content or b"catch" in content


def _read(content: bytes, max_file_bytes: int, keep: bool) -> ParsedFile:
    if len(content) > max_file_bytes:
        return ParsedFile(None, f"larger than {max_file_bytes} bytes")
    if not content.strip():
        return ParsedFile(None, "empty")
    try:
        content.decode()
    except UnicodeDecodeError:
        return ParsedFile(None, "not UTF-8")
    tree = parse(content)
    if tree.root_node.has_error:
        return ParsedFile(None, "does not parse")
    return ParsedFile(
        read_unit(tree.root_node),
        licence=licence_of(content),
        tree=tree if keep and b"est" in content and _may_assert(content) else None,
    )
