"""Tables of what a mean over all rows hides: parts of the rows, and other seeds."""

from __future__ import annotations

from collections.abc import Sequence

from kdlib.report.tables import Cell, Heading, Table, number, score_cell
from kdlib.report.wording import MISSING, decimal, label, listed
from kdlib.results.evaluation import METRICS_FILE, EvaluationReport, Score, SliceScore

NAMES = {
    "kind": "Assertion",
    "length": "Length of the reference",
    "project": "Project",
    "target": "Is the reference a target of a training row?",
}
SHOWN = ("token_f1", "exact_match", "codebleu", "syntax_valid")  # all of them from 0 to 1


def slice_tables(report: EvaluationReport) -> dict[str, list[Table]]:
    """Return metric: a table for every slice, parts x models, with bars and intervals.

    Args:
        report: The evaluation.
    """
    tables = {
        label(metric): [
            _slice_table(name, parts, metric, list(report.models))
            for name, parts in report.slices.items()
            if len(parts) > 1 and any(metric in scores for scores in parts[0].models.values())
        ]
        for metric in SHOWN
    }
    return {metric: found for metric, found in tables.items() if found}


def _slice_table(name: str, parts: Sequence[SliceScore], metric: str, models: list[str]) -> Table:
    rows = []
    for place, part in enumerate(parts):
        cells = [_bar_cell(part.models[model].get(metric)) for model in models]
        rows.append([Cell(part.value, key=str(place)), number(part.n), *cells])
    head = [Heading("part"), Heading("rows", key="n")]
    head += [Heading(model, key=f"models.{model}.{metric}") for model in models]
    key = f"slices.{name}[{{row}}].{{col}}"
    caption = f"{NAMES[name]}: {label(metric)}"
    return Table(f"slice-{name}-{metric}", caption, head, rows, True, METRICS_FILE, key)


def _bar_cell(score: Score | None) -> Cell:
    cell = score_cell(score)
    return cell if score is None else cell._replace(bar=(score.value, score.low, score.high))


def seed_table(report: EvaluationReport) -> Table:
    """Return mean ± standard deviation over seeds, a row for every group of students and metric.

    Args:
        report: The evaluation.
    """
    rows = []
    for place, group in enumerate(report.seeds):
        for metric, spread in group.metrics.items():
            deviation = MISSING if spread.deviation is None else decimal(spread.deviation)
            values = ", ".join(map(decimal, spread.values)) or MISSING
            rows.append(
                [
                    Cell(listed(list(group.models)), key=f"seeds[{place}].metrics.{metric}"),
                    Cell(label(metric)),
                    Cell(f"{decimal(spread.mean)} ± {deviation}", sort=spread.mean),
                    number(spread.number),
                    Cell(values),
                ]
            )
    names = {"students": "", "metric": "", "mean ± standard deviation": "mean, deviation", "seeds": "number"}
    head = [Heading(name, key=key) for name, key in (names | {"values": ""}).items()]
    return Table("seeds-table", "Over seeds", head, rows, True, METRICS_FILE, "{row}.{col}")
