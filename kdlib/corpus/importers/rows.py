"""Rows of imported files: read within bounds, judged one by one, so that no row can spoil another."""

from __future__ import annotations

import gzip
import json
import os
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO, NoReturn, cast

from kdlib.files import DataError
from kdlib.java.surroundings import CANNOT_FAIL
from kdlib.java.tautologies import tautology
from kdlib.records import MARKER

# A file, or two whose rows belong together.
FileGroup = tuple[Path, ...]
BOM = b"\xef\xbb\xbf"
_CHUNK = 1 << 16


class RowError(Exception):
    """A row that gives no example; the message is the short name of the reason."""


@dataclass(frozen=True, slots=True)
class RawRow:
    """A row as it stands in its file.

    Attributes:
        line: Number of its first line, from 1.
        start: Offset of its first byte, in the unpacked bytes if the file is compressed.
        end: Byte after its last, without the line end.
        content: Its bytes; a row above the limit is cut, to a length that is still above the limit.
    """

    line: int
    start: int
    end: int
    content: bytes


@dataclass(frozen=True, slots=True)
class ExampleTexts:
    """The texts and names of one example; a name is empty if neither the row nor its code contains it.

    Attributes:
        focal_method: Source of the method under test.
        masked_test: Source of the test with ``MARKER`` in place of the assertion.
        references: Correct assertions.
        repository: Project of the example.
        focal_class: Class that declares the focal method.
        focal_name: Name of the focal method.
        test_class: Class of the test.
        test_method: Name of the test.
        group: What stays together in a class split, inside the repository; empty for the focal class.
        ignored: Fields of the row that are known and not used.
    """

    focal_method: str
    masked_test: str
    references: tuple[str, ...]
    repository: str = ""
    focal_class: str = ""
    focal_name: str = ""
    test_class: str = ""
    test_method: str = ""
    group: str = ""
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ImportedRow:
    """A row and what became of it.

    Attributes:
        raw: The row as it stands in its file.
        found: Its examples.
        reasons: Why there are none, or why some of its references are left out: one for each.
    """

    raw: RawRow
    found: tuple[ExampleTexts, ...]
    reasons: tuple[str, ...] = ()


def judged(raw: RawRow, read: Callable[[], Iterable[ExampleTexts | str]]) -> ImportedRow:
    """Return a row with the examples that ``read`` finds in it, or with the reason why it is rejected.

    References that cannot fail are left out.

    Args:
        raw: A row.
        read: Returns texts of examples, and a reason for each assertion that gives none.
    """
    found: list[ExampleTexts] = []
    reasons: list[str] = []
    try:
        for texts in read():
            if isinstance(texts, str):
                reasons.append(texts)
                continue
            texts = checked(texts)
            kept = tuple(reference for reference in texts.references if not tautology(reference))
            reasons += [CANNOT_FAIL] * (len(texts.references) - len(kept))
            if kept:
                found.append(replace(texts, references=kept))
    except RowError as reason:
        return ImportedRow(raw, (), (str(reason),))
    return ImportedRow(raw, tuple(found), tuple(reasons))


def checked(texts: ExampleTexts) -> ExampleTexts:
    """Return texts that are fit to be an example, with plain line feeds.

    Raises:
        RowError: If a text is empty, cannot be written as UTF-8 or holds a NUL character, or if the test has
            not exactly one marker.
    """
    if not texts.references:
        raise RowError("no reference")
    sources = (texts.focal_method, texts.masked_test, *texts.references)
    if not all(source.strip() for source in sources):
        raise RowError("empty text")
    names = [value for field in fields(texts) if isinstance(value := getattr(texts, field.name), str)]
    together = "\n".join((*names, *texts.references))
    if "\0" in together:
        raise RowError("NUL character")
    _encodable(together)
    markers = texts.masked_test.count(MARKER)
    if markers != 1:
        raise RowError("several markers" if markers else "no marker")
    focal, test, *references = (source.replace("\r\n", "\n") for source in sources)
    return replace(texts, focal_method=focal, masked_test=test, references=tuple(references))


