"""Scores of prediction files on the test rows, with intervals and paired comparisons; no model is needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache, partial
from itertools import chain
from pathlib import Path
from typing import Any

from kdlib.config import Evaluation
from kdlib.evaluation.predictions.outputs import Outcome, read_output, read_rows
from kdlib.evaluation.scores.compare import Pair, compare, over_seeds, pairs, sampling, scores_of
from kdlib.evaluation.scores.measured import (
    Measurements,
    measured_columns,
    measured_details,
    read_measured,
    reference_columns,
)
from kdlib.evaluation.scores.results import write_results
from kdlib.evaluation.scores.slices import Memberships, memberships, slice_scores
from kdlib.evaluation.text.metrics import METRICS, Columns, row_values
from kdlib.evaluation.text.statistics import Answer, text_columns, text_details


def score(
    models: Mapping[str, Path],
    test: Path,
    measurements: Measurements,
    evaluation: Evaluation,
    split: str,
    teachers: Mapping[str, str],
    seeds: Sequence[Sequence[str]],
    examples: Path | None,
    train: Path,
    out: Path,
    processes: int = 1,
) -> None:
    """Score every model's predictions on the test rows and compare models pairwise.

    Args:
        models: Name (``teachers/base``, ``students/ce``, ``baselines/retrieval``): folder with
            ``predictions.jsonl``, where the model has probabilities ``nll.parquet``, and where it is a
            student ``agreement.parquet``.
        test: Dataset rows (Parquet).
        measurements: What other stages measured; execution is over the rows that can be run.
        evaluation: N-best size and resampling.
        split: How the data was split; part of every signature.
        teachers: Student: its teacher, both by the names of ``models``.
        seeds: Names of models that differ in nothing but their seed, by groups.
        examples: The corpus' examples (Parquet), for slices; None makes none.
        train: Rows that models learnt from (Parquet), for slices.
        out: Folder for the files of ``results.write_results``.
        processes: Processes that read texts.

    Raises:
        DataError: If there is no test row, or a file does not hold exactly the test rows.
    """
    rows = read_rows(test)
    outputs = {name: read_output(name, folder, rows) for name, folder in models.items()}
    parts = memberships(rows, examples, train) if examples else {}
    measured = read_measured(measurements, list(models), rows)
    answers = {
        name: [Answer(own, row.references) for own, row in zip(output.candidates, rows, strict=True)]
        for name, output in outputs.items()
    }
    columns, details = text_of_systems(answers, evaluation.n_best, processes)
    details |= measured_details(measured)
    for name, own in measured_columns(columns, outputs, teachers, measured).items():
        columns[name] |= own
    chosen = pairs(list(models), teachers)
    report = report_of(columns, details, evaluation, split, chosen, seeds, parts, measured.missing())
    draw = partial(sampling, evaluation=evaluation, split=split)
    report["reference"] = scores_of(reference_columns(measured.executed), details, draw)
    write_results(
        report, samples_of([row.id for row in rows], answers, columns, measured.executed.models), out
    )


def text_of_systems(
    answers: Mapping[str, Sequence[Answer]], k: int, processes: int
) -> tuple[dict[str, Columns], dict[str, str]]:
    """Return the text metrics of several systems, all read in one go, and how they read a row.

    Args:
        answers: System: its rows, the same for all.
        k: How many candidates ``exact_match_at_k`` looks at.
        processes: Processes to compute with.
    """
    together = text_columns(list(chain.from_iterable(answers.values())), k, processes)
    columns, start = {}, 0
    for name, own in answers.items():
        columns[name] = {metric: rows[start : start + len(own)] for metric, rows in together.items()}
        start += len(own)
    first = next(iter(answers.values()))
    return columns, text_details([answer.references for answer in first], k)


def report_of(
    columns: Mapping[str, Columns],
    details: Mapping[str, str],
    evaluation: Evaluation,
    split: str,
    chosen: Sequence[Pair],
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
        chosen: Which systems to compare on what.
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
        "comparisons": compare(chosen, ordered, details, draw),
        "seeds": over_seeds(scores, seeds),
        "slices": slice_scores(parts, ordered, details, draw),
        "not_measured": list(missing),
    }


def samples_of(
    ids: Sequence[str],
    answers: Mapping[str, Sequence[Answer]],
    columns: Mapping[str, Columns],
    executed: Mapping[str, Mapping[str, Outcome]],
) -> Iterator[dict[str, Any]]:
    """Yield a line for every system and row: the prediction, the references and the row's own values.

    Args:
        ids: Of the rows.
        answers: System: its rows.
        columns: System: its statistics; ``nll`` is given as the row's sum in nats.
        executed: System: row: what its first prediction did in its test.
    """
    for name, own in answers.items():
        values = row_values(columns[name], len(ids))
        for at, (key, answer) in enumerate(zip(ids, own, strict=True)):
            sample: dict[str, Any] = {
                "model": name,
                "id": key,
                "prediction": answer.candidates[0],
                "references": list(answer.references),
                **{metric: found[at] for metric, found in values.items()},
            }
            if key in executed.get(name, {}):
                sample["execution"] = executed[name][key]._asdict()
            yield sample
