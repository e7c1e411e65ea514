"""The four files of an evaluation: all of it, a line per prediction, a table, and a summary."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from kdlib.evaluation.scores.compare import ACCEPTANCE
from kdlib.files import atomic, write_json, write_jsonl
from kdlib.records import RETRIEVAL, TRADITIONAL

METRICS_FILE = "evaluation_metrics.json"
SAMPLES_FILE = "predictions_final.jsonl"
TABLE_FILE = "metrics_final.csv"
SUMMARY_FILE = "metrics_summary_final.json"
COLUMNS = ("model", "slice", "part", "metric", "value", "low", "high", "n", "signature")


def write_results(report: Mapping[str, Any], samples: Iterable[dict[str, Any]], out: Path) -> None:
    """Write what an evaluation found.

    Args:
        report: From ``score.report_of``; goes to ``evaluation_metrics.json`` as it is.
        samples: From ``score.samples_of``, one line each in ``predictions_final.jsonl``.
        out: Folder; ``metrics_final.csv`` has a line per model, slice and metric, and
            ``metrics_summary_final.json`` the values alone and the two questions that are always answered.
    """
    write_jsonl(out / SAMPLES_FILE, samples)
    with atomic(out / TABLE_FILE) as partial, partial.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(_lines(report))
    write_json(out / SUMMARY_FILE, summary(report))
    write_json(out / METRICS_FILE, report)


def _lines(report: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    parts = [("all", "all", report["models"])]
    parts += [
        (name, own["value"], own["models"]) for name, found in report["slices"].items() for own in found
    ]
    for name, value, models in parts:
        for model, scores in models.items():
            for metric, score in scores.items():
                yield {"model": model, "slice": name, "part": value, "metric": metric, **score}


def summary(report: Mapping[str, Any]) -> dict[str, Any]:
    """Return the plain values and the answers to two questions.

    Args:
        report: From ``score.report_of``.

    Returns:
        ``rows``, ``split``, ``models`` (model: metric: value), ``beats_retrieval`` and ``beats_traditional``
        (student: metric: ``yes``, ``no`` or ``undecided``, by the paired interval).
    """
    models = report["models"]
    return {
        "rows": report["rows"],
        "split": report["split"],
        "models": {
            name: {metric: score["value"] for metric, score in own.items()} for name, own in models.items()
        },
        "beats_retrieval": _answers(report, RETRIEVAL),
        "beats_traditional": _answers(report, TRADITIONAL, ACCEPTANCE),
    }


def _answers(
    report: Mapping[str, Any], baseline: str, metrics: tuple[str, ...] | None = None
) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for own in report["comparisons"]:
        if (
            own["b"] == baseline
            and own["a"].startswith("students/")
            and own["metric"] in (metrics or [own["metric"]])
        ):
            higher = report["metrics"][own["metric"]]["higher_is_better"]
            sure = own["low"] > 0 or own["high"] < 0
            answer = ("yes" if (own["low"] > 0) == higher else "no") if sure else "undecided"
            found.setdefault(own["a"], {})[own["metric"]] = answer
    return found
