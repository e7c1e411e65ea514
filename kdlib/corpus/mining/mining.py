"""From the Java files of a source to examples: one for each assertion of each test."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING

from kdlib.config import Filters, MinedSource
from kdlib.corpus.mining.extraction import Stamp, mine_file
from kdlib.corpus.mining.focal import Methods
from kdlib.corpus.mining.parallel import forked_map
from kdlib.corpus.mining.project import ProjectFile, index
from kdlib.corpus.mining.suites import tests_of
from kdlib.files import example_batch, write_example_batches, write_json
from kdlib.java.methods import Unit, read_unit
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
class Reading:
    """What a file says of itself.

    Attributes:
        unit: Its declarations, or None if it is not mined.
        problem: Why it is not mined; empty if it is.
        licence: SPDX id in its header, or None.
        tree: Its syntax, if that will be looked at again.
    """

    unit: Unit | None
    problem: str = ""
    licence: str | None = None
    tree: Tree | None = None


@dataclass(slots=True)
class Tally:
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

    def add(self, other: Tally) -> None:
        """Add the counts of another part of the source."""
        for part in fields(self):
            setattr(self, part.name, getattr(self, part.name) + getattr(other, part.name))

    def counts(self) -> dict[str, int | dict[str, int]]:
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
        source: Its entry.
        root: Folder or archive that holds its files.
        filters: What is left out.
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
    readings = _readings(files, spans, filters.max_file_bytes, processes)
    licence = stated_licence(source)
    mined = _Source(name, version_of(source, sha256), licence, filters, files, readings)
    tally = Tally()

    def batches() -> Iterator[pa.RecordBatch]:
        for batch, part in forked_map(mined.mine, spans, processes):
            tally.add(part)
            yield batch

    write_example_batches(examples, batches())
    skipped = [
        {"path": file.path, "reason": reading.problem}
        for file, reading in zip(files, readings, strict=True)
        if reading.problem
    ]
    sizes = {"files": len(files), "java_bytes": sum(len(file.content) for file in files)}
    pins = {
        "source": name,
        "version": mined.version,
        "sha256": sha256,
        "licence": licence,
        "kind": source.kind,
    }
    write_json(report, {**pins, **sizes, "skipped": skipped, **tally.counts()})


class _Source:
    """A source that is read: its index and what the workers know."""

    def __init__(
        self,
        name: str,
        version: str,
        licence: str,
        filters: Filters,
        files: Sequence[JavaFile],
        readings: Sequence[Reading],
    ) -> None:
        self.name, self.version, self.licence, self.filters = name, version, licence, filters
        self.files: list[ProjectFile | None] = [
            ProjectFile(file.path, file.content, reading.unit) if reading.unit else None
            for file, reading in zip(files, readings, strict=True)
        ]
        self.readings = {file.path: reading for file, reading in zip(files, readings, strict=True)}
        self.generated = {file.path for file in files if is_generated(file.content, file.path)}
        trees = {path: reading.tree for path, reading in self.readings.items() if reading.tree}
        self.methods = Methods(index(file for file in self.files if file), trees)

    def mine(self, span: range) -> tuple[pa.RecordBatch, Tally]:
        """Return the examples of some of the files and what was met on the way."""
        tally = Tally()
        found = [example for place in span for example in self._examples(self.files[place], tally)]
        tally.examples = len(found)
        return example_batch(found), tally

    def _examples(self, file: ProjectFile | None, tally: Tally) -> Iterator[Example]:
        if file is None or not _may_assert(file.content):
            return
        tests = tests_of(self.methods.project, file)
        tally.tests += len(tests)
        stamp = Stamp(self.name, self.version, self._licence(file.path))
        for example in mine_file(self.methods, file, tests, stamp) if tests else ():
            tally.assertions += 1
            if example is None:
                tally.unresolved += 1
                continue
            if isinstance(example, str):
                tally.filtered[example] += 1
                continue
            (where,) = example.occurrences
            reason = self._left_out(where.path) or self._left_out(where.focal_path)
            if reason:
                tally.filtered[reason] += 1
                continue
            tally.kinds[where.kind] += 1
            tally.frameworks[where.framework] += 1
            tally.reasons[where.reason] += 1
            tally.licences[where.licence] += 1
            yield example

    def _licence(self, path: str) -> str:
        return self.readings[path].licence or self.licence

    def _left_out(self, path: str) -> str | None:
        """Return why no code of a file may be in an example, or None."""
        if self.filters.generated and path in self.generated:
            return "generated"
        return None if licence_allowed(self._licence(path), self.filters.licences) else "licence"


def _readings(
    files: Sequence[JavaFile], spans: Sequence[range], max_file_bytes: int, processes: int
) -> list[Reading]:
    """Return what each file says of itself, in the order of the files."""
    known: dict[bytes, Reading] = {}  # projects with several editions hold many files twice

    def read(span: range) -> list[Reading]:
        for file in (files[place] for place in span):
            if file.content not in known:
                # Trees cannot leave the process that made them.
                known[file.content] = _read(file.content, max_file_bytes, processes == 1)
        return [known[files[place].content] for place in span]

    return [reading for part in forked_map(read, spans, processes) for reading in part]


def _may_assert(content: bytes) -> bool:
    """Return whether a file has the bytes without which there is no assertion."""
    return b"assert" in content or b"fail" in content or b"expect" in content or b"catch" in content


def _read(content: bytes, max_file_bytes: int, keep: bool) -> Reading:
    if len(content) > max_file_bytes:
        return Reading(None, f"larger than {max_file_bytes} bytes")
    if not content.strip():
        return Reading(None, "empty")
    try:
        content.decode()
    except UnicodeDecodeError:
        return Reading(None, "not UTF-8")
    tree = parse(content)
    if tree.root_node.has_error:
        return Reading(None, "does not parse")
    return Reading(
        read_unit(tree.root_node),
        licence=licence_of(content),
        tree=tree if keep and b"est" in content and _may_assert(content) else None,
    )
