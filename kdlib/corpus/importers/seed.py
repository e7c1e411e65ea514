"""JSONL of the older pipelines, one example or several references a row."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from kdlib.corpus.importers.rows import (
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
from kdlib.corpus.importers.snippets import method_name
from kdlib.records import MARKER

IGNORED = ("compressed_logits", "teacher_logits")
# A later marker goes with its line, or alone if the line holds more.
_MARKER = re.compile(rf"\n[ \t]*{MARKER}[ \t\r]*(?=\n|\Z)|{MARKER}")


def file_groups(root: Path) -> list[FileGroup]:
    """Return the JSONL files of a folder, or the one file."""
    return [(path,) for path in found_files(root, ".jsonl", ".jsonl.gz")]


def rows(group: FileGroup, limit: int) -> Iterator[ImportedRow]:
    """Yield the rows of a JSONL file, without its header and blank lines.

    Args:
        group: The file.
        limit: Bytes of a row at most.
    """
    first = True
    for raw in lines(group[0], limit):
        if is_blank(raw, limit):
            continue
        if not (first and _is_header(raw, limit)):
            yield judged(raw, partial(_texts, raw, limit))
        first = False


def _is_header(raw: RawRow, limit: int) -> bool:
    try:
        row = json_object(raw, limit)
    except RowError:
        return False
    return isinstance(row.get("header"), dict)


def _texts(raw: RawRow, limit: int) -> list[ExampleTexts]:
    row = json_object(raw, limit)
    focal = text_of(row, ("focal_method", "focal_file"), "no focal method")
    test = _one_marker(text_of(row, ("test_method_masked",), "no test"))
    return [
        ExampleTexts(
            focal_method=focal,
            masked_test=test,
            references=_references(row),
            repository=name_of(row, "repository"),
            focal_class=name_of(row, "focal_class"),
            focal_name=method_name(focal),
            test_class=name_of(row, "test_class"),
            test_method=method_name(test),
            group=name_of(row, "class_under_test"),
            ignored=tuple(name for name in IGNORED if row.get(name) is not None),
        )
    ]


def _references(row: dict[str, Any]) -> tuple[str, ...]:
    """Return the correct assertions of a row: a list of strings or one string, in either of two fields."""
    value = next((row[name] for name in ("assertions", "original_target") if row.get(name) is not None), None)
    listed = [value] if isinstance(value, str) else value
    if not listed:
        raise RowError("no reference")
    if not isinstance(listed, list) or not all(isinstance(item, str) for item in listed):
        raise RowError("wrong type")
    return tuple(listed)


def _one_marker(test: str) -> str:
    """Return a test with its first marker only."""
    before, marker, after = test.partition(MARKER)
    return before + marker + _MARKER.sub("", after)
