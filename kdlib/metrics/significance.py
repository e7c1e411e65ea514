"""Bootstrap intervals and paired tests from the sufficient statistics of rows; texts are never scored again.

Every metric is ``statistic(Σ rows)`` for a matrix ``[rows, s]`` of statistics: a mean or a rate per token is
the ``ratio`` of two columns, BLEU is ``bleu_values`` of ten.

What resampling rows cannot tell has helpers of its own: ``holm`` for many comparisons, ``spread`` for seeds.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Statistic = Callable[[NDArray[np.float64]], NDArray[np.float64]]
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
        deviation: Sample standard deviation (n − 1); None for one run, which tells nothing of it.
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


def interval(
    rows: NDArray[Any], statistic: Statistic, counts: NDArray[np.uint16], confidence: float
) -> Interval:
    """Return a metric's value with its percentile bootstrap interval.

    Args:
        rows: ``[rows, s]``, sufficient statistics.
        statistic: Maps sums ``[corpora, s]`` to values ``[corpora]``.
        counts: ``[resamples, rows]`` from ``resample_counts``.
        confidence: Mass of the interval, in (0, 1).

    Reference: Efron & Tibshirani 1993, ch. 13.
    """
    value = statistic(rows.sum(axis=0, keepdims=True).astype(np.float64))[0]
    low, high = _percentiles(statistic(_sums(counts, rows)), confidence)
    return Interval(float(value), low, high)


def paired_difference(
    a: NDArray[Any],
    b: NDArray[Any],
    statistic: Statistic,
    counts: NDArray[np.uint16],
    swaps: NDArray[np.bool_],
    confidence: float,
) -> Difference:
    """Compare two systems on the same rows: a − b, paired bootstrap interval, p of approximate randomisation.

    p = (1 + #{draws with abs(difference) at least the observed}) / (1 + draws); two equal systems have p = 1.

    Args:
        a: ``[rows, s]``, statistics of the first system.
        b: ``[rows, s]``, statistics of the second on the same rows in the same order.
        statistic: Maps sums ``[corpora, s]`` to values ``[corpora]``.
        counts: ``[resamples, rows]`` from ``resample_counts``.
        swaps: ``[draws, rows]`` from ``random_swaps``.
        confidence: Mass of the interval, in (0, 1).

    Raises:
        ValueError: If the two systems have different shapes.

    Reference: Noreen 1989; Riezler & Maxwell 2005.
    """
    if a.shape != b.shape:
        raise ValueError(f"paired systems need the same rows and statistics, got {a.shape} and {b.shape}")
    sum_a = a.sum(axis=0, keepdims=True).astype(np.float64)
    sum_b = b.sum(axis=0, keepdims=True).astype(np.float64)
    difference = float(statistic(sum_a)[0] - statistic(sum_b)[0])
    low, high = _percentiles(statistic(_sums(counts, a)) - statistic(_sums(counts, b)), confidence)
    exchanged = _sums(swaps, b - a)
    null = np.abs(statistic(sum_a + exchanged) - statistic(sum_b - exchanged))
    # Differences that are equal but for the order of summation count as equal.
    extreme = np.count_nonzero(null >= abs(difference) - 1e-9 * max(1.0, abs(difference)))
    # +1: a randomisation p-value is never 0 (Phipson & Smyth 2010).
    return Difference(difference, low, high, float((1 + extreme) / (1 + len(swaps))))


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

    An interval by resampling rows tells what another test set would give; this tells what another training
    would. Neither replaces the other.

    Args:
        values: The metric of each run, at least one.

    Raises:
        ValueError: If there is no run.
    """
    if not values:
        raise ValueError("a spread over seeds needs a run, got none")
    deviation = statistics.stdev(values) if len(values) > 1 else None
    return Spread(statistics.fmean(values), deviation, len(values), tuple(values))


def _sums(weights: NDArray[Any], rows: NDArray[Any]) -> NDArray[np.float64]:
    """Return ``weights @ rows`` in float64 and by blocks, ``[resamples, s]``."""
    step = max(1, _BLOCK // weights.shape[1])
    blocks = (weights[at : at + step].astype(np.float64) for at in range(0, len(weights), step))
    return np.concatenate([block @ rows.astype(np.float64) for block in blocks])


def _percentiles(values: NDArray[np.float64], confidence: float) -> tuple[float, float]:
    tail = (1 - confidence) / 2
    low, high = np.quantile(values, [tail, 1 - tail])
    return float(low), float(high)
