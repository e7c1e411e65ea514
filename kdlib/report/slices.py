"""Tables of what a mean over all rows hides: parts of the rows, and other seeds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kdlib.report.cited import SCORES
from kdlib.report.tables import Cell, Heading, Table, number, score_cell
from kdlib.report.wording import MISSING, decimal, label, listed

NAMES = {
    "kind": "Assertion",
    "length": "Length of the reference",
    "project": "Project",
    "target": "Is the reference a target of a training row?",
}
SHOWN = ("token_f1", "exact_match", "codebleu", "syntax_valid")  # all of them from 0 to 1


def slice_tables(scores: Mapping[str, Any]) -> dict[str, list[Table]]:
    """Return metric: a table for every slice, parts x models, with bars and intervals.

    Args:
        scores: Content of evaluation_metrics.json.
    """
    tables = {
        label(metric): [
            _slice_table(name, parts, metric, scores)
            for name, parts in scores["slices"].items()
            if len(parts) > 1 and any(metric in own for own in parts[0]["models"].values())
        ]
        for metric in SHOWN
    }
    return {metric: own for metric, own in tables.items() if own}


def _slice_table(name: str, parts: list[Mapping[str, Any]], metric: str, scores: Mapping[str, Any]) -> Table:
    rows = []
    for place, part in enumerate(parts):
        cells = [_bar_cell(part["models"][model].get(metric)) for model in scores["models"]]
        rows.append([Cell(part["value"], key=str(place)), number(part["n"]), *cells])
    head = [Heading("part"), Heading("rows", key="n")]
    head += [Heading(model, key=f"models.{model}.{metric}") for model in scores["models"]]
    key = f"slices.{name}[{{row}}].{{col}}"
    return Table(f"slice-{name}-{metric}", f"{NAMES[name]}: {label(metric)}", head, rows, True, SCORES, key)


def _bar_cell(score: Mapping[str, Any] | None) -> Cell:
    cell = score_cell(score)
    return cell if score is None else cell._replace(bar=(score["value"], score["low"], score["high"]))


def seed_table(scores: Mapping[str, Any]) -> Table:
    """Return mean ± standard deviation over seeds, a row for every group of students and metric.

    Args:
        scores: Content of evaluation_metrics.json.
    """
    rows = []
    for place, group in enumerate(scores["seeds"]):
        for metric, own in group["metrics"].items():
            text = f"{decimal(own['mean'])} ± {decimal(own['deviation'])}"
            values = ", ".join(map(decimal, own["values"])) or MISSING
            first = Cell(listed(group["models"]), key=f"seeds[{place}].metrics.{metric}")
            cells = [first, Cell(label(metric)), Cell(text, sort=own["mean"])]
            rows.append([*cells, number(own["number"]), Cell(values)])
    names = {"students": "", "metric": "", "mean ± standard deviation": "mean, deviation", "seeds": "number"}
    head = [Heading(name, key=key) for name, key in (names | {"values": ""}).items()]
    return Table("seeds-table", "Over seeds", head, rows, True, SCORES, "{row}.{col}")
