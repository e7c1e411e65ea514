"""Scores of any systems' answers, each system compared with the first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from kdlib.config import Evaluation
from kdlib.evaluation.predictions.outputs import Executed
from kdlib.evaluation.scores.compare import Pair
from kdlib.evaluation.scores.measured import executed_columns, executed_details
from kdlib.evaluation.scores.results import write_results
from kdlib.evaluation.scores.score import report_of, samples_of, text_of_systems
from kdlib.evaluation.text.statistics import Answer
from kdlib.results.evaluation import EvaluationReport


def score_answers(
    ids: Sequence[str],
    answers: Mapping[str, Sequence[Answer]],
    executed: Executed | None,
    evaluation: Evaluation,
    split: str,
    rows_of: str,
    out: Path | None,
    processes: int = 1,
) -> EvaluationReport:
    """Score systems by their texts, and by what they did in their tests where they were run.

    Args:
        ids: Ids of the rows.
        answers: System: its rows; the first is what the others are compared with.
        executed: What first predictions did in their tests, or None if nothing was run.
        evaluation: N-best size and resampling.
        split: How the rows were split off; part of every signature.
        rows_of: Split of the rows, or ``unknown``.
        out: Folder for the files of ``results.write_results``; None writes none.
        processes: Processes that read texts.
    """
    columns, details = text_of_systems(answers, evaluation.n_best, processes)
    if executed is not None:
        details |= executed_details(executed)
        for name in answers:
            columns[name] |= executed_columns(executed, name)
    first, *others = answers
    chosen = [Pair(name, first, tuple(details), first) for name in others]
    missing = executed.missing if executed else []
    report = report_of(columns, details, evaluation, split, chosen, [], {}, missing)
    report = replace(report, rows_of=rows_of)
    if out is not None:
        ran = executed.models if executed else {}
        write_results(report, samples_of(ids, answers, columns, ran), out)
    return report
