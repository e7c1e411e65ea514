"""A table for people or for programs: aligned text, Markdown, CSV, JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from kdlib.cli.rendering import table

if TYPE_CHECKING:
    from kdlib.results.evaluation import Score

Format = Literal["text", "markdown", "csv", "json"]
FormatOption = Annotated[Format, typer.Option("--format", help="text, markdown, csv or json.")]
MISSING = "–"


def plain(value: object) -> str:
    """Return a value as people read it: four digits, a dash for nothing."""
    match value:
        case None:
            return MISSING
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.4g}"
    return str(value)


def number(score: Score | None) -> str:
    """Return a score with its interval."""
    if score is None:
        return MISSING
    return f"{score.value:.4g} [{score.low:.4g}, {score.high:.4g}]"


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def comma_separated(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Return a CSV table; nothing stands for None."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([head, *rows])
    return text.getvalue().rstrip("\n")


def shown(head: Sequence[str], rows: Sequence[Sequence[Any]], format: Format) -> str:
    """Return rows of values in a format.

    Args:
        head: Names of the columns.
        rows: A value for every column.
        format: JSON is a list of objects.
    """
    if format == "json":
        return json.dumps([dict(zip(head, row, strict=True)) for row in rows], indent=2, ensure_ascii=False)
    if format == "csv":
        return comma_separated(head, rows)
    cells = [[plain(value) for value in row] for row in rows]
    return markdown(head, cells) if format == "markdown" else "\n".join(table([head, *cells]))
