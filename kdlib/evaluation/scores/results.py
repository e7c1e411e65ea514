"""The four files of an evaluation: all of it, a line per prediction, a table, and a summary."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from kdlib.evaluation.scores.compare import ACCEPTANCE
from kdlib.files import atomic, write_json, write_jsonl
from kdlib.records import RETRIEVAL, TRADITIONAL
from kdlib.results.evaluation import METRICS_FILE, EvaluationReport, ModelScores, write_evaluation
from kdlib.results.samples import Sample

SAMPLES_FILE = "predictions_final.jsonl"
TABLE_FILE = "metrics_final.csv"
SUMMARY_FILE = "metrics_summary_final.json"
COLUMNS = ("model", "slice", "part", "metric", "value", "low", "high", "n", "signature")


def write_results(report: EvaluationReport, samples: Iterable[Sample], out: Path) -> None:
    """Write what an evaluation found.

    Args:
        report: Goes to ``evaluation_metrics.json`` as it is.
        samples: One line each in ``predictions_final.jsonl``.
        out: Folder; ``metrics_final.csv`` has a line per model, slice and metric, and
            ``metrics_summary_final.json`` the values alone and the two questions that are always answered.
    """
    write_jsonl(out / SAMPLES_FILE, (sample.as_json() for sample in samples))
    with atomic(out / TABLE_FILE) as partial, partial.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(_lines(report))
    write_json(out / SUMMARY_FILE, summary(report))
    write_evaluation(out / METRICS_FILE, report)


def _lines(report: EvaluationReport) -> Iterator[dict[str, Any]]:
    parts: list[tuple[str, str, ModelScores]] = [("all", "all", report.models)]
    parts += [(name, part.value, part.models) for name, found in report.slices.items() for part in found]
    for name, value, models in parts:
        for model, scores in models.items():
            for metric, score in scores.items():
                yield {"model": model, "slice": name, "part": value, "metric": metric, **asdict(score)}


def summary(report: EvaluationReport) -> dict[str, Any]:
    """Return the plain values and the answers to two questions.

    Args:
        report: The evaluation.

    Returns:
        ``rows``, ``split``, ``rows_of``, ``models`` (model: metric: value), ``beats_retrieval`` and
        ``beats_traditional``
        (student: metric: ``yes``, ``no`` or ``undecided``, by the paired interval).
    """
    return {
        "rows": report.rows,
        "split": report.split,
        "rows_of": report.rows_of,
        "models": {
            name: {metric: score.value for metric, score in scores.items()}
            for name, scores in report.models.items()
        },
        "beats_retrieval": _answers(report, RETRIEVAL),
        "beats_traditional": _answers(report, TRADITIONAL, ACCEPTANCE),
    }


def _answers(
    report: EvaluationReport, baseline: str, metrics: tuple[str, ...] | None = None
) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for pair in report.comparisons:
        asked = metrics is None or pair.metric in metrics
        if pair.b == baseline and pair.a.startswith("students/") and asked:
            sure = pair.low > 0 or pair.high < 0
            better = (pair.low > 0) == report.higher_is_better(pair.metric)
            found.setdefault(pair.a, {})[pair.metric] = ("yes" if better else "no") if sure else "undecided"
    return found
