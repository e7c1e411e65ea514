"""Values with intervals, and systems compared on the same rows and the same draws."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kdlib.config import Evaluation
from kdlib.evaluation.text.metrics import Columns, with_statistics
from kdlib.metrics.significance import (
    holm,
    intervals,
    paired_differences,
    random_swaps,
    resample_counts,
    spread,
)
from kdlib.records import RETRIEVAL, TRADITIONAL, TRIGRAM, Score

# What students are compared with their teacher on, and all that is trained with retrieval.
QUALITY = ("exact_match", "token_f1", "codebleu")
EXECUTION = ("compiles", "passes", "mutation_score")
# The question that every run answers: these of each student against the traditional recipe.
ACCEPTANCE = ("token_f1", "pans", "syntax_valid")


class Sampling(NamedTuple):
    """Draws that all models share, and the words of them that end every signature."""

    counts: NDArray[np.uint16]
    swaps: NDArray[np.bool_]
    confidence: float
    signature: str


class Pair(NamedTuple):
    """Two systems to compare on some metrics.

    Attributes:
        a: First system; differences are a − b.
        b: Second system.
        metrics: Names.
        family: What b is; the comparisons of a family on one metric are corrected together.
    """

    a: str
    b: str
    metrics: tuple[str, ...]
    family: str


def sampling(rows: int, evaluation: Evaluation, split: str) -> Sampling:
    """Draw resamples and swaps for so many rows.

    Args:
        rows: Number of rows, at least 1.
        evaluation: Number of draws, their seed and the confidence.
        split: How the data was split; part of the signature.
    """
    return Sampling(
        counts=resample_counts(rows, evaluation.resamples, evaluation.seed),
        swaps=random_swaps(rows, evaluation.resamples, evaluation.seed),
        confidence=evaluation.confidence,
        signature=f"n:{rows}|split:{split}|boot:{evaluation.resamples}|conf:{evaluation.confidence:g}"
        f"|seed:{evaluation.seed}",
    )


def scores_of(
    columns: Columns, details: Mapping[str, str], draw: Callable[[int], Sampling]
) -> dict[str, dict[str, Any]]:
    """Return the ``records.Score`` of every metric of one system, as a dictionary.

    Args:
        columns: Its statistics.
        details: Metric: how a row is read.
        draw: Returns the draws for so many rows; metrics may be measured on fewer rows than others.
    """
    result: dict[str, dict[str, Any]] = {}
    for count in {len(rows) for rows in columns.values()}:
        own = {name: rows for name, rows in columns.items() if len(rows) == count}
        draws = draw(count)
        for name, found in intervals(with_statistics(own), draws.counts, draws.confidence).items():
            signature = f"{name}|{details[name]}|{draws.signature}"
            result[name] = asdict(Score(found.value, found.low, found.high, count, signature))
    return {name: result[name] for name in columns}


def pairs(models: Sequence[str], teachers: Mapping[str, str]) -> list[Pair]:
    """Return which systems are compared on what.

    Args:
        models: All systems, such as ``students/ce``.
        teachers: Student: its teacher.
    """
    students = [name for name in models if name.startswith("students/")]
    trained = [name for name in models if name.startswith("teachers/")] + students
    found = [Pair(name, RETRIEVAL, QUALITY + EXECUTION, RETRIEVAL) for name in trained]
    found += [Pair(name, TRIGRAM, ("nll",), TRIGRAM) for name in models if name != TRIGRAM]
    found += [
        Pair(name, teachers[name], (*QUALITY, *EXECUTION, "nll"), "teacher")
        for name in students
        if name in teachers
    ]
    found += [Pair(name, TRADITIONAL, ACCEPTANCE, TRADITIONAL) for name in students if name != TRADITIONAL]
    return [pair for pair in found if pair.b in models]


def compare(
    chosen: Sequence[Pair],
    columns: Mapping[str, Columns],
    details: Mapping[str, str],
    draw: Callable[[int], Sampling],
) -> list[dict[str, Any]]:
    """Return every comparison with interval, p and p corrected for the comparisons of its family and metric.

    Args:
        chosen: From ``pairs``; metrics that one of the two lacks are left out.
        columns: System: its statistics.
        details: Metric: how a row is read.
        draw: Returns the draws for so many rows.
    """
    found = []
    for pair in chosen:
        own, other = columns[pair.a], columns[pair.b]
        names = [name for name in pair.metrics if name in own and name in other]
        for count in dict.fromkeys(len(own[name]) for name in names):
            draws, some = draw(count), [name for name in names if len(own[name]) == count]
            a, b = (with_statistics({name: system[name] for name in some}) for system in (own, other))
            for name, result in paired_differences(a, b, draws.counts, draws.swaps, draws.confidence).items():
                signature = f"{name}|{details[name]}|test:paired-ar|{draws.signature}"
                entry = {"a": pair.a, "b": pair.b, "metric": name, "family": pair.family}
                found.append({**entry, **result._asdict(), "n": count, "signature": signature})
    return _corrected(found)


def _corrected(comparisons: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add ``p_holm``: the more presets are tried, the less one small p says."""
    families: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for own in comparisons:
        families.setdefault((own["family"], own["metric"]), []).append(own)
    for family in families.values():
        for own, p in zip(family, holm([own["p"] for own in family]), strict=True):
            own["p_holm"] = p
    return comparisons


def over_seeds(
    scores: Mapping[str, Mapping[str, Any]], groups: Sequence[Sequence[str]]
) -> list[dict[str, Any]]:
    """Return mean and spread of every metric over systems that differ in nothing but their seed.

    Args:
        scores: System: metric: its score.
        groups: Names of such systems.

    Returns:
        For every group ``models`` and ``metrics``: mean, sample standard deviation, number and values.
    """
    found = []
    for group in groups:
        common = [metric for metric in scores[group[0]] if all(metric in scores[name] for name in group)]
        values = {metric: [scores[name][metric]["value"] for name in group] for metric in common}
        spreads = {metric: spread(own)._asdict() for metric, own in values.items()}
        found.append({"models": list(group), "metrics": spreads})
    return found
