"""Each sign of illness: it is told where it is there, and not where it is not."""

from __future__ import annotations

import math
import random

import pytest

from kdlib.config import Training
from kdlib.telemetry.health import (
    Keys,
    dominant,
    growing,
    not_finite,
    oscillation,
    spike,
    standing,
    vanished,
    waiting,
)
from kdlib.telemetry.step_csv import Validation

KEYS = Keys("students.toy", Training(learning_rate=0.01, epochs=10), balanced=False)


def validations(*values):
    return [Validation(epoch, 10 * epoch, nll) for epoch, nll in enumerate(values, 1)]


@pytest.mark.parametrize(("norm", "seen"), [(100.5, True), (math.inf, True), (100.0, False), (0.0, False)])
def test_spike(make_step, norm, seen):
    assert bool(spike(make_step(1, gradient=norm))) == seen


@pytest.mark.parametrize(
    ("norms", "seen"),
    [
        ([1e-6] * 20, True),
        ([1.0] * 50 + [1e-6] * 20, True),
        ([1e-6] * 19, False),  # too few to tell
        ([1e-6] * 10 + [1e-4] + [1e-6] * 10, False),
        ([None] * 30, False),  # there is no such part
    ],
)
def test_vanished(norms, seen):
    assert vanished(norms) == seen


def waves(height, period=20, steps=80):
    return [1 + height * (1 if step % period < period // 2 else -1) for step in range(steps)]


def test_oscillation_is_swings_of_means_not_noise_nor_progress():
    assert "between 0.7 and 1.3" in oscillation(waves(0.3))
    assert oscillation(waves(0.3, steps=79)) is None
    assert oscillation(waves(0.12)) is None  # swings of 0.24
    assert oscillation([10 / (1 + step) for step in range(200)]) is None
    assert oscillation(waves(5.0, period=2)) is None  # a batch is not like the next
    rng = random.Random(0)
    noise = [rng.lognormvariate(0, 0.3) for _ in range(20_000)]
    assert all(oscillation(noise[at : at + 80]) is None for at in range(0, len(noise) - 80, 10))


def test_dominant_averages_the_last_three_measurements():
    assert dominant([{"jsd": 0.75, "semantic": 0.25}]) == ("jsd", 0.75)
    assert dominant([{"jsd": 0.7, "semantic": 0.3}]) is None
    assert dominant([{"jsd": 0.99, "semantic": 0.01}, *[{"jsd": 0.5, "semantic": 0.5}] * 3]) is None
    assert dominant([{"jsd": 0.5, "semantic": 0.5}, {"jsd": 0.9, "semantic": 0.1}]) is None
    assert dominant([]) is None
    assert dominant([{"ce": 1.0}]) is None  # alone it cannot but have all


@pytest.mark.parametrize(
    ("values", "seen"),
    [
        ((2.0, 1.0, 1.1, 1.2, 1.05), True),
        ((2.0, 1.0, 0.9995, 0.9994, 0.9993), True),  # no progress to speak of
        ((2.0, 1.0, 1.1, 1.2, 0.9), False),
        ((1.0, 1.1, 1.2), False),
        ((1.0, 1.1, 1.2, 1.3), True),
    ],
)
def test_waiting(values, seen):
    found = waiting(validations(*values))
    assert bool(found) == seen
    assert not seen or "the 1 of step" in found


def test_standing_asks_every_component():
    def chunks(*pairs):
        return [{"jsd": jsd, "focal": focal} for jsd, focal in pairs]

    assert "40%" in standing(chunks(*[(1.0, 2.0)] * 8))
    assert standing(chunks(*[(1.0, 2.0)] * 7)) is None
    assert standing(chunks(*[(1.0, 2.0)] * 4, *[(1.0, 1.9)] * 4)) is None
    assert standing(chunks(*[(1.0, 2.0)] * 4, *[(1.1, 2.1)] * 4)) is not None


def test_growing():
    assert "from 100 to 150 MB" in growing([100, 110, 120, 130, 140, 150])
    assert growing([100, 110, 120, 130, 140]) is None  # too short to tell
    assert growing([100, 110, 120, 119, 140, 150]) is None  # given back
    assert growing([1000, 1001, 1002, 1003, 1004, 1005]) is None  # little
    assert growing([100, 200, 300, *[300] * 6]) is None  # the beginning of every run


def test_not_finite_names_value_cause_and_way_out():
    assert not_finite({"the loss jsd": 1.0, "the loss semantic": 0.0}, 5, KEYS) is None
    one = not_finite({"the loss jsd": math.nan, "the loss semantic": 0.1}, 5, KEYS)
    assert "step 5: the loss jsd is nan; likely the loss jsd itself" in one
    both = not_finite({"the loss jsd": math.nan, "the loss semantic": math.inf}, 5, KEYS)
    assert "semantic is inf" in both
    assert "the weights diverged" in both
    assert "change students.toy.training.learning_rate (now 0.01) and run again" in both
    first = not_finite({"the loss ce": math.inf}, 1, KEYS)
    assert "students.toy.training.precision (now float32)" in first
