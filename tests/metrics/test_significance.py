from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import stats

from kdlib.metrics import significance
from kdlib.metrics.significance import interval, paired_difference, random_swaps, ratio, resample_counts


def means(values):
    return np.column_stack([values, np.ones(len(values))])


def test_counts_are_resamples():
    counts = resample_counts(7, 4000, seed=1)
    assert counts.shape == (4000, 7)
    assert (counts.sum(axis=1) == 7).all()
    # Of a row's share: Binomial(7, 1/7).
    share = np.bincount(counts[:, 0], minlength=8)[:4] / 4000
    np.testing.assert_allclose(share, stats.binom(7, 1 / 7).pmf(range(4)), atol=0.03)


def test_draws_follow_the_seed():
    assert (resample_counts(9, 50, 0) == resample_counts(9, 50, 0)).all()
    assert (resample_counts(9, 50, 0) != resample_counts(9, 50, 1)).any()
    assert (random_swaps(9, 50, 0) == random_swaps(9, 50, 0)).all()
    assert 0.4 < random_swaps(9, 500, 0).mean() < 0.6


@pytest.mark.parametrize("block", [1, 100, 4_000_000])
def test_interval_equals_percentiles_of_a_loop(block, monkeypatch):
    monkeypatch.setattr(significance, "_BLOCK", block)
    random = np.random.default_rng(4)
    rows = np.column_stack([random.gamma(2, 3, 13), random.integers(1, 9, 13)])
    counts = resample_counts(13, 301, seed=2)
    values = []
    for own in counts:
        taken = [row for row, times in zip(rows, own, strict=True) for _ in range(times)]
        values.append(sum(row[0] for row in taken) / sum(row[1] for row in taken))
    found = interval(rows, ratio, counts, 0.9)
    assert found.value == pytest.approx(rows[:, 0].sum() / rows[:, 1].sum())
    assert (found.low, found.high) == pytest.approx(tuple(np.percentile(values, [5, 95])))


def test_interval_agrees_with_scipy():
    values = np.random.default_rng(0).normal(2, 1, 60)
    expected = stats.bootstrap((values,), np.mean, method="percentile", n_resamples=5000, rng=1)
    found = interval(means(values), ratio, resample_counts(60, 5000, 3), 0.95)
    assert found.low == pytest.approx(expected.confidence_interval.low, abs=0.03)
    assert found.high == pytest.approx(expected.confidence_interval.high, abs=0.03)


def test_one_row_has_no_width():
    assert interval(means([0.25]), ratio, resample_counts(1, 100, 0), 0.95) == (0.25, 0.25, 0.25)
    found = paired_difference(
        means([1.0]), means([0.0]), ratio, resample_counts(1, 100, 0), random_swaps(1, 100, 0), 0.95
    )
    assert found == (1.0, 1.0, 1.0, 1.0)  # either sign is as extreme


def test_p_approaches_the_exact_sign_flip_test():
    random = np.random.default_rng(8)
    a, b = random.normal(0.6, 1, 9), random.normal(0, 1, 9)
    flips = [abs(np.mean(np.multiply(signs, a - b))) for signs in product([1, -1], repeat=9)]
    exact = np.mean(np.array(flips) >= abs(np.mean(a - b)) - 1e-12)
    found = paired_difference(
        means(a), means(b), ratio, resample_counts(9, 200, 0), random_swaps(9, 20000, 0), 0.95
    )
    assert found.difference == pytest.approx(np.mean(a) - np.mean(b))
    assert found.p == pytest.approx(exact, abs=0.01)
    assert 0 < exact < 1


def test_paired_interval_uses_the_same_resamples():
    random = np.random.default_rng(2)
    b = random.normal(0, 5, 40)
    a = b + 0.5  # row by row the difference is constant, although each system varies much
    counts = resample_counts(40, 500, 0)
    found = paired_difference(means(a), means(b), ratio, counts, random_swaps(40, 999, 0), 0.95)
    assert (found.difference, found.low, found.high) == pytest.approx((0.5, 0.5, 0.5))
    assert found.p == 1 / 1000  # +1 keeps it from being 0


def test_equal_systems_differ_by_nothing():
    same = means([0.0, 1.0, 1.0, 0.3])
    found = paired_difference(same, same, ratio, resample_counts(4, 100, 0), random_swaps(4, 100, 0), 0.95)
    assert found == (0.0, 0.0, 0.0, 1.0)


def test_unequal_rows_are_refused():
    with pytest.raises(ValueError, match=r"\(3, 2\) and \(4, 2\)"):
        paired_difference(
            means([1.0] * 3), means([1.0] * 4), ratio, resample_counts(3, 9, 0), random_swaps(3, 9, 0), 0.95
        )


def test_ties_survive_the_order_of_summation():
    # Of the 2⁴ assignments only "none" and "all" are extreme; the latter's sums are rounded differently.
    a, b = means([0.6, 0.3, 0.0, 0.0]), means([0.8, 0.5, 0.3, 0.3])
    found = paired_difference(a, b, ratio, resample_counts(4, 9, 0), random_swaps(4, 8000, 0), 0.95)
    assert found.p == pytest.approx(2 / 16, abs=0.02)