def found_files(root: Path, *suffixes: str) -> list[Path]:
    """Return ``root`` if it is no folder, else the files below it with one of these endings, sorted.

    Hidden files and folders are left out.

    Raises:
        DataError: If there are none, or if a folder cannot be read.
    """
    if root.is_file():
        return [root]
    if not root.is_dir():
        raise DataError(f"{root}: neither a file nor a folder; correct the path of the source")
    paths: list[Path] = []
    for folder, folders, names in os.walk(root, onerror=_unreadable):
        folders[:] = [name for name in folders if not name.startswith(".")]
        paths += [Path(folder, n) for n in names if n.endswith(suffixes) and not n.startswith(".")]
    if not paths:
        raise DataError(f"{root}: no {' or '.join(suffixes)} in this folder")
    return sorted(paths)


def _unreadable(error: OSError) -> NoReturn:
    raise DataError(f"{error.filename}: cannot be read ({error.strerror})")


def lines(path: Path, limit: int) -> Iterator[RawRow]:
    """Yield the lines of a file, blank ones too; a ``.gz`` is unpacked and a byte order mark left out.

    Args:
        path: The file.
        limit: Bytes of a line at most; of a longer one only the beginning is kept.

    Raises:
        DataError: If the file breaks off or cannot be unpacked.
    """
    try:
        # typeshed knows no common type of the two.
        with cast(BinaryIO, gzip.open(path) if path.suffix == ".gz" else path.open("rb")) as file:
            start = 0
            for number in count(1):
                # 2 for the line end, 1 to notice a longer line.
                piece = file.readline(limit + 3)
                if not piece:
                    return
                size = len(piece)
                content = piece.removesuffix(b"\n").removesuffix(b"\r")
                while piece and not piece.endswith(b"\n"):
                    piece = file.readline(_CHUNK)
                    size += len(piece)
                mark = len(BOM) if number == 1 and content.startswith(BOM) else 0
                yield RawRow(number, start + mark, start + len(content), content[mark:])
                start += size
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: cannot be read to its end ({error}); get the file again") from None


def decoded(raw: RawRow, limit: int) -> str:
    """Return a row's text.

    Raises:
        RowError: If it is longer than ``limit`` bytes, not UTF-8 or holds a NUL byte.
    """
    if len(raw.content) > limit:
        raise RowError("too long")
    if b"\0" in raw.content:
        raise RowError("NUL character")
    try:
        return raw.content.decode()
    except UnicodeDecodeError:
        raise RowError("not UTF-8") from None


def json_object(raw: RawRow, limit: int) -> dict[str, Any]:
    """Return the JSON object that a row is.

    Raises:
        RowError: If it is none, is too long or nested too deep, or names a field twice.
    """
    try:
        value = json.loads(decoded(raw, limit), object_pairs_hook=_distinct)
    except RecursionError:
        raise RowError("nested too deep") from None
    # Also for an integer of more digits than Python converts.
    except ValueError:
        raise RowError("not JSON") from None
    if not isinstance(value, dict):
        raise RowError("no object")
    return value


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise RowError("duplicate field")
    return found


def text_of(row: Mapping[str, Any], names: Iterable[str], missing: str) -> str:
    """Return the first of the named fields that is there.

    Args:
        row: A JSON object.
        names: Fields in order of preference; null counts as not there.
        missing: Reason if there is none.

    Raises:
        RowError: If there is none, or if it is no string or cannot be written as UTF-8.
    """
    value = next((row[name] for name in names if row.get(name) is not None), None)
    if value is None:
        raise RowError(missing)
    if not isinstance(value, str):
        raise RowError("wrong type")
    return _encodable(value)


def name_of(row: Mapping[str, Any], name: str) -> str:
    """Return an optional field that describes an example; empty if it is missing or no string."""
    value = row.get(name)
    return value if isinstance(value, str) else ""


def is_blank(raw: RawRow, limit: int) -> bool:
    """Return whether a row is white space, all of it."""
    return len(raw.content) <= limit and not raw.content.strip()


def _encodable(text: str) -> str:
    """Return a text; JSON can escape half a character, which no file can hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise RowError("lone surrogate") from None
    return text
