"""Bootstrap intervals and paired tests from the sufficient statistics of rows; texts are never scored again.

Every metric is ``statistic(Σ rows)`` for a matrix ``[rows, s]`` of statistics: a mean or a rate per token is
the ``ratio`` of two columns, BLEU is ``bleu_values`` of ten.

What resampling rows cannot show has helpers of its own: ``holm`` for many comparisons, ``spread`` for seeds.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Statistic = Callable[[NDArray[np.float64]], NDArray[np.float64]]
# Metric: sufficient statistics [rows, s], and what maps their sums [corpora, s] to values [corpora].
Rows = Mapping[str, tuple[NDArray[Any], Statistic]]
_BLOCK = 4_000_000  # weights that are float64 at once: 32 MB


class Interval(NamedTuple):
    """A value with the ends of its bootstrap interval."""

    value: float
    low: float
    high: float


class Difference(NamedTuple):
    """A difference a − b with its interval and two-sided p-value."""

    difference: float
    low: float
    high: float
    p: float


class Spread(NamedTuple):
    """A metric over runs that differ in nothing but their seed.

    Attributes:
        mean: Arithmetic mean.
        deviation: Sample standard deviation (n − 1); None for one run, which shows no spread.
        number: Number of runs.
        values: The value of each run.
    """

    mean: float
    deviation: float | None
    number: int
    values: tuple[float, ...]


def resample_counts(rows: int, resamples: int, seed: int) -> NDArray[np.uint16]:
    """Draw bootstrap resamples: how often each row is taken when ``rows`` rows are drawn with replacement.

    Args:
        rows: Number of rows, at least 1.
        resamples: Number of resamples.
        seed: Seed; equal seeds give equal draws, so that models are compared on the same resamples.

    Returns:
        ``[resamples, rows]``, every line summing to ``rows``.

    Reference: Efron 1979; Koehn 2004 for paired use.
    """
    random = np.random.default_rng([seed, 0])
    draws = (random.integers(rows, size=rows) for _ in range(resamples))
    return np.stack([np.bincount(draw, minlength=rows).astype(np.uint16) for draw in draws])


def random_swaps(rows: int, resamples: int, seed: int) -> NDArray[np.bool_]:
    """Draw for approximate randomisation which rows exchange their two systems, each with probability ½.

    Args:
        rows: Number of rows.
        resamples: Number of draws.
        seed: Seed; the stream differs from that of ``resample_counts``.

    Returns:
        ``[resamples, rows]``.
    """
    return np.random.default_rng([seed, 1]).integers(2, size=(resamples, rows), dtype=np.bool_)


def ratio(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return Σx / Σw of statistics ``[corpora, 2]``: a mean if w = 1, a rate per token if w counts tokens."""
    return sums[:, 0] / sums[:, 1]


def intervals(systems: Rows, counts: NDArray[np.uint16], confidence: float) -> dict[str, Interval]:
    """Return the value of every metric with its percentile bootstrap interval.

    Args:
        systems: Metric: its sufficient statistics ``[rows, s]`` and what maps their sums to values.
        counts: ``[resamples, rows]`` from ``resample_counts``.
        confidence: Mass of the intervals, in (0, 1).

    Reference: Efron & Tibshirani 1993, ch. 13.
    """
    drawn = _sums(counts, {name: rows for name, (rows, _) in systems.items()})
    found = {}
    for name, (rows, statistic) in systems.items():
        low, high = _percentiles(statistic(drawn[name]), confidence)
        found[name] = Interval(float(statistic(_total(rows))[0]), low, high)
    return found


