"""Tables of the page, as data: what stands in them, not how it looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from string import ascii_lowercase
from typing import NamedTuple

from kdlib.report.wording import (
    MISSING,
    decimal,
    interval,
    kind,
    label,
    plain,
    probability,
    signed,
    verdict,
)
from kdlib.results.cost import FIGURES, Cost
from kdlib.results.evaluation import METRICS_FILE, EvaluationReport, Score
from kdlib.results.training import TrainingReport

ARROWS = {True: "↑ higher is better", False: "↓ lower is better"}
# Spec §8: thresholds that earlier systems called good, on corpora of their own.
READING_AID = {
    "BLEU-4 (0..100)": "> 30",
    "token F1": "> 0.7",
    "exact match": "> 0.4",
    "PANS": "> 0.8",
    "syntactic validity (AST)": "> 0.9",
}


class Sign(NamedTuple):
    """What a comparison says of a number, e.g. ``▲a``, and the same in words."""

    text: str
    title: str
    mark: str


class Cell(NamedTuple):
    """A cell.

    Attributes:
        text: What is read first.
        detail: Smaller text behind it.
        sort: Number to sort by, where the text is not to be sorted by itself.
        note: What its provenance adds, e.g. its signature; or why there is no number.
        mark: Style class, e.g. ``better``.
        key: Of a row's first cell: what stands for ``{row}`` in the table's key, if not its text.
        file: Of a row's first cell: the file of the row's numbers, if not the table's.
        signs: Short signs with their meanings, e.g. of differences from other models.
        bar: Value and interval as shares of a full bar.
    """

    text: str
    detail: str = ""
    sort: float | None = None
    note: str = ""
    mark: str = ""
    key: str = ""
    file: str = ""
    signs: Sequence[Sign] = ()
    bar: tuple[float, float, float] | None = None


class Heading(NamedTuple):
    """A column's heading.

    Attributes:
        text: What is read.
        title: What it means.
        best_first: Order of the first click on it.
        key: What stands for ``{col}`` in the table's key.
    """

    text: str
    title: str = ""
    best_first: str = "ascending"
    key: str = ""


class Table(NamedTuple):
    """A table whose rows are named by their first cell.

    Attributes:
        id: Of the element.
        caption: What the table is.
        head: Headings.
        rows: Cells, as many as headings.
        sortable: Whether readers may sort it.
        file: Where its numbers stand; ``{row}`` is the row's key.
        key: Where in the file, with ``{row}`` and ``{col}``.
    """

    id: str
    caption: str
    head: list[Heading]
    rows: list[list[Cell]]
    sortable: bool = False
    file: str = ""
    key: str = ""


def number(value: float | None, text: str | None = None) -> Cell:
    """Return a cell that sorts by a number; None is a dash that sorts last."""
    if value is None:
        return Cell(MISSING, note="not measured")
    return Cell(plain(value) if text is None else text, sort=float(value))


def score_table(report: EvaluationReport) -> Table:
    """Return models x metrics with intervals, and signs for what paired comparisons show.

    Args:
        report: The evaluation.
    """
    head = [Heading("model"), Heading("kind")]
    for name, metric in report.metrics.items():
        up = metric.higher_is_better
        text = f"{label(name)} {'↑' if up else '↓'}"
        title = f"{metric.description}; {ARROWS[up][2:]}"
        head.append(Heading(text, title, "descending" if up else "ascending", name))
    signs = _signs(report)
    rows = []
    for model, scores in report.models.items():
        mark = "baseline" if kind(model) == "baseline" else ""
        cells = [
            score_cell(scores.get(name))._replace(signs=signs.get((model, name), ()))
            for name in report.metrics
        ]
        rows.append([Cell(model, mark=mark), Cell(kind(model), mark=mark), *cells])
    key = "models.{row}.{col}"
    return Table("scores-table", "Models and metrics", head, rows, sortable=True, file=METRICS_FILE, key=key)


def rivals(report: EvaluationReport) -> dict[str, str]:
    """Return letter: model, of those that others are compared with.

    Args:
        report: The evaluation.
    """
    names = dict.fromkeys(comparison.b for comparison in report.comparisons)
    return dict(zip(ascii_lowercase, names, strict=False))


def _signs(report: EvaluationReport) -> dict[tuple[str, str], list[Sign]]:
    """Return model and metric: a sign for every comparison whose interval excludes 0."""
    letters = {name: letter for letter, name in rivals(report).items()}
    found: dict[tuple[str, str], list[Sign]] = {}
    for comparison in report.comparisons:
        outcome = verdict(comparison, report.higher_is_better(comparison.metric))
        if outcome == "undecided" or comparison.b not in letters:
            continue
        arrow = {"better": "▲", "worse": "▼"}[outcome]
        sign = Sign(f"{arrow}{letters[comparison.b]}", f"{outcome} than {comparison.b}", outcome)
        found.setdefault((comparison.a, comparison.metric), []).append(sign)
    return found


def score_cell(score: Score | None) -> Cell:
    """Return the cell of a score; None was not measured."""
    if score is None:
        return number(None)
    note = f"n = {plain(score.n)}; {score.signature}"
    return Cell(decimal(score.value), interval(score.low, score.high), score.value, note)


def metric_table(report: EvaluationReport) -> Table:
    """Return what each metric is and the signatures of its numbers.

    Args:
        report: The evaluation.
    """
    rows = []
    for name, metric in report.metrics.items():
        found = [scores[name].signature for scores in report.models.values() if name in scores]
        signatures = " / ".join(dict.fromkeys(found)) or MISSING
        direction = ARROWS[metric.higher_is_better]
        rows.append(
            [Cell(label(name)), Cell(direction), Cell(metric.description), Cell(signatures, mark="code")]
        )
    head = [Heading(text) for text in ("metric", "direction", "what it is", "signature")]
    return Table("metrics-table", "Metrics and signatures", head, rows)


def comparison_table(report: EvaluationReport) -> Table:
    """Return the paired comparisons a − b.

    Args:
        report: The evaluation.
    """
    words = {"better": "a is better", "worse": "a is worse", "undecided": "no difference shown"}
    rows = []
    for place, pair in enumerate(report.comparisons):
        outcome = verdict(pair, report.higher_is_better(pair.metric))
        rows.append(
            [
                Cell(pair.a, key=str(place)),
                Cell(pair.b),
                Cell(label(pair.metric)),
                Cell(signed(pair.difference), interval(pair.low, pair.high), pair.difference, pair.signature),
                number(pair.p, probability(pair.p)),
                number(pair.p_holm, probability(pair.p_holm)),
                number(pair.n),
                Cell(words[outcome], mark=outcome),
            ]
        )
    head = [
        Heading("a"),
        Heading("b"),
        Heading("metric"),
        Heading("a − b", key="difference"),
        Heading("p", key="p"),
        Heading("p, Holm", key="p_holm"),
        Heading("rows", key="n"),
        Heading("interval says"),
    ]
    where = "comparisons[{row}].{col}"
    return Table("comparisons-table", "Paired comparisons", head, rows, True, METRICS_FILE, where)


def cost_table(costs: Mapping[str, Cost]) -> Table:
    """Return what each model costs, without figures that no model has or explains.

    Args:
        costs: Model: what it costs.
    """
    keys = [
        key
        for key in FIGURES
        if any(cost.figures()[key] is not None or key in cost.not_measured for cost in costs.values())
    ]
    rows = []
    for model, cost in costs.items():
        cells = {key: number(cost.figures()[key]) for key in keys}
        for key, reason in cost.not_measured.items():
            cells[key] = cells[key]._replace(note=reason)
        rows.append([Cell(model), *cells.values()])
    head = [Heading("model"), *(Heading(label(key), key=key) for key in keys)]
    return Table("costs-table", "Size and speed", head, rows, True, "{row}/cost.json", "{col}")


def training_table(reports: Mapping[str, TrainingReport]) -> Table:
    """Return how far each training went.

    Args:
        reports: Model: report of its training.
    """
    keys = ("parameters", "steps", "planned_steps", "epochs", "best_step", "best_validation_nll")
    rows = [
        [Cell(model), *(number(getattr(report, key)) for key in keys)] for model, report in reports.items()
    ]
    head = [Heading("model"), *(Heading(label(key).replace("nll", "NLL"), key=key) for key in keys)]
    file = "{row}/training_report.json"
    return Table("training-table", "Training runs", head, rows, True, file, "{col}")


def reading_aid() -> Table:
    """Return the thresholds of earlier systems."""
    rows = [[Cell(metric), Cell(bound)] for metric, bound in READING_AID.items()]
    return Table("aid-table", "Reading aid", [Heading("metric"), Heading("called good")], rows)
