import pytest

from kdlib.training.loop.schedules import (
    alpha_at,
    has_converged,
    learning_rate_factor,
    temperature_at,
    weight_at,
)


@pytest.mark.parametrize(
    ("first", "last", "progress", "expected"),
    [
        (0.7, 0.35, 0.0, 0.7),
        (0.7, 0.35, 0.5, 0.525),
        (0.7, 0.35, 1.0, 0.35),
        (0.0, 0.35, 0.2, 0.07),
        (0.3, 0.3, 0.123, 0.3),
    ],
)
def test_weight_runs_on_a_line(first, last, progress, expected):
    assert weight_at(first, last, progress) == pytest.approx(expected)


@pytest.mark.parametrize("progress", [-0.01, 1.01, float("nan")])
def test_progress_outside_the_run_is_an_error(progress):
    with pytest.raises(ValueError, match=str(progress)):
        weight_at(0.0, 1.0, progress)


@pytest.mark.parametrize(
    ("epoch", "expected"), [(0, 4.0), (1, 2.8284271), (2, 2.0), (3, 1.4142136), (4, 1.0)]
)
def test_temperature_falls_by_a_constant_factor(epoch, expected):
    assert temperature_at(4.0, 1.0, epoch, 4) == pytest.approx(expected)


def test_default_temperature_by_hand():
    # 4·(1.5/4)^(3/5), and the last of five epochs stays above 1.5
    assert temperature_at(4.0, 1.5, 3, 5) == pytest.approx(2.2206, abs=1e-4)
    assert temperature_at(4.0, 1.5, 4, 5) == pytest.approx(1.8251, abs=1e-4)


def test_equal_temperatures_stay():
    assert [temperature_at(2.0, 2.0, epoch, 7) for epoch in range(8)] == [2.0] * 8


@pytest.mark.parametrize(
    ("alpha0", "epoch", "converged", "expected"),
    [
        (0.5, 5, False, 0.5),
        (0.5, 0, True, 0.5),
        (0.5, 5, True, 0.4),
        (0.5, 10, True, 0.3),
        (0.4, 7, True, 0.3),  # 0.26 is below the floor
        (0.9, 10, True, 0.7),
        (0.2, 5, True, 0.2),  # the floor does not raise what a user set
        (0.0, 5, True, 0.0),
    ],
)
def test_alpha(alpha0, epoch, converged, expected):
    assert alpha_at(alpha0, epoch, 10, converged) == pytest.approx(expected)


def test_alpha_never_rises():
    for alpha0 in (0.0, 0.25, 0.3, 0.31, 0.5, 1.0):
        path = [alpha_at(alpha0, epoch, 9, converged=True) for epoch in range(10)]
        assert path == sorted(path, reverse=True)
        assert path[0] == alpha0


@pytest.mark.parametrize(
    ("previous", "current", "expected"),
    [
        (2.0, 1.9, False),
        (2.0, 1.98, False),  # exactly 1 %
        (2.0, 1.981, True),
        (2.0, 2.0, True),
        (2.0, 2.5, True),
        (0.0, 0.0, True),
    ],
)
def test_convergence(previous, current, expected):
    assert has_converged(previous, current, 0.01) is expected


def test_learning_rate_by_hand():
    path = [learning_rate_factor(step, 10, 2, 0.2) for step in range(12)]
    assert path == pytest.approx([0, 0.5, 1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.2])


def test_learning_rate_without_warmup_or_decay():
    assert [learning_rate_factor(step, 4, 0, 0.0) for step in range(5)] == [1, 0.75, 0.5, 0.25, 0]
    assert [learning_rate_factor(step, 4, 4, 0.2) for step in range(5)] == [0, 0.25, 0.5, 0.75, 1]
    assert [learning_rate_factor(step, 3, 1, 1.0) for step in range(4)] == [0, 1, 1, 1]
