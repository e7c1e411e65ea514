"""Scores of prediction files on the rows of a split, with intervals and comparisons; no model is needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from kdlib.config import Evaluation
from kdlib.evaluation.predictions.outputs import read_output, read_rows
from kdlib.evaluation.scores.compare import Pair, compare, over_seeds, pairs, sampling, scores_of
from kdlib.evaluation.scores.measured import (
    MeasurementFiles,
    measured_columns,
    measured_details,
    read_measurements,
    reference_columns,
)
from kdlib.evaluation.scores.results import write_results
from kdlib.evaluation.scores.slices import Memberships, memberships, slice_scores
from kdlib.evaluation.text.metrics import METRICS, Columns, row_values
from kdlib.evaluation.text.statistics import Answer, text_columns, text_details
from kdlib.results.evaluation import EvaluationReport, MetricInfo, NotMeasured
from kdlib.results.measurements import Outcome
from kdlib.results.samples import Sample


class ScoredData(NamedTuple):
    """Files of the rows that models are scored on.

    Attributes:
        test: Dataset rows (Parquet) that models are scored on.
        train: Rows that models learned from (Parquet), for slices.
        examples: The corpus' examples (Parquet), for slices; None makes no slices.
        split: How the rows were split off; part of every signature.
    """

    test: Path
    train: Path
    examples: Path | None
    split: str


class Relations(NamedTuple):
    """How models belong together.

    Attributes:
        teachers: Student: its teacher.
        seeds: Groups of models that differ in nothing but their seed.
    """

    teachers: Mapping[str, str]
    seeds: Sequence[Sequence[str]]


def score(
    models: Mapping[str, Path],
    data: ScoredData,
    measurements: MeasurementFiles,
    evaluation: Evaluation,
    relations: Relations,
    out: Path,
    processes: int = 1,
) -> EvaluationReport:
    """Score every model's predictions on the rows of a split, compare models pairwise, and write the results.

    Args:
        models: Name (``teachers/base``, ``students/ce``, ``baselines/retrieval``): folder with
            ``predictions.jsonl``, where the model has probabilities ``nll.parquet``, and where it is a
            student ``agreement.parquet``.
        data: The rows and where they come from.
        measurements: What other stages measured; execution is over the rows that can be run.
        evaluation: Split of the rows, N-best size and resampling.
        relations: Teachers and groups of seeds, by the names of ``models``.
        out: Folder for the files of ``results.write_results``.
        processes: Processes that read texts.

    Returns:
        What ``evaluation_metrics.json`` holds.

    Raises:
        DataError: If there is no row, or a file does not hold exactly these rows.
    """
    rows = read_rows(data.test)
    outputs = {name: read_output(name, folder, rows) for name, folder in models.items()}
    parts = memberships(rows, data.examples, data.train) if data.examples else {}
    measured = read_measurements(measurements, list(models), rows)
    answers = {
        name: [Answer(texts, row.references) for texts, row in zip(output.candidates, rows, strict=True)]
        for name, output in outputs.items()
    }
    columns, details = text_of_systems(answers, evaluation.n_best, processes)
    details |= measured_details(measured)
    for name, found in measured_columns(columns, outputs, relations.teachers, measured).items():
        columns[name] |= found
    chosen = pairs(list(models), relations.teachers)
    missing = measured.missing()
    report = report_of(columns, details, evaluation, data.split, chosen, relations.seeds, parts, missing)
    draw = partial(sampling, evaluation=evaluation, split=data.split)
    report = replace(report, reference=scores_of(reference_columns(measured.executed), details, draw))
    ids = [row.id for row in rows]
    write_results(report, samples_of(ids, answers, columns, measured.executed.models), out)
    return report


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
    columns: dict[str, Columns] = {}
    start = 0
    for name, rows in answers.items():
        end = start + len(rows)
        columns[name] = {metric: values[start:end] for metric, values in together.items()}
        start = end
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
    missing: Sequence[NotMeasured],
) -> EvaluationReport:
    """Return the scores and comparisons of some systems on the same rows.

    Args:
        columns: System: its statistics.
        details: Metric: the part of its signature that says how a row is read.
        evaluation: Resampling, and the split of the rows.
        split: How the data was split.
        chosen: Which systems to compare on what.
        seeds: Groups of systems that differ in nothing but their seed.
        parts: Slices of the rows.
        missing: What was not measured.
    """
    draw = cache(partial(sampling, evaluation=evaluation, split=split))
    measured = {
        name: metric for name, metric in METRICS.items() if any(name in found for found in columns.values())
    }
    ordered = {
        name: {metric: found[metric] for metric in measured if metric in found}
        for name, found in columns.items()
    }
    scores = {name: scores_of(found, details, draw) for name, found in ordered.items()}
    return EvaluationReport(
        rows=max(len(rows) for found in columns.values() for rows in found.values()),
        split=split,
        metrics={
            name: MetricInfo(metric.higher_is_better, metric.description) for name, metric in measured.items()
        },
        models=scores,
        comparisons=compare(chosen, ordered, details, draw),
        seeds=over_seeds(scores, seeds),
        slices=slice_scores(parts, ordered, details, draw),
        not_measured=list(missing),
        rows_of=evaluation.split,
    )


def samples_of(
    ids: Sequence[str],
    answers: Mapping[str, Sequence[Answer]],
    columns: Mapping[str, Columns],
    executed: Mapping[str, Mapping[str, Outcome]],
) -> Iterator[Sample]:
    """Yield the prediction, the references and the values of every system and row.

    Args:
        ids: Ids of the rows.
        answers: System: its rows.
        columns: System: its statistics; ``nll`` is given as the row's sum in nats.
        executed: System: row: what its first prediction did in its test.
    """
    for name, rows in answers.items():
        values = row_values(columns[name], len(ids))
        for place, (key, answer) in enumerate(zip(ids, rows, strict=True)):
            yield Sample(
                model=name,
                id=key,
                prediction=answer.candidates[0],
                references=answer.references,
                values={metric: found[place] for metric, found in values.items()},
                execution=executed.get(name, {}).get(key),
            )
