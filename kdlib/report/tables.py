"""Tables of the page, as data: what stands in them, not how it looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from string import ascii_lowercase
from typing import Any, NamedTuple

from kdlib.report.cited import SCORES
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


def score_table(scores: Mapping[str, Any]) -> Table:
    """Return models x metrics with intervals, and signs of what paired comparisons say.

    Args:
        scores: Content of evaluation_metrics.json.
    """
    metrics = scores["metrics"]
    head = [Heading("model"), Heading("kind")]
    for name, metric in metrics.items():
        up = metric["higher_is_better"]
        text = f"{label(name)} {'↑' if up else '↓'}"
        title = f"{metric['description']}; {ARROWS[up][2:]}"
        head.append(Heading(text, title, "descending" if up else "ascending", name))
    rows, signs = [], _signs(scores)
    for model, own in scores["models"].items():
        mark = "baseline" if kind(model) == "baseline" else ""
        rows.append([Cell(model, mark=mark), Cell(kind(model), mark=mark)])
        rows[-1] += [
            score_cell(own.get(name))._replace(signs=signs.get((model, name), ())) for name in metrics
        ]
    key = "models.{row}.{col}"
    return Table("scores-table", "Models and metrics", head, rows, sortable=True, file=SCORES, key=key)


def rivals(scores: Mapping[str, Any]) -> dict[str, str]:
    """Return letter: model, of those that others are compared with.

    Args:
        scores: Content of evaluation_metrics.json.
    """
    names = dict.fromkeys(own["b"] for own in scores["comparisons"])
    return dict(zip(ascii_lowercase, names, strict=False))


def _signs(scores: Mapping[str, Any]) -> dict[tuple[str, str], list[Sign]]:
    """Return model and metric: a sign for every comparison whose interval excludes 0."""
    letters = {name: letter for letter, name in rivals(scores).items()}
    found: dict[tuple[str, str], list[Sign]] = {}
    for own in scores["comparisons"]:
        outcome = verdict(own, scores["metrics"][own["metric"]]["higher_is_better"])
        if outcome == "undecided" or own["b"] not in letters:
            continue
        arrow = {"better": "▲", "worse": "▼"}[outcome]
        sign = Sign(f"{arrow}{letters[own['b']]}", f"{outcome} than {own['b']}", outcome)
        found.setdefault((own["a"], own["metric"]), []).append(sign)
    return found


def score_cell(score: Mapping[str, Any] | None) -> Cell:
    """Return the cell of a score; None was not measured."""
    if score is None:
        return number(None)
    detail = interval(score["low"], score["high"])
    note = f"n = {plain(score['n'])}; {score['signature']}"
    return Cell(decimal(score["value"]), detail, score["value"], note)


def metric_table(scores: Mapping[str, Any]) -> Table:
    """Return what each metric is and the signatures of its numbers.

    Args:
        scores: Content of evaluation_metrics.json.
    """
    rows = []
    for name, metric in scores["metrics"].items():
        own = [scored[name]["signature"] for scored in scores["models"].values() if name in scored]
        signatures = " / ".join(dict.fromkeys(own)) or MISSING
        direction = ARROWS[metric["higher_is_better"]]
        rows.append(
            [Cell(label(name)), Cell(direction), Cell(metric["description"]), Cell(signatures, mark="code")]
        )
    head = [Heading(text) for text in ("metric", "direction", "what it is", "signature")]
    return Table("metrics-table", "Metrics and signatures", head, rows)


def comparison_table(scores: Mapping[str, Any]) -> Table:
    """Return the paired comparisons a − b.

    Args:
        scores: Content of evaluation_metrics.json.
    """
    said = {"better": "a is better", "worse": "a is worse", "undecided": "no difference shown"}
    rows = []
    for place, own in enumerate(scores["comparisons"]):
        outcome = verdict(own, scores["metrics"][own["metric"]]["higher_is_better"])
        difference = Cell(
            signed(own["difference"]), interval(own["low"], own["high"]), own["difference"], own["signature"]
        )
        p = [number(own[key], probability(own[key])) for key in ("p", "p_holm")]
        tail = [*p, number(own["n"]), Cell(said[outcome], mark=outcome)]
        rows.append(
            [Cell(own["a"], key=str(place)), Cell(own["b"]), Cell(label(own["metric"])), difference, *tail]
        )
    names = {
        **{"a": "", "b": "", "metric": "", "a − b": "difference", "p": "p", "p, Holm": "p_holm"},
        **{"rows": "n", "interval says": ""},
    }
    head = [Heading(name, key=key) for name, key in names.items()]
    where = "comparisons[{row}].{col}"
    return Table("comparisons-table", "Paired comparisons", head, rows, True, SCORES, where)


def cost_table(costs: Mapping[str, Mapping[str, Any]]) -> Table:
    """Return what each model costs.

    Args:
        costs: Model: content of its cost.json; its ``not_measured`` tells of what is missing.
    """
    keys = list(dict.fromkeys(key for own in costs.values() for key in own if key != "not_measured"))
    rows = []
    for model, own in costs.items():
        cells = {key: number(own.get(key)) for key in keys}
        for key, reason in own.get("not_measured", {}).items():
            cells[key] = cells[key]._replace(note=reason)
        rows.append([Cell(model), *cells.values()])
    head = [Heading("model"), *(Heading(label(key), key=key) for key in keys)]
    return Table("costs-table", "Size and speed", head, rows, True, "{row}/cost.json", "{col}")


def training_table(reports: Mapping[str, Mapping[str, Any]]) -> Table:
    """Return how far each training went.

    Args:
        reports: Model: content of its training_report.json.
    """
    keys = ("parameters", "steps", "planned_steps", "epochs", "best_step", "best_validation_nll")
    rows = [[Cell(model), *(number(own[key]) for key in keys)] for model, own in reports.items()]
    head = [Heading("model"), *(Heading(label(key).replace("nll", "NLL"), key=key) for key in keys)]
    where = ("{row}/training_report.json", "{col}")
    return Table("training-table", "Training runs", head, rows, True, *where)


def reading_aid() -> Table:
    """Return the thresholds of earlier systems."""
    rows = [[Cell(metric), Cell(bound)] for metric, bound in READING_AID.items()]
    return Table("aid-table", "Reading aid", [Heading("metric"), Heading("called good")], rows)
