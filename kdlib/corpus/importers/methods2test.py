"""methods2test: pairs of a test and its focal method as JSON, one example per assertion of the test."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from kdlib.corpus.importers.rows import (
    BOM,
    ExampleTexts,
    FileGroup,
    ImportedRow,
    RawRow,
    RowError,
    found_files,
    is_blank,
    json_object,
    judged,
    lines,
    name_of,
    text_of,
)
from kdlib.corpus.importers.snippets import dedented, member, method_name, outermost_assertions
from kdlib.corpus.mining.masking import masked_tests
from kdlib.java.surroundings import CANNOT_FAIL, vacuous_within
from kdlib.java.syntax import text
from kdlib.java.tokens import one_line

_STRUCTURE = re.compile(rb'["\\{}\n]')
# Between the objects of an array.
_FILLING = b" \t\r\n,[]"
_CHUNK = 1 << 16
# Each assertion copies its test: a megabyte of nothing but assertions would fill the memory.
_MOST_BYTES = 64_000_000


def file_groups(root: Path) -> list[FileGroup]:
    """Return the JSON files of a folder, or the one file."""
    return [(path,) for path in found_files(root, ".json", ".jsonl", ".jsonl.gz")]


def rows(group: FileGroup, limit: int) -> Iterator[ImportedRow]:
    """Yield the pairs of a file: a JSON object, an array of them, or one a line.

    Args:
        group: The file.
        limit: Bytes of a row at most.
    """
    (path,) = group
    by_line = path.name.endswith((".jsonl", ".jsonl.gz")) or _starts_with_an_object(path, limit)
    for raw in lines(path, limit) if by_line else objects(path, limit):
        if not is_blank(raw, limit):
            yield judged(raw, partial(_texts, raw, limit))


def objects(path: Path, limit: int) -> Iterator[RawRow]:
    """Yield the outermost JSON objects of a file, and whatever stands between them but should not.

    Args:
        path: A file with one object, objects one after the other, or an array of objects.
        limit: Bytes of an object at most; of a longer one only the beginning is kept.
    """
    with path.open("rb") as file, path.open("rb") as content:
        for line, start, end in _spans(file):
            content.seek(start)
            piece = content.read(min(end - start, limit + 1))
            if start == 0:
                piece = piece.removeprefix(BOM)
            if len(piece) > limit or piece.strip(_FILLING):
                yield RawRow(line, start, end, piece)


def _spans(file: BinaryIO) -> Iterator[tuple[int, int, int]]:
    """Yield (line, first byte, byte after the last) of each outermost object and of each gap around them."""
    depth = 0
    quoted = False
    escaped = -1
    line = first_line = 1
    first = base = 0
    while chunk := file.read(_CHUNK):
        for match in _STRUCTURE.finditer(chunk):
            place = base + match.start()
            sign = match[0]
            if sign == b"\n":
                # A JSON string ends with its line at the latest: an open quotation affects only one line.
                line += 1
                quoted = False
            elif place == escaped:
                continue
            elif sign == b"\\":
                escaped = place + 1
            elif sign == b'"':
                quoted = not quoted
            elif sign == b"{" and not quoted:
                if depth == 0:
                    yield first_line, first, place
                    first = place
                    first_line = line
                depth += 1
            elif sign == b"}" and not quoted and depth:
                depth -= 1
                if depth == 0:
                    yield first_line, first, place + 1
                    first = place + 1
                    first_line = line
        base += len(chunk)
    yield first_line, first, base


def _starts_with_an_object(path: Path, limit: int) -> bool:
    """Return whether the first line that is not blank is a whole object."""
    for raw in lines(path, limit):
        if not is_blank(raw, limit):
            try:
                json_object(raw, limit)
            except RowError:
                return False
            return True
    return True


def _texts(raw: RawRow, limit: int) -> list[ExampleTexts | str]:
    row = json_object(raw, limit)
    focal = dedented(_source(row, "focal_method", "no focal method"))
    parsed = member(_source(row, "test_case", "no test"))
    if parsed is None:
        raise RowError("test does not parse")
    content, method = parsed
    assertions = outermost_assertions(method)
    if not assertions:
        raise RowError("no assertion")
    if len(assertions) * len(content) > _MOST_BYTES:
        raise RowError("too many assertions")
    masked = masked_tests(content, (method.start_byte, method.end_byte), assertions)
    name = method.child_by_field_name("name")
    return [
        CANNOT_FAIL
        if vacuous_within(node, method.start_byte)
        else ExampleTexts(
            focal_method=focal,
            masked_test=test,
            references=(one_line(text(node).replace("\r\n", "\n")),),
            repository=_repository(row),
            focal_class=name_of(_section(row, "focal_class"), "identifier"),
            focal_name=name_of(_section(row, "focal_method"), "identifier") or method_name(focal),
            test_class=name_of(_section(row, "test_class"), "identifier"),
            test_method=text(name) if name else "",
        )
        for node, test in zip(assertions, masked, strict=True)
    ]


def _source(row: dict[str, Any], section: str, missing: str) -> str:
    """Return the source of a method; a body that begins with its brace gets its signature."""
    method = _section(row, section)
    body = text_of(method, ("body",), missing)
    if body.lstrip().startswith("{"):
        body = f"{text_of(method, ('full_signature', 'signature'), missing)} {body}"
    return body


def _section(row: dict[str, Any], name: str) -> dict[str, Any]:
    value = row.get(name)
    if value is not None and not isinstance(value, dict):
        raise RowError("wrong type")
    return value or {}


def _repository(row: dict[str, Any]) -> str:
    section = _section(row, "repository")
    number = section.get("repo_id")
    return name_of(section, "url") or (str(number) if isinstance(number, int | str) else "")
