"""Scores of prediction files on the test rows, with intervals and paired comparisons; no model is needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache, partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from kdlib.config import Evaluation
from kdlib.evaluation.compare import compare, over_seeds, pairs, sampling, scores_of
from kdlib.evaluation.metrics import METRICS, Columns, row_values
from kdlib.evaluation.outputs import Output, Row, read_compiled, read_output, read_rows
from kdlib.evaluation.results import write_results
from kdlib.evaluation.slices import Memberships, memberships, slice_scores
from kdlib.evaluation.text import Answer, text_columns, text_details


def score(
    models: Mapping[str, Path],
    test: Path,
    compilation: Path,
    evaluation: Evaluation,
    split: str,
    teachers: Mapping[str, str],
    seeds: Sequence[Sequence[str]],
    examples: Path,
    train: Path,
    out: Path,
    processes: int = 1,
) -> None:
    """Score every model's predictions on the test rows and compare models pairwise.

    Args:
        models: Name (``teachers/base``, ``students/ce``, ``baselines/retrieval``): folder with
            ``predictions.jsonl`` and, where the model has probabilities, ``nll.parquet``.
        test: Dataset rows (Parquet).
        compilation: Which first predictions compile (JSON); ``compiles`` is over the rows measured there.
        evaluation: N-best size and resampling.
        split: How the data was split; part of every signature.
        teachers: Student: its teacher, both by the names of ``models``.
        seeds: Names of models that differ in nothing but their seed, by groups.
        examples: The corpus' examples (Parquet), for slices.
        train: Rows that models learnt from (Parquet), for slices.
        out: Folder for the files of ``results.write_results``.
        processes: Processes that read texts.

    Raises:
        DataError: If there is no test row, or a file does not hold exactly the test rows.
    """
    rows = read_rows(test)
    outputs = {name: read_output(name, folder, rows) for name, folder in models.items()}
    parts = memberships(rows, examples, train)
    compiled = read_compiled(compilation, models, rows)
    columns, details = _text(rows, outputs, evaluation.n_best, processes)
    details |= {"compiles": f"v:1|javac:{compiled.javac}", "nll": "v:1|unit:nat/token"}
    for name, output in outputs.items():
        columns[name] |= _measured(output, compiled.models.get(name, {}), compiled.ids)
    report = report_of(columns, details, evaluation, split, teachers, seeds, parts, compiled.missing)
    write_results(report, samples_of(rows, outputs, columns, compiled.models), out)


def _text(
    rows: Sequence[Row], outputs: Mapping[str, Output], k: int, processes: int
) -> tuple[dict[str, Columns], dict[str, str]]:
    """Return the text metrics of every model, all read in one go, and how they read a row."""
    answers = {
        name: [Answer(own, row.references) for own, row in zip(output.candidates, rows, strict=True)]
        for name, output in outputs.items()
    }
    together = text_columns(list(chain.from_iterable(answers.values())), k, processes)
    columns = {
        name: {metric: own[at * len(rows) : (at + 1) * len(rows)] for metric, own in together.items()}
        for at, name in enumerate(answers)
    }
    return columns, text_details([row.references for row in rows], k)


def _measured(output: Output, compiles: Mapping[str, bool], ids: Sequence[str]) -> Columns:
    """Return the columns that other stages measured."""
    found = {} if output.nll is None else {"nll": output.nll}
    if ids:
        found["compiles"] = np.array([[compiles[key], 1] for key in ids], dtype=np.float64)
    return found


def report_of(
    columns: Mapping[str, Columns],
    details: Mapping[str, str],
    evaluation: Evaluation,
    split: str,
    teachers: Mapping[str, str],
    seeds: Sequence[Sequence[str]],
    parts: Memberships,
    missing: Sequence[Mapping[str, str]],
) -> dict[str, Any]:
    """Return all that is said of some systems on the same rows.

    Args:
        columns: System: its statistics.
        details: Metric: the part of its signature that says how a row is read.
        evaluation: Resampling.
        split: How the data was split.
        teachers: Student: its teacher.
        seeds: Systems that differ in nothing but their seed, by groups.
        parts: Slices of the rows.
        missing: What was not measured, each with ``what`` and ``reason``.

    Returns:
        ``rows``, ``split``, ``metrics``, ``models``, ``comparisons``, ``seeds``, ``slices`` and
        ``not_measured``.
    """
    draw = cache(partial(sampling, evaluation=evaluation, split=split))
    measured = {
        name: own for name, own in METRICS.items() if any(name in found for found in columns.values())
    }
    ordered = {
        name: {metric: own[metric] for metric in measured if metric in own} for name, own in columns.items()
    }
    scores = {name: scores_of(own, details, draw) for name, own in ordered.items()}
    return {
        "rows": max(len(rows) for own in columns.values() for rows in own.values()),
        "split": split,
        "metrics": {
            name: {"higher_is_better": metric.higher_is_better, "description": metric.description}
            for name, metric in measured.items()
        },
        "models": scores,
        "comparisons": compare(pairs(list(columns), teachers), ordered, details, draw),
        "seeds": over_seeds(scores, seeds),
        "slices": slice_scores(parts, ordered, details, draw),
        "not_measured": list(missing),
    }


def samples_of(
    rows: Sequence[Row],
    outputs: Mapping[str, Output],
    columns: Mapping[str, Columns],
    compiled: Mapping[str, Mapping[str, bool]],
) -> Iterator[dict[str, Any]]:
    """Yield a line for every model and row: the prediction, the references and the row's own values.

    Args:
        rows: The test rows.
        outputs: Model: its predictions.
        columns: Model: its statistics; ``nll`` is given as the row's sum in nats.
        compiled: Model: row: whether its first prediction compiles.
    """
    for name, output in outputs.items():
        values = row_values(columns[name], len(rows))
        for at, row in enumerate(rows):
            sample = {
                "model": name,
                "id": row.id,
                "prediction": output.candidates[at][0],
                "references": list(row.references),
                **{metric: own[at] for metric, own in values.items()},
            }
            if row.id in compiled.get(name, {}):
                sample["compiles"] = compiled[name][row.id]
            yield sample
