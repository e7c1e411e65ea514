"""From the files of another system to examples, a report of counts, and the rejected rows."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, TextIO

from kdlib.config import Filters, ImportSource
from kdlib.corpus.importers import atlas, methods2test, seed, toga
from kdlib.corpus.importers.rows import ExampleTexts, FileGroup, ImportedRow
from kdlib.corpus.importers.snippets import framework_in, kind_of
from kdlib.files import DataError, atomic, sha256, write_examples, write_json
from kdlib.records import Example, Occurrence, digest, example_id, normalise_whitespace

_QUOTED = 500


class Format(NamedTuple):
    """How files of a format are found, read and, where two belong together, compared."""

    file_groups: Callable[[Path], list[FileGroup]]
    rows: Callable[[FileGroup, int], Iterator[ImportedRow]]
    check: Callable[[FileGroup, int], None] | None = None


FORMATS = {
    "seed": Format(seed.file_groups, seed.rows),
    "methods2test": Format(methods2test.file_groups, methods2test.rows),
    "toga": Format(toga.file_groups, toga.rows, toga.check),
    "atlas": Format(atlas.file_groups, atlas.rows, atlas.check),
}


@dataclass(slots=True)
class ImportCounts:
    """What an import met, for the report."""

    rows: int = 0
    examples: int = 0
    filtered: Counter[str] = field(default_factory=Counter)
    ignored: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    frameworks: Counter[str] = field(default_factory=Counter)


class Pinned(NamedTuple):
    """The files of a source: name and sha256 of each that can be read, its bytes, and why others cannot."""

    names: dict[Path, str]
    digests: dict[Path, str]
    read_bytes: int
    skipped: list[dict[str, str]]
    sha256: str


@dataclass(frozen=True, slots=True)
class FileOrigin:
    """What every occurrence of a file says of it."""

    source: str
    version: str
    licence: str
    path: str
    file_sha256: str


def import_paths(source: ImportSource) -> list[Path]:
    """Return the files that an import reads, in order; what is no file is left out.

    Raises:
        DataError: If there are none.
    """
    groups = FORMATS[source.format].file_groups(Path(source.path))
    return [path for group in groups for path in group if path.is_file()]


def import_source(
    name: str, source: ImportSource, filters: Filters, examples: Path, report: Path, rejected: Path
) -> None:
    """Write the examples of files in another system's format, a report of counts, and the rejected rows.

    A row that gives no example is quoted with its line and a reason, and so is one of which a reference that
    cannot fail is left out. In the report, ``tests`` are the rows, and ``assertions`` the examples together
    with what is quoted.

    Args:
        name: Name of the source in the configuration.
        source: Entry of the source in the configuration.
        filters: Largest row, in bytes, and licences that are let in.
        examples: Parquet file to write, in the order of the files; equal examples are still apart.
        report: JSON file to write.
        rejected: JSONL file to write.

    Raises:
        DataError: If there is nothing to read, a file breaks off, two files that belong together differ in
            their numbers of rows, or the files have not the digest that the source asks for.
    """
    form = FORMATS[source.format]
    root = Path(source.path)
    groups = form.file_groups(root)
    pinned = _pin(root, groups)
    if source.sha256 not in (None, pinned.sha256):
        raise DataError(
            f"{root} has the sha256 {pinned.sha256}, the source {name} asks for {source.sha256}; "
            "get the right files or correct the digest"
        )
    readable = [group for group in groups if all(path in pinned.digests for path in group)]
    if form.check:
        for group in readable:
            form.check(group, filters.max_file_bytes)
    counts = ImportCounts()
    with atomic(rejected) as partial, partial.open("w") as aside:
        write_examples(examples, _examples(name, source, filters, pinned, readable, counts, aside))
    write_json(report, _report(name, source, pinned, counts))


def _pin(root: Path, groups: list[FileGroup]) -> Pinned:
    """Return the digests of all files; one file has its own digest, several that of their list."""
    names: dict[Path, str] = {}
    digests: dict[Path, str] = {}
    skipped = []
    for path in dict.fromkeys(path for group in groups for path in group):
        names[path] = _printable(path.relative_to(root) if root.is_dir() else Path(path.name))
        try:
            # Reading a pipe would never end.
            digests[path] = sha256(path) if path.is_file() else ""
        except OSError as error:
            skipped.append({"path": names[path], "reason": f"cannot be read ({error.strerror})"})
            continue
        if not digests[path]:
            del digests[path]
            skipped.append({"path": names[path], "reason": "no file"})
    listed = "".join(f"{names[path]}\0{value}\n" for path, value in digests.items())
    only = next(iter(digests.values())) if len(names) == len(digests) == 1 else ""
    size = sum(path.stat().st_size for path in digests)
    return Pinned(names, digests, size, skipped, only or hashlib.sha256(listed.encode()).hexdigest())


def _printable(path: Path) -> str:
    """Return a path with forward slashes, without bytes that are no text."""
    return os.fsencode(path.as_posix()).decode(errors="replace")


def _examples(
    name: str,
    source: ImportSource,
    filters: Filters,
    pinned: Pinned,
    groups: list[FileGroup],
    counts: ImportCounts,
    aside: TextIO,
) -> Iterator[Example]:
    """Yield the examples of all groups, count them, and write rejected rows aside."""
    unwanted = "licence" if filters.licences is not None and source.licence not in filters.licences else ""
    for group in groups:
        path = pinned.names[group[0]]
        origin = FileOrigin(name, pinned.sha256[:16], source.licence, path, pinned.digests[group[0]])
        for row in FORMATS[source.format].rows(group, filters.max_file_bytes):
            counts.rows += 1
            found = row.found
            reasons = row.reasons
            if unwanted and found:
                found, reasons = (), (unwanted,)
            for reason in reasons:
                counts.filtered[reason] += 1
                quoted = row.raw.content[: 4 * _QUOTED].decode(errors="replace")[:_QUOTED]
                line = {"file": path, "line": row.raw.line, "reason": reason, "row": quoted}
                aside.write(json.dumps(line, ensure_ascii=False) + "\n")
            for texts in found:
                example = _example(origin, row, texts)
                counts.examples += 1
                counts.ignored.update(texts.ignored)
                counts.kinds[example.occurrences[0].kind] += 1
                counts.frameworks[example.occurrences[0].framework] += 1
                yield example


def _example(origin: FileOrigin, row: ImportedRow, texts: ExampleTexts) -> Example:
    where = Occurrence(
        source=origin.source,
        version=origin.version,
        path=origin.path,
        file_sha256=origin.file_sha256,
        start_byte=row.raw.start,
        end_byte=row.raw.end,
        test_class=texts.test_class,
        test_method=texts.test_method,
        focal_class=texts.focal_class,
        focal_name=texts.focal_name,
        focal_path="",
        focal_start_byte=0,
        focal_end_byte=0,
        reason="given",
        group=_group(origin.source, texts),
        framework=framework_in("\n".join((texts.masked_test, *texts.references))),
        kind=kind_of(texts.references[0]),
        licence=origin.licence,
    )
    key = example_id(texts.focal_method, texts.masked_test, texts.references)
    return Example(key, texts.focal_method, texts.masked_test, texts.references, (where,))


def _group(source: str, texts: ExampleTexts) -> str:
    """Return what must stay together: a class of a repository, else all tests of a focal method."""
    group = texts.group or texts.focal_class
    if texts.repository and group:
        return f"{source}/{texts.repository}/{group}"
    return f"{source}/{digest([normalise_whitespace(texts.focal_method)])}"


def _report(name: str, source: ImportSource, pinned: Pinned, counts: ImportCounts) -> dict[str, object]:
    return {
        "source": name,
        "version": pinned.sha256[:16],
        "licence": source.licence,
        "kind": source.kind,
        "format": source.format,
        "sha256": pinned.sha256,
        "skipped": pinned.skipped,
        "files": len(pinned.names),
        "java_bytes": pinned.read_bytes,
        "tests": counts.rows,
        "assertions": counts.examples + counts.filtered.total(),
        "examples": counts.examples,
        "unresolved": 0,
        "filtered": dict(counts.filtered.most_common()),
        "ignored": dict(counts.ignored.most_common()),
        "kinds": dict(counts.kinds.most_common()),
        "frameworks": dict(counts.frameworks.most_common()),
        "reasons": {"given": counts.examples},
    }
