"""Values with intervals, and systems compared on the same rows and the same draws."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

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
from kdlib.records import RETRIEVAL, TRADITIONAL, TRIGRAM
from kdlib.results.evaluation import Comparison, ModelScores, Score, SeedGroup, SeedSpread

# What students are compared with their teacher on, and all that is trained with retrieval.
QUALITY = ("exact_match", "token_f1", "codebleu")
EXECUTION = ("compiles", "passes", "valid", "strong", "mutation_score", "exposed", "blessed")
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
    """Draw resamples and swaps for a number of rows.

    Args:
        rows: Number of rows, at least 1.
        evaluation: Number of draws, their seed, the confidence, and the split of the rows, which the
            signature names unless it is test.
        split: How the data was split; part of the signature.
    """
    rows_of = "" if evaluation.split == "test" else f"|on:{evaluation.split}"
    return Sampling(
        counts=resample_counts(rows, evaluation.resamples, evaluation.seed),
        swaps=random_swaps(rows, evaluation.resamples, evaluation.seed),
        confidence=evaluation.confidence,
        signature=f"n:{rows}{rows_of}|split:{split}|boot:{evaluation.resamples}|conf:{evaluation.confidence:g}"
        f"|seed:{evaluation.seed}",
    )


def scores_of(
    columns: Columns, details: Mapping[str, str], draw: Callable[[int], Sampling]
) -> dict[str, Score]:
    """Return the score of every metric of one system.

    Args:
        columns: Metric: its statistics.
        details: Metric: how a row is read.
        draw: Returns the draws for a number of rows; metrics may be measured on fewer rows than others.
    """
    scores: dict[str, Score] = {}
    for count in {len(rows) for rows in columns.values()}:
        measured = {name: rows for name, rows in columns.items() if len(rows) == count}
        draws = draw(count)
        found = intervals(with_statistics(measured), draws.counts, draws.confidence)
        for name, interval in found.items():
            signature = f"{name}|{details[name]}|{draws.signature}"
            scores[name] = Score(interval.value, interval.low, interval.high, count, signature)
    return {name: scores[name] for name in columns}


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
) -> list[Comparison]:
    """Return every comparison with interval, p and p corrected for the comparisons of its family and metric.

    Args:
        chosen: From ``pairs``; metrics that one of the two lacks are left out.
        columns: System: its statistics.
        details: Metric: how a row is read.
        draw: Returns the draws for a number of rows.
    """
    found: list[Comparison] = []
    for pair in chosen:
        a = columns[pair.a]
        b = columns[pair.b]
        names = [name for name in pair.metrics if name in a and name in b]
        for count in dict.fromkeys(len(a[name]) for name in names):
            metrics = [name for name in names if len(a[name]) == count]
            found += _compared(pair, {name: a[name] for name in metrics}, b, details, draw(count))
    return _corrected(found)


def _compared(
    pair: Pair, a: Columns, b: Columns, details: Mapping[str, str], draws: Sampling
) -> list[Comparison]:
    """Return the comparisons of two systems on the metrics of ``a``, all measured on the same rows."""
    one = with_statistics(a)
    other = with_statistics({name: b[name] for name in a})
    differences = paired_differences(one, other, draws.counts, draws.swaps, draws.confidence)
    return [
        Comparison(
            a=pair.a,
            b=pair.b,
            metric=name,
            family=pair.family,
            difference=result.difference,
            low=result.low,
            high=result.high,
            p=result.p,
            n=len(a[name]),
            signature=f"{name}|{details[name]}|test:paired-ar|{draws.signature}",
            p_holm=result.p,
        )
        for name, result in differences.items()
    ]


def _corrected(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """Set ``p_holm``: the more presets are tried, the less one small p says."""
    families: dict[tuple[str, str], list[int]] = {}
    for place, comparison in enumerate(comparisons):
        families.setdefault((comparison.family, comparison.metric), []).append(place)
    corrected = list(comparisons)
    for places in families.values():
        values = holm([comparisons[place].p for place in places])
        for place, p in zip(places, values, strict=True):
            corrected[place] = replace(comparisons[place], p_holm=p)
    return corrected


def over_seeds(scores: ModelScores, groups: Sequence[Sequence[str]]) -> list[SeedGroup]:
    """Return mean and spread of every metric over systems that differ in nothing but their seed.

    Args:
        scores: System: metric: its score.
        groups: Names of such systems.
    """
    found = []
    for group in groups:
        common = [metric for metric in scores[group[0]] if all(metric in scores[name] for name in group)]
        values = {metric: [scores[name][metric].value for name in group] for metric in common}
        found.append(
            SeedGroup(list(group), {metric: _seed_spread(numbers) for metric, numbers in values.items()})
        )
    return found


def _seed_spread(values: Sequence[float]) -> SeedSpread:
    found = spread(values)
    return SeedSpread(found.mean, found.deviation, found.number, list(found.values))
