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
from kdlib.corpus.importers.rows import Row, Texts, Unit
from kdlib.corpus.importers.snippets import framework_in, kind_of
from kdlib.files import DataError, atomic, sha256, write_examples, write_json
from kdlib.records import Example, Occurrence, digest, example_id, normalise_whitespace

_QUOTED = 500


class Format(NamedTuple):
    """How files of a format are found, read and, where two belong together, compared."""

    units: Callable[[Path], list[Unit]]
    rows: Callable[[Unit, int], Iterator[Row]]
    check: Callable[[Unit, int], None] | None = None


FORMATS = {
    "seed": Format(seed.units, seed.rows),
    "methods2test": Format(methods2test.units, methods2test.rows),
    "toga": Format(toga.units, toga.rows, toga.check),
    "atlas": Format(atlas.units, atlas.rows, atlas.check),
}


@dataclass(slots=True)
class Tally:
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
class Stamp:
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
    units = FORMATS[source.format].units(Path(source.path))
    return [path for unit in units for path in unit if path.is_file()]


def import_source(
    name: str, source: ImportSource, filters: Filters, examples: Path, report: Path, rejected: Path
) -> None:
    """Write the examples of files in another system's format, a report of counts, and the rejected rows.

    Every row either gives examples or is quoted with its line and a reason: in the report, ``tests`` are the
    rows, and ``assertions`` the examples and the rejected rows together.

    Args:
        name: Name of the source in the configuration.
        source: Its entry.
        filters: Largest row, in bytes, and licences that are let in.
        examples: Parquet file to write, in the order of the files; equal examples are still apart.
        report: JSON file to write.
        rejected: JSONL file to write.

    Raises:
        DataError: If there is nothing to read, a file breaks off, two files that belong together differ in
            their numbers of rows, or the files have not the digest that the source asks for.
    """
    form, root = FORMATS[source.format], Path(source.path)
    units = form.units(root)
    pinned = _pin(root, units)
    if source.sha256 not in (None, pinned.sha256):
        raise DataError(
            f"{root} has the sha256 {pinned.sha256}, the source {name} asks for {source.sha256}; "
            "get the right files or correct the digest"
        )
    readable = [unit for unit in units if all(path in pinned.digests for path in unit)]
    if form.check:
        for unit in readable:
            form.check(unit, filters.max_file_bytes)
    tally = Tally()
    with atomic(rejected) as partial, partial.open("w") as aside:
        write_examples(examples, _examples(name, source, filters, pinned, readable, tally, aside))
    write_json(report, _report(name, source, pinned, tally))


def _pin(root: Path, units: list[Unit]) -> Pinned:
    """Return the digests of all files; one file has its own digest, several that of their list."""
    names: dict[Path, str] = {}
    digests: dict[Path, str] = {}
    skipped = []
    for path in dict.fromkeys(path for unit in units for path in unit):
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
    units: list[Unit],
    tally: Tally,
    aside: TextIO,
) -> Iterator[Example]:
    """Yield the examples of all units, count them, and write rejected rows aside."""
    unwanted = "licence" if filters.licences is not None and source.licence not in filters.licences else ""
    for unit in units:
        path = pinned.names[unit[0]]
        stamp = Stamp(name, pinned.sha256[:16], source.licence, path, pinned.digests[unit[0]])
        for row in FORMATS[source.format].rows(unit, filters.max_file_bytes):
            tally.rows += 1
            if reason := row.reason or unwanted:
                tally.filtered[reason] += 1
                quoted = row.raw.content[: 4 * _QUOTED].decode(errors="replace")[:_QUOTED]
                line = {"file": path, "line": row.raw.line, "reason": reason, "row": quoted}
                aside.write(json.dumps(line, ensure_ascii=False) + "\n")
                continue
            for texts in row.found:
                example = _example(stamp, row, texts)
                tally.examples += 1
                tally.ignored.update(texts.ignored)
                tally.kinds[example.occurrences[0].kind] += 1
                tally.frameworks[example.occurrences[0].framework] += 1
                yield example


def _example(stamp: Stamp, row: Row, texts: Texts) -> Example:
    where = Occurrence(
        source=stamp.source,
        version=stamp.version,
        path=stamp.path,
        file_sha256=stamp.file_sha256,
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
        group=_group(stamp.source, texts),
        framework=framework_in("\n".join((texts.masked_test, *texts.references))),
        kind=kind_of(texts.references[0]),
        licence=stamp.licence,
    )
    key = example_id(texts.focal_method, texts.masked_test, texts.references)
    return Example(key, texts.focal_method, texts.masked_test, texts.references, (where,))


def _group(source: str, texts: Texts) -> str:
    """Return what must stay together: a class of a repository, else all tests of a focal method."""
    unit = texts.group or texts.focal_class
    if texts.repository and unit:
        return f"{source}/{texts.repository}/{unit}"
    return f"{source}/{digest([normalise_whitespace(texts.focal_method)])}"


def _report(name: str, source: ImportSource, pinned: Pinned, tally: Tally) -> dict[str, object]:
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
        "tests": tally.rows,
        "assertions": tally.examples + tally.filtered.total(),
        "examples": tally.examples,
        "unresolved": 0,
        "filtered": dict(tally.filtered.most_common()),
        "ignored": dict(tally.ignored.most_common()),
        "kinds": dict(tally.kinds.most_common()),
        "frameworks": dict(tally.frameworks.most_common()),
        "reasons": {"given": tally.examples},
    }
