"""TOGA: a CSV of focal methods and test prefixes, with labels in a column or in a CSV of equal length."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path

from kdlib.corpus.importers.rows import (
    ExampleTexts,
    FileGroup,
    ImportedRow,
    RawRow,
    RowError,
    decoded,
    found_files,
    is_blank,
    judged,
    lines,
)
from kdlib.corpus.importers.snippets import dedented, member, method_name, outermost_assertions, statement
from kdlib.corpus.mining.masking import masked_tests
from kdlib.files import DataError
from kdlib.java.syntax import text
from kdlib.java.tokens import code_tokens
from kdlib.records import MARKER

COLUMNS = ("focal_method", "test_prefix")
LABELS = ("assertion", "assertion_lbl", "target")
# A header is short; a longer first line belongs to another file.
_HEADER = 10_000
# EvoSuite's name for the test of a class.
_GENERATED = "_ESTest"


def file_groups(root: Path) -> list[FileGroup]:
    """Return the CSV files with the columns of this format, each with its file of labels if it needs one.

    Labels lie beside ``inputs.csv`` in ``meta.csv`` or ``labels.csv``, beside ``x_inputs.csv`` also in
    ``x_meta.csv`` or ``x_labels.csv``.

    Raises:
        DataError: If a folder has no such file.
    """
    found: list[FileGroup] = []
    for path in found_files(root, ".csv"):
        header = _header(path)
        if set(COLUMNS) <= set(header):
            found.append((path,) if set(LABELS) & set(header) else (path, *_labels(path)))
    if not found:
        raise DataError(f"{root}: no CSV with the columns {' and '.join(COLUMNS)}")
    return found


def check(group: FileGroup, limit: int) -> None:
    """Compare the numbers of records of inputs and labels.

    Raises:
        DataError: If they differ, since then no label can be trusted.
    """
    counts = [sum(1 for _ in records(path, limit)) - 1 for path in group]
    if len(set(counts)) > 1:
        raise DataError(
            f"{group[0]} has {counts[0]} rows and {group[1]} {counts[1]}: row belongs to row, "
            "so get both again"
        )


def rows(group: FileGroup, limit: int) -> Iterator[ImportedRow]:
    """Yield the records below the header.

    Args:
        group: The CSV, and the one of its labels if there is one.
        limit: Bytes of a record at most.
    """
    headers = [_header(path) for path in group]
    for raws in islice(zip(*(records(path, limit) for path in group), strict=True), 1, None):
        yield judged(raws[0], partial(_texts, headers, raws, limit))


def records(path: Path, limit: int) -> Iterator[RawRow]:
    """Yield the records of a CSV file, the header too: lines, joined while a quotation is open.

    Blank lines outside of quotations are none. A record that outgrows the limit ends there.
    """
    parts: list[RawRow] = []
    size = quotes = 0
    for raw in lines(path, limit):
        if not parts and is_blank(raw, limit):
            continue
        parts.append(raw)
        size += len(raw.content) + 1
        quotes += raw.content.count(b'"')
        if quotes % 2 == 0 or size > limit:
            yield _joined(parts)
            parts = []
            size = 0
            quotes = 0
    if parts:
        yield _joined(parts)


def _joined(parts: list[RawRow]) -> RawRow:
    content = b"\n".join(part.content for part in parts)
    return RawRow(parts[0].line, parts[0].start, parts[-1].end, content)


def _header(path: Path) -> list[str]:
    """Return the columns of a CSV, none if it cannot be read."""
    if not path.is_file():
        return []
    first = next(records(path, _HEADER), None)
    try:
        return _fields(first, _HEADER) if first else []
    except RowError:
        return []


def _labels(path: Path) -> tuple[Path, ...]:
    """Return the file of labels beside a file of inputs, if there is one."""
    stems = [path.stem.replace("inputs", name) for name in ("meta", "labels")] + ["meta", "labels"]
    beside = [path.with_name(f"{stem}.csv") for stem in stems]
    return tuple(other for other in beside if other != path and set(LABELS) & set(_header(other)))[:1]


def _fields(raw: RawRow, limit: int) -> list[str]:
    try:
        return next(csv.reader([decoded(raw, limit)], strict=True))
    except csv.Error as error:
        raise RowError("too long" if "field limit" in str(error) else "not CSV") from None


def _texts(headers: list[list[str]], raws: tuple[RawRow, ...], limit: int) -> list[ExampleTexts]:
    row: dict[str, str] = {}
    # The inputs last: what they say of a row goes before what its labels say.
    for header, raw in zip(reversed(headers), reversed(raws), strict=True):
        values = _fields(raw, limit)
        if len(values) != len(header):
            raise RowError("wrong number of columns")
        row |= dict(zip(header, values, strict=True))
    label = next((value for name in LABELS if (value := row.get(name, "").strip())), "")
    if not label:
        raise RowError("no reference")
    focal = dedented(row["focal_method"])
    if not focal:
        raise RowError("no focal method")
    test_class = row.get("test_name", "").partition("::")[0]
    masked = _masked(row["test_prefix"], statement(label))
    return [
        ExampleTexts(
            focal_method=_documented(focal, row.get("docstring", "")),
            masked_test=masked,
            references=(statement(label),),
            repository=row.get("project", ""),
            focal_class=test_class.removesuffix(_GENERATED) if test_class.endswith(_GENERATED) else "",
            focal_name=method_name(focal),
            test_class=test_class,
            test_method=method_name(masked),
        )
    ]


def _masked(prefix: str, label: str) -> str:
    """Return a test with the marker where it or its assertion stands, else before its closing brace.

    Files of this format exist with and without the assertion in what they call the prefix.

    Raises:
        RowError: If there is no closing brace, or if the assertion stands where it cannot be taken out.
    """
    if MARKER in prefix:
        return dedented(prefix)
    if parsed := member(prefix):
        content, method = parsed
        asserted = outermost_assertions(method)
        for place, node in enumerate(asserted):
            if code_tokens(text(node)) == code_tokens(label):
                span = (method.start_byte, method.end_byte)
                # The first is enough: masking drops all that follow it.
                return masked_tests(content, span, asserted[place:])[0]
    if "".join(label.rstrip(";").split()) in "".join(prefix.split()):
        raise RowError("assertion in test")
    before, brace, _ = prefix.rpartition("}")
    if not brace:
        raise RowError("no closing brace")
    indent = before.rpartition("\n")[2]
    indent = indent if not indent.strip() else ""
    return dedented(f"{before.rstrip()}\n{indent}    {MARKER}\n{indent}}}")


def _documented(focal: str, docstring: str) -> str:
    """Return a focal method below its documentation, if it has none yet."""
    comment = docstring.strip()
    if not comment or focal.startswith("/**"):
        return focal
    if not (comment.startswith("/**") and comment.find("*/", 3) == len(comment) - 2):
        inner = comment.replace("*/", "*&#47;").splitlines()
        comment = "\n".join(["/**", *(f" * {line.strip()}".rstrip() for line in inner), " */"])
    return f"{comment}\n{focal}"
