"""ATLAS: two text files of equal length, a test with its focal method and an assertion on the same line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from kdlib.corpus.importers.rows import (
    ExampleTexts,
    FileGroup,
    ImportedRow,
    RawRow,
    RowError,
    decoded,
    found_files,
    judged,
    lines,
)
from kdlib.corpus.importers.snippets import method_name, readable, statement
from kdlib.files import DataError
from kdlib.records import MARKER

TESTS = "testMethods.txt"
ASSERTIONS = "assertLines.txt"
PLACEHOLDER = '"<AssertPlaceHolder>"'
FOCAL = '"<FocalMethod>"'
_BRACKETS = re.compile(r""""(?:[^"\\]|\\.)*+"?|'(?:[^'\\]|\\.)*+'?|[({})]""")
# The placeholder stands for an expression: the semicolon after it is the assertion's.
_PLACEHOLDER = re.compile(rf"{PLACEHOLDER}(\s*;)?")


def file_groups(root: Path) -> list[FileGroup]:
    """Return the pairs of files below a folder, or the pair of one ``testMethods.txt``.

    Raises:
        DataError: If one of the two is missing.
    """
    pairs: list[FileGroup] = []
    for path in found_files(root, TESTS):
        pairs.append((path, path.with_name(path.name.removesuffix(TESTS) + ASSERTIONS)))
    for _, assertions in pairs:
        if not assertions.exists():
            raise DataError(f"{assertions}: missing, the assertions of the tests beside it")
    return pairs


def check(group: FileGroup, limit: int) -> None:
    """Compare the numbers of lines.

    Raises:
        DataError: If they differ, since then no line can be trusted.
    """
    tests, assertions = (sum(1 for _ in lines(path, limit)) for path in group)
    if tests != assertions:
        raise DataError(
            f"{group[0]} has {tests} lines and {group[1]} {assertions}: line belongs to line, "
            "so get both again"
        )


def rows(group: FileGroup, limit: int) -> Iterator[ImportedRow]:
    """Yield the pairs of lines of two files.

    Args:
        group: Tests with focal methods, and assertions.
        limit: Bytes of a line at most.
    """
    for raw, assertion in zip(*(lines(path, limit) for path in group), strict=True):
        yield judged(raw, partial(_texts, raw, assertion, limit))


def _texts(raw: RawRow, assertion: RawRow, limit: int) -> list[ExampleTexts]:
    test, focal = _divided(decoded(raw, limit))
    reference = readable(decoded(assertion, limit))
    placeholder = _PLACEHOLDER.search(test)
    if placeholder is None:
        raise RowError("no marker")
    if not reference:
        raise RowError("no reference")
    if placeholder[1]:
        reference = statement(reference)
    before = test[: placeholder.start()]
    after = _PLACEHOLDER.sub("", test[placeholder.end() :])
    masked = f"{readable(before)}\n    {MARKER}\n{readable(after)}"
    return [
        ExampleTexts(
            focal_method=readable(focal),
            masked_test=masked,
            references=(reference,),
            focal_name=method_name(focal),
            test_method=method_name(masked),
        )
    ]


def _divided(line: str) -> tuple[str, str]:
    """Return the test and the focal method of a line.

    Raises:
        RowError: If nothing follows the test's closing brace.
    """
    test, separator, focal = line.partition(FOCAL)
    if not separator:
        end = _closing_brace(line)
        test = line[:end]
        focal = line[end:]
    # Written by later editions of these files for a method that was not found.
    if focal.strip() in ("", "null"):
        raise RowError("no focal method")
    return test, focal


def _closing_brace(line: str) -> int:
    """Return the place after the brace that closes the first method of a line, or the line's end."""
    depth = 0
    for match in _BRACKETS.finditer(line):
        depth += (match[0] in "({") - (match[0] in ")}")
        if match[0] == "}" and depth == 0:
            return match.end()
    return len(line)
