"""Columns of what other stages measured with models or a compiler, and of metrics made of several others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from kdlib.evaluation.predictions.outputs import (
    Executed,
    ModelOutput,
    ScoredRow,
    Similarity,
    read_executed,
    read_similarity,
)
from kdlib.evaluation.text.metrics import Columns
from kdlib.metrics.exact import without_whitespace
from kdlib.metrics.quality import quality_signature, quality_statistics
from kdlib.metrics.retention import retention_signature, retention_statistics
from kdlib.results.evaluation import NotMeasured
from kdlib.results.measurements import Outcome

# Of predictions that were run in their tests.
EXECUTED = (
    "compiles",
    "passes",
    "vacuous",
    "valid",
    "strong",
    "mutation_score",
    "mutation_score_by_row",
    "exposed",
    "blessed",
)


class MeasurementFiles(NamedTuple):
    """Files of the stages that measure all models together.

    Attributes:
        execution: JSON that ``run.execute`` wrote.
        similarity: Values (Parquet) that ``similarity.similarities`` wrote.
        similarity_report: JSON that ``similarity.similarities`` wrote.
    """

    execution: Path
    similarity: Path
    similarity_report: Path


class Measurements(NamedTuple):
    """The content of these files.

    Attributes:
        executed: What the first predictions did in their tests.
        similarity: How near they are to the references in meaning.
    """

    executed: Executed
    similarity: Similarity

    def missing(self) -> list[NotMeasured]:
        """Return what was not measured, and why."""
        return self.executed.missing + self.similarity.missing


def read_measurements(
    files: MeasurementFiles, models: Sequence[str], rows: Sequence[ScoredRow]
) -> Measurements:
    """Read the files; other models or rows in them are a ``DataError``."""
    return Measurements(
        read_executed(files.execution, models, rows),
        read_similarity(files.similarity, files.similarity_report, models, rows),
    )


def measured_columns(
    text: Mapping[str, Columns],
    outputs: Mapping[str, ModelOutput],
    teachers: Mapping[str, str],
    measured: Measurements,
) -> dict[str, Columns]:
    """Return for every model the statistics that text alone does not give.

    Args:
        text: Model: columns of its text metrics.
        outputs: Model: what its folder holds.
        teachers: Student: its teacher.
        measured: What other stages measured.
    """
    columns: dict[str, Columns] = {}
    for name, output in outputs.items():
        found: Columns = {} if output.nll is None else {"nll": output.nll}
        if measured.executed.ids:
            found |= executed_columns(measured.executed, name)
        if name in measured.similarity.values:
            found |= _semantic(text[name], measured.similarity.values[name])
        if output.agreement is not None and teachers.get(name) in outputs:
            teacher = teachers[name]
            found |= _agreement(text[name], text[teacher], output, outputs[teacher])
        columns[name] = found
    return columns


def executed_columns(executed: Executed, name: str) -> Columns:
    """Return the columns over the rows that can be run, of mutants over those that have some to score.

    Args:
        executed: What predictions did in their tests.
        name: Whose predictions.
    """
    outcomes = [executed.models[name][key] for key in executed.ids]
    columns = {
        "compiles": [outcome.compiles for outcome in outcomes],
        "passes": [outcome.passes for outcome in outcomes],
        "vacuous": [outcome.passes and not outcome.valid for outcome in outcomes],
        "valid": [outcome.valid for outcome in outcomes],
    }
    found = {metric: np.column_stack([values, np.ones(len(values))]) for metric, values in columns.items()}
    return found | _killed(executed, outcomes) | _faced(executed, outcomes)


def _killed(executed: Executed, outcomes: Sequence[Outcome]) -> Columns:
    """Return what kills mutants, of the rows that have some; what is not valid kills none."""
    mutants = [executed.reference[key].score.mutants for key in executed.ids]
    tried = [(each, number) for each, number in zip(outcomes, mutants, strict=True) if number]
    if not tried:
        return {}
    killed = [(each.score.killed if each.valid else 0, number) for each, number in tried]
    return {
        "strong": np.array([(each.strong, 1) for each, _ in tried], dtype=np.float64),
        "mutation_score": np.array(killed, dtype=np.float64),
        "mutation_score_by_row": np.array([(kills / number, 1) for kills, number in killed]),
    }


def _faced(executed: Executed, outcomes: Sequence[Outcome]) -> Columns:
    """Return the answers to faults of the rows that have one; no answer exposes and blesses nothing."""
    told = [each.fault for key, each in zip(executed.ids, outcomes, strict=True) if key in executed.faults]
    if not told:
        return {}
    return {
        "exposed": np.array([(answer == "exposed", 1) for answer in told], dtype=np.float64),
        "blessed": np.array([(answer == "blessed", 1) for answer in told], dtype=np.float64),
    }


def reference_columns(executed: Executed) -> Columns:
    """Return the statistics of the rows' own assertions, of what these do not have by definition.

    Args:
        executed: What they did in their tests.
    """
    return _killed(executed, [executed.reference[key] for key in executed.ids])


def _semantic(text: Columns, values: Sequence[float]) -> Columns:
    parts = [text[name][:, 0].tolist() for name in ("syntax_valid", "token_similarity", "token_accuracy")]
    return {
        "semantic": np.column_stack([values, np.ones(len(values))]),
        "quality": quality_statistics(text["codebleu"], values, *parts),
    }


def _agreement(student: Columns, teacher: Columns, output: ModelOutput, other: ModelOutput) -> Columns:
    divergence, tokens, same = output.agreement.T if output.agreement is not None else ([], [], [])
    f1 = [columns["token_f1"][:, 0].tolist() for columns in (student, teacher)]
    answers = [
        without_whitespace(ours[0]) == without_whitespace(theirs[0])
        for ours, theirs in zip(output.candidates, other.candidates, strict=True)
    ]
    return {
        "agreement": np.column_stack([divergence, tokens]),
        "top1_agreement": np.column_stack([same, tokens]),
        "answer_agreement": np.column_stack([answers, np.ones(len(answers))]),
        "krs": retention_statistics(list(divergence), list(tokens), *f1),
    }


def measured_details(measured: Measurements) -> dict[str, str]:
    """Return the part of each signature that says how a row is read."""
    return {
        **executed_details(measured.executed),
        "semantic": measured.similarity.signature,
        "quality": f"v:1|{quality_signature()}|{measured.similarity.signature.removeprefix('v:1|')}",
        "agreement": f"v:1|{retention_signature()}",
        "top1_agreement": "v:1|unit:token",
        "answer_agreement": "v:1|norm:ws",
        "krs": f"v:1|{retention_signature()}",
        "nll": "v:1|unit:nat/token",
    }


def executed_details(executed: Executed) -> dict[str, str]:
    """Return the part of each signature that says how code was run."""
    return dict.fromkeys(EXECUTED, executed.signature)
