"""Tables of the page, as data: what stands in them, not how it looks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

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


class Cell(NamedTuple):
    """A cell.

    Attributes:
        text: What is read first.
        detail: Smaller text behind it.
        sort: Number to sort by, where the text is not to be sorted by itself.
        title: Tooltip.
        mark: Style class, e.g. ``better``.
    """

    text: str
    detail: str = ""
    sort: float | None = None
    title: str = ""
    mark: str = ""


class Heading(NamedTuple):
    """A column's heading; ``best_first`` is the order of the first click on it."""

    text: str
    title: str = ""
    best_first: str = "ascending"


class Table(NamedTuple):
    """A table whose rows are named by their first cell."""

    id: str
    caption: str
    head: list[Heading]
    rows: list[list[Cell]]
    sortable: bool = False


def number(value: float | None, text: str | None = None) -> Cell:
    """Return a cell that sorts by a number; None is a dash that sorts last."""
    if value is None:
        return Cell(MISSING, title="not measured")
    return Cell(plain(value) if text is None else text, sort=float(value))


def score_table(scores: Mapping[str, Any]) -> Table:
    """Return models x metrics with intervals; the tooltip of a number is its signature.

    Args:
        scores: Content of evaluation_metrics.json.
    """
    metrics = scores["metrics"]
    head = [Heading("model"), Heading("kind")]
    for name, metric in metrics.items():
        up = metric["higher_is_better"]
        text = f"{label(name)} {'↑' if up else '↓'}"
        title = f"{metric['description']}; {ARROWS[up][2:]}"
        head.append(Heading(text, title, "descending" if up else "ascending"))
    rows = []
    for model, own in scores["models"].items():
        mark = "baseline" if kind(model) == "baseline" else ""
        rows.append([Cell(model, mark=mark), Cell(kind(model), mark=mark)])
        rows[-1] += [_score_cell(own.get(name)) for name in metrics]
    return Table("scores-table", "Models and metrics", head, rows, sortable=True)


def _score_cell(score: Mapping[str, Any] | None) -> Cell:
    if score is None:
        return number(None)
    detail = interval(score["low"], score["high"])
    title = f"n = {plain(score['n'])}; {score['signature']}"
    return Cell(decimal(score["value"]), detail, score["value"], title)


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
    for own in scores["comparisons"]:
        outcome = verdict(own, scores["metrics"][own["metric"]]["higher_is_better"])
        difference = Cell(
            signed(own["difference"]), interval(own["low"], own["high"]), own["difference"], own["signature"]
        )
        p = [number(own[key], probability(own[key])) for key in ("p", "p_holm")]
        tail = [*p, number(own["n"]), Cell(said[outcome], mark=outcome)]
        rows.append([Cell(own["a"]), Cell(own["b"]), Cell(label(own["metric"])), difference, *tail])
    names = ("a", "b", "metric", "a − b", "p", "p, Holm", "rows", "interval says")
    return Table(
        "comparisons-table", "Paired comparisons", [Heading(name) for name in names], rows, sortable=True
    )


def cost_table(costs: Mapping[str, Mapping[str, Any]]) -> Table:
    """Return what each model costs.

    Args:
        costs: Model: content of its cost.json; its ``not_measured`` gives the tooltips of what is missing.
    """
    keys = list(dict.fromkeys(key for own in costs.values() for key in own if key != "not_measured"))
    rows = []
    for model, own in costs.items():
        cells = {key: number(own.get(key)) for key in keys}
        for key, reason in own.get("not_measured", {}).items():
            cells[key] = cells[key]._replace(title=reason)
        rows.append([Cell(model), *cells.values()])
    head = [Heading("model"), *(Heading(label(key)) for key in keys)]
    return Table("costs-table", "Size and speed", head, rows, sortable=True)


def training_table(reports: Mapping[str, Mapping[str, Any]]) -> Table:
    """Return how far each training went.

    Args:
        reports: Model: content of its training_report.json.
    """
    keys = ("parameters", "steps", "planned_steps", "epochs", "best_step", "best_validation_nll")
    rows = [[Cell(model), *(number(own[key]) for key in keys)] for model, own in reports.items()]
    head = [Heading("model"), *(Heading(label(key).replace("nll", "NLL")) for key in keys)]
    return Table("training-table", "Training runs", head, rows, sortable=True)


def signal_table(manifests: Mapping[str, Mapping[str, Any]]) -> Table:
    """Return rows, tokens and bytes of each store, by split.

    Args:
        manifests: Teacher: content of the store's manifest.json.
    """
    rows = []
    for teacher, manifest in manifests.items():
        for split in sorted({entry["split"] for entry in manifest["files"]}):
            own = [entry for entry in manifest["files"] if entry["split"] == split]
            size, tokens = (sum(entry[key] for entry in own) for key in ("bytes", "positions"))
            counts = [len(own), sum(entry["rows"] for entry in own), tokens, size]
            per_token = size / tokens if tokens else None
            cells = [Cell(teacher), Cell(split), Cell(plain(manifest["codec"]))]
            rows.append([*cells, *map(number, counts), number(per_token)])
    names = ("teacher", "split", "codec", "shards", "signals", "tokens", "bytes", "bytes per token")
    return Table("signals-table", "Teacher signals", [Heading(name) for name in names], rows)


def fidelity_table(fidelities: Mapping[str, Mapping[str, Any]]) -> Table:
    """Return how far each store is from its teacher, a row a temperature; tooltips are signatures.

    Args:
        fidelities: Teacher: content of the store's fidelity.json.
    """
    rows = []
    for teacher, own in fidelities.items():
        for at in own["temperatures"]:
            title, infinite = at["signature"], at["kl_infinite"]
            kl = number(at["kl"], _short(at["kl"]))._replace(
                detail=f"infinite at {infinite:.1%} of tokens" if infinite else "", title=title
            )
            l1 = number(at["l1"], _short(at["l1"]))._replace(title=title)
            top1 = number(at["top1"], f"{at['top1']:.2%}")._replace(title=title)
            sizes = [number(own[key]) for key in ("bytes_per_token", "bytes_per_token_with_codec")]
            temperature = number(at["temperature"], f"{at['temperature']:g}")
            cells = [Cell(teacher), Cell(plain(own["codec"])), *sizes, temperature, l1, kl, top1]
            rows.append([*cells, number(at["entropy"]), number(at["kept_tokens"])])
    names = ("teacher", "codec", "bytes per token", "with what all signals share", "T")
    figures = ("L1 ↓", "KL, nats ↓", "top-1 agreement ↑", "teacher's entropy, nats", "tokens kept")
    head = [Heading(name) for name in (*names, *figures)]
    return Table("fidelity-table", "Fidelity of the stored signals", head, rows)


def _short(value: float | None) -> str | None:
    """Return two digits that count, since an error of 0.0004 must not read 0."""
    return None if value is None else f"{value:.2g}".replace("-", "−")


def reading_aid() -> Table:
    """Return the thresholds of earlier systems."""
    rows = [[Cell(metric), Cell(bound)] for metric, bound in READING_AID.items()]
    return Table("aid-table", "Reading aid", [Heading("metric"), Heading("called good")], rows)
