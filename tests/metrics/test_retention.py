from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import special

from kdlib.metrics.retention import (
    TEMPERATURE,
    agreement_values,
    retention_signature,
    retention_statistics,
    retention_values,
)
from kdlib.metrics.significance import intervals, resample_counts


def krs(divergence, tokens, student, teacher):
    rows = retention_statistics(divergence, tokens, student, teacher)
    return retention_values(rows.sum(axis=0, keepdims=True))[0]


@pytest.mark.parametrize(
    ("divergence", "tokens", "student", "teacher", "expected"),
    [
        ([0.0], [7], [0.5], [0.5], 1.0),
        ([20.0], [10], [0.3], [0.6], 0.6 * 0.8 + 0.4 * 0.5),
        ([20.0, 0.0], [5, 5], [0.3, 0.0], [0.6, 0.6], 0.6 * 0.8 + 0.4 * 0.25),
        ([300.0], [10], [0.9], [0.6], 0.4),  # agrees nowhere, is better
        ([100.0], [10], [0.0], [0.6], 0.0),
        ([0.0], [1], [0.0], [0.0], 1.0),  # nothing to lose
        ([0.0], [1], [0.2], [0.0], 1.0),
    ],
)
def test_by_hand(divergence, tokens, student, teacher, expected):
    assert krs(divergence, tokens, student, teacher) == pytest.approx(expected)


def test_divergence_is_averaged_over_tokens_not_rows():
    sums = retention_statistics([9.0, 1.0], [1, 9], [1, 1], [1, 1]).sum(axis=0, keepdims=True)
    assert agreement_values(sums) == pytest.approx([1 - (10 / 10) / 10])
    assert agreement_values(sums[:, :2]) == agreement_values(sums)


def test_from_distributions():
    """The divergence by scipy from logits at T = 2, the score by the formula."""
    random = np.random.default_rng(0)
    teacher, student = random.normal(0, 6, (2, 11, 5))
    p, q = special.softmax(teacher / 2, axis=1), special.softmax(student / 2, axis=1)
    by_scipy = special.rel_entr(p, q).sum(axis=1)
    by_torch = torch.nn.functional.kl_div(
        torch.log_softmax(torch.tensor(student) / TEMPERATURE, 1),
        torch.log_softmax(torch.tensor(teacher) / TEMPERATURE, 1),
        reduction="none",
        log_target=True,
    ).sum(1)
    ends = [slice(0, 4), slice(4, 11)]
    found = krs([by_torch[own].sum().item() for own in ends], [4, 7], [0.2, 0.4], [0.5, 0.9])
    assert found == pytest.approx(0.6 * (1 - by_scipy.mean() / 10) + 0.4 * (0.3 / 0.7))


def test_stays_between_zero_and_one():
    random = np.random.default_rng(1)
    sums = np.column_stack(
        [random.exponential(80, 500) - 1e-9, random.integers(1, 30, 500), random.random((500, 2))]
    )
    sums[0, 0] = -1e-9  # equal distributions, rounded
    found = retention_values(sums)
    assert found.shape == (500,)
    assert (found >= 0).all()
    assert (found <= 1).all()
    assert np.ptp(found) > 0.5


def test_vectorised_over_resamples():
    random = np.random.default_rng(2)
    rows = retention_statistics(
        random.exponential(9, 31).tolist(),
        random.integers(1, 9, 31).tolist(),
        *random.random((2, 31)).tolist(),
    )
    counts = resample_counts(31, 300, seed=1)
    found = intervals({"krs": (rows, retention_values)}, counts, 0.8)["krs"]
    single = [retention_values((own @ rows)[None, :])[0] for own in counts]
    assert (found.low, found.high) == pytest.approx(tuple(np.percentile(single, [10, 90])))
    assert found.low < found.value < found.high


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        (([1.0], [1], [1.0], [1.0, 2.0]), r"\[1, 2\]"),
        (([1.0, 2.0], [3, 0], [1, 1], [1, 1]), "row 1"),
        (([np.inf], [3], [1], [1]), "row 0.*inf"),
        (([1.0], [3], [np.nan], [1]), "row 0.*nan"),
    ],
)
def test_unusable_rows_are_named(columns, said):
    with pytest.raises(ValueError, match=said):
        retention_statistics(*columns)


def test_signature():
    assert retention_signature() == "w:0.6|T:2|none:10nat"
