"""From the Java files of a source to examples: one for each assertion of each test."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from kdlib.config import DebianSource, Filters, SampleSource, Source
from kdlib.corpus.extraction import Stamp, mine_file, tests_of
from kdlib.corpus.project import ProjectFile, index
from kdlib.corpus.sources import JavaFile, java_files
from kdlib.files import write_examples, write_json
from kdlib.java.methods import Unit, read_unit
from kdlib.java.syntax import parse
from kdlib.records import Example


@dataclass(slots=True)
class Tally:
    """What mining met, for the report."""

    skipped: list[dict[str, str]] = field(default_factory=list)
    files: int = 0
    java_bytes: int = 0
    tests: int = 0
    assertions: int = 0
    unresolved: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    frameworks: Counter[str] = field(default_factory=Counter)


def mine_source(
    name: str, source: Source, root: Path, filters: Filters, examples: Path, report: Path
) -> None:
    """Write the examples of a source, one per assertion in the order of the files, and a report of counts.

    Args:
        name: Name of the source in the configuration.
        source: Its entry.
        root: Folder or archive that holds its files.
        filters: What is left out.
        examples: Parquet file to write; equal examples are still apart.
        report: JSON file to write.

    Raises:
        DataError: If ``root`` is neither a folder nor a readable archive.
    """
    tally = Tally()
    pin = hashlib.sha256()
    files = []
    for java in java_files(root):
        digest = hashlib.sha256(java.content).hexdigest()
        pin.update(f"{java.path}\0{digest}\n".encode())
        if unit := _read(java, filters.max_file_bytes, tally):
            files.append(ProjectFile(java.path, java.content, unit))
    version = source.version if isinstance(source, DebianSource) else pin.hexdigest()[:16]
    licence = "MIT" if isinstance(source, SampleSource) else source.licence
    stamp = Stamp(name, version, licence)
    found = list(_mine(files, stamp, tally))
    write_examples(examples, found)
    counts = {
        "skipped": tally.skipped,
        "files": tally.files,
        "java_bytes": tally.java_bytes,
        "tests": tally.tests,
        "assertions": tally.assertions,
        "examples": len(found),
        "unresolved": tally.unresolved,
        "kinds": dict(tally.kinds.most_common()),
        "frameworks": dict(tally.frameworks.most_common()),
    }
    write_json(report, {**asdict(stamp), "kind": source.kind, **counts})


def _read(java: JavaFile, max_file_bytes: int, tally: Tally) -> Unit | None:
    """Return the declarations of a file, or None after noting why it is skipped."""
    tally.files += 1
    tally.java_bytes += len(java.content)
    reason = ""
    if len(java.content) > max_file_bytes:
        reason = f"larger than {max_file_bytes} bytes"
    elif not java.content.strip():
        reason = "empty"
    elif not _is_utf8(java.content):
        reason = "not UTF-8"
    else:
        root = parse(java.content).root_node
        if not root.has_error:
            return read_unit(root)
        reason = "does not parse"
    tally.skipped.append({"path": java.path, "reason": reason})
    return None


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _mine(files: list[ProjectFile], stamp: Stamp, tally: Tally) -> Iterator[Example]:
    project = index(files)
    for file in files:
        tests = tests_of(project, file)
        tally.tests += len(tests)
        # A file without these bytes holds no assertion and need not be parsed again.
        if not tests or (b"assert" not in file.content and b"fail" not in file.content):
            continue
        for example in mine_file(project, file, tests, stamp):
            tally.assertions += 1
            if example is None:
                tally.unresolved += 1
                continue
            tally.kinds[example.occurrences[0].kind] += 1
            tally.frameworks[example.occurrences[0].framework] += 1
            yield example
