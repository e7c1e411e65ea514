"""Tables of what a mean over all rows hides: parts of the rows, and other seeds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kdlib.report.tables import Cell, Heading, Table, number
from kdlib.report.wording import MISSING, decimal, interval, label, listed

NAMES = {
    "kind": "Assertion",
    "length": "Length of the reference",
    "project": "Project",
    "target": "Is the reference a target of a training row?",
}
SHOWN = ("exact_match", "token_f1", "codebleu", "syntax_valid")


def slice_tables(scores: Mapping[str, Any]) -> list[Table]:
    """Return a table for every slice and metric: parts x models, with intervals.

    Args:
        scores: Content of evaluation_metrics.json.
    """
    return [
        _slice_table(name, parts, metric, scores)
        for name, parts in scores["slices"].items()
        for metric in SHOWN
        if len(parts) > 1 and any(metric in own for own in parts[0]["models"].values())
    ]


def _slice_table(name: str, parts: list[Mapping[str, Any]], metric: str, scores: Mapping[str, Any]) -> Table:
    rows = []
    for part in parts:
        cells = [_cell(part["models"][model].get(metric)) for model in scores["models"]]
        rows.append([Cell(part["value"]), number(part["n"]), *cells])
    head = [Heading(text) for text in ("part", "rows", *scores["models"])]
    return Table(f"slice-{name}-{metric}", f"{NAMES[name]}: {label(metric)}", head, rows, sortable=True)


def _cell(score: Mapping[str, Any] | None) -> Cell:
    if score is None:
        return number(None)
    detail = interval(score["low"], score["high"])
    return Cell(decimal(score["value"]), detail, score["value"], score["signature"])


def seed_table(scores: Mapping[str, Any]) -> Table:
    """Return mean ± standard deviation over seeds, a row for every group of students and metric.

    Args:
        scores: Content of evaluation_metrics.json.
    """
    rows = []
    for group in scores["seeds"]:
        for metric, own in group["metrics"].items():
            text = f"{decimal(own['mean'])} ± {decimal(own['deviation'])}"
            values = ", ".join(map(decimal, own["values"])) or MISSING
            cells = [Cell(listed(group["models"])), Cell(label(metric)), Cell(text, sort=own["mean"])]
            rows.append([*cells, number(own["number"]), Cell(values)])
    names = ("students", "metric", "mean ± standard deviation", "seeds", "values")
    return Table("seeds-table", "Over seeds", [Heading(name) for name in names], rows, sortable=True)
