from __future__ import annotations

import statistics
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from kdlib.metrics import significance
from kdlib.metrics.significance import (
    Spread,
    holm,
    intervals,
    paired_differences,
    random_swaps,
    ratio,
    resample_counts,
    spread,
)


def means(values):
    return np.column_stack([values, np.ones(len(values))])


def interval(rows, statistic, counts, confidence):
    return intervals({"m": (rows, statistic)}, counts, confidence)["m"]


def paired_difference(a, b, statistic, *draws):
    return paired_differences({"m": (a, statistic)}, {"m": (b, statistic)}, *draws)["m"]


def test_metrics_of_one_pass_are_those_of_many():
    random = np.random.default_rng(3)
    counts, swaps = resample_counts(40, 200, 1), random_swaps(40, 200, 1)
    many = {name: (random.random((40, 2)), ratio) for name in "abc"}
    other = {name: (random.random((40, 2)), ratio) for name in "abc"}
    found, compared = intervals(many, counts, 0.9), paired_differences(many, other, counts, swaps, 0.9)
    for name, (rows, _) in many.items():
        assert found[name] == pytest.approx(interval(rows, ratio, counts, 0.9))
        alone = paired_difference(rows, other[name][0], ratio, counts, swaps, 0.9)
        assert compared[name] == pytest.approx(alone)


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
    with pytest.raises(ValueError, match=r"\(3, 2\).* and .*\(4, 2\)"):
        paired_difference(
            means([1.0] * 3), means([1.0] * 4), ratio, resample_counts(3, 9, 0), random_swaps(3, 9, 0), 0.95
        )


def test_ties_survive_the_order_of_summation():
    # Of the 2⁴ assignments only "none" and "all" are extreme; the latter's sums are rounded differently.
    a, b = means([0.6, 0.3, 0.0, 0.0]), means([0.8, 0.5, 0.3, 0.3])
    found = paired_difference(a, b, ratio, resample_counts(4, 9, 0), random_swaps(4, 8000, 0), 0.95)
    assert found.p == pytest.approx(2 / 16, abs=0.02)


@pytest.mark.parametrize(
    ("p_values", "adjusted"),
    [
        ([], []),
        ([0.03], [0.03]),
        ([0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02]),  # ×3, ×1 → that before it, ×2, ×4
        ([0.5, 0.02, 0.4], [0.8, 0.06, 0.8]),
        ([0.6, 0.7, 0.9], [1, 1, 1]),
        ([0.01, 0.01, 0.01], [0.03, 0.03, 0.03]),
        ([0.0, 1.0], [0.0, 1.0]),
    ],
)
def test_holm_by_hand(p_values, adjusted):
    assert holm(p_values) == pytest.approx(adjusted)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8), st.floats(0.001, 0.3))
def test_holm_rejects_what_the_sequential_procedure_rejects(p_values, level):
    """Holm's own words: go up from the smallest p while it is at most level / (number of those left)."""
    rejected = set()
    left = sorted(enumerate(p_values), key=lambda item: item[1])
    while left and left[0][1] * len(left) <= level:
        rejected.add(left.pop(0)[0])
    adjusted = holm(p_values)
    assert {at for at, p in enumerate(adjusted) if p <= level} == rejected
    assert all(own <= p <= min(1, own * len(p_values)) for own, p in zip(p_values, adjusted, strict=True))


def test_holm_keeps_the_rate_of_false_calls():
    """All null hypotheses true: at level 0.1 some call in at most a tenth of all families of 5."""
    families = np.random.default_rng(0).random((4000, 5))
    false = np.mean([min(holm(own.tolist())) <= 0.1 for own in families])
    assert false == pytest.approx(1 - (1 - 0.1 / 5) ** 5, abs=0.015)
    assert np.mean([own.min() <= 0.1 for own in families]) > 0.35  # what it guards against


@pytest.mark.parametrize("wrong", [-0.1, 1.5, float("nan")])
def test_holm_refuses_what_is_no_p_value(wrong):
    with pytest.raises(ValueError, match=f"got {wrong:g}"):
        holm([0.5, wrong])


def test_spread_over_seeds():
    values = [0.31, 0.35, 0.3]
    found = spread(values)
    assert found == (pytest.approx(np.mean(values)), pytest.approx(np.std(values, ddof=1)), 3, tuple(values))
    assert found.deviation == pytest.approx(statistics.stdev(values))
    assert spread([0.5]) == Spread(0.5, None, 1, (0.5,))
    with pytest.raises(ValueError, match="none"):
        spread([])