def paired_differences(
    a: Rows, b: Rows, counts: NDArray[np.uint16], swaps: NDArray[np.bool_], confidence: float
) -> dict[str, Difference]:
    """Compare two systems on the same rows: a − b, paired bootstrap interval, p of approximate randomisation.

    p = (1 + #{draws with abs(difference) at least the observed}) / (1 + draws); two equal systems have p = 1.

    Args:
        a: Metric: statistics of the first system, and what maps their sums to values.
        b: The same metrics of the second system on the same rows in the same order.
        counts: ``[resamples, rows]`` from ``resample_counts``.
        swaps: ``[draws, rows]`` from ``random_swaps``.
        confidence: Mass of the intervals, in (0, 1).

    Raises:
        ValueError: If the two systems have different metrics or shapes.

    Reference: Noreen 1989; Riezler & Maxwell 2005.
    """
    shapes = [{name: rows.shape for name, (rows, _) in system.items()} for system in (a, b)]
    if shapes[0] != shapes[1]:
        raise ValueError(f"paired systems need the same rows and statistics, got {shapes[0]} and {shapes[1]}")
    drawn_a, drawn_b = (
        _sums(counts, {name: rows for name, (rows, _) in system.items()}) for system in (a, b)
    )
    exchanged = _sums(swaps, {name: b[name][0].astype(np.float64) - rows for name, (rows, _) in a.items()})
    found = {}
    for name, (rows, statistic) in a.items():
        sum_a = _total(rows)
        sum_b = _total(b[name][0])
        difference = float(statistic(sum_a)[0] - statistic(sum_b)[0])
        low, high = _percentiles(statistic(drawn_a[name]) - statistic(drawn_b[name]), confidence)
        null = np.abs(statistic(sum_a + exchanged[name]) - statistic(sum_b - exchanged[name]))
        # Differences that are equal but for the order of summation count as equal.
        extreme = np.count_nonzero(null >= abs(difference) - 1e-9 * max(1.0, abs(difference)))
        # +1: a randomisation p-value is never 0 (Phipson & Smyth 2010).
        found[name] = Difference(difference, low, high, float((1 + extreme) / (1 + len(swaps))))
    return found


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values of a family of m tests by the step-down method of Holm and Bonferroni.

    With p sorted upwards, p̃_(i) = max_{j ≤ i} min(1, (m − j + 1)·p_(j)). If every test with p̃ ≤ α is called
    significant, the probability of any false call is at most α, however the tests depend on each other.

    Args:
        p_values: One p-value for each comparison of the family, all that are looked at.

    Returns:
        Adjusted p-values in the order given; an empty family gives none.

    Raises:
        ValueError: If a p-value does not lie in [0, 1].

    Reference: Holm 1979.

    Relations:
        Never below the p-values and never above Bonferroni's m·p, so that Bonferroni is never better.
    """
    wrong = [p for p in p_values if not 0 <= p <= 1]
    if wrong:
        raise ValueError(f"a p-value must lie in [0, 1], got {wrong[0]:g}")
    adjusted = [0.0] * len(p_values)
    reached = 0.0
    for done, at in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        reached = max(reached, min(1.0, (len(p_values) - done) * p_values[at]))
        adjusted[at] = reached
    return adjusted


def spread(values: Sequence[float]) -> Spread:
    """Return mean and standard deviation of a metric over seeds.

    An interval by resampling rows estimates what another test set would give; this estimates what another
    training would. Neither replaces the other.

    Args:
        values: The metric of each run, at least one.

    Raises:
        ValueError: If there is no run.
    """
    if not values:
        raise ValueError("a spread over seeds needs a run, got none")
    deviation = statistics.stdev(values) if len(values) > 1 else None
    return Spread(statistics.fmean(values), deviation, len(values), tuple(values))


def _total(rows: NDArray[Any]) -> NDArray[np.float64]:
    return rows.sum(axis=0, keepdims=True).astype(np.float64)


def _sums(weights: NDArray[Any], columns: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float64]]:
    """Return ``weights @ rows`` of every metric, ``[resamples, s]``, in float64 and by blocks."""
    # All metrics in one product: turning the weights into floats takes longer than multiplying.
    together = np.hstack([rows.astype(np.float64) for rows in columns.values()])
    step = max(1, _BLOCK // weights.shape[1])
    blocks = (weights[at : at + step].astype(np.float64) for at in range(0, len(weights), step))
    sums = np.concatenate([block @ together for block in blocks])
    ends = np.cumsum([rows.shape[1] for rows in columns.values()])[:-1]
    return dict(zip(columns, np.split(sums, ends, axis=1), strict=True))


def _percentiles(values: NDArray[np.float64], confidence: float) -> tuple[float, float]:
    tail = (1 - confidence) / 2
    low, high = np.quantile(values, [tail, 1 - tail])
    return float(low), float(high)
