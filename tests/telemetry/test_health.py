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
from kdlib.telemetry.step_csv import Validation, history
from kdlib.telemetry.warnings import Watch, warnings_of

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


def causes(warnings):
    return [warning.cause for warning in warnings]


def watched(records, planned=1000, warmup=10, keys=KEYS):
    return warnings_of(records, Watch(keys, planned, warmup))


def test_a_healthy_run_has_no_warning(make_step):
    steps = [
        make_step(n, epoch=n // 100, total=3 / n, raw={"jsd": 3 / n}, gradients={"jsd": 0.5, "semantic": 0.5})
        for n in range(1, 1001)
    ]
    assert watched(history(steps, validations(*(3 / n for n in range(1, 11))))) == []


def test_each_cause_is_told_once_with_the_key_to_change(make_step):
    steps = [make_step(n, gradient=200.0) for n in range(1, 50)]
    (warning,) = watched(steps)
    assert (warning.cause, warning.step) == ("gradient_spike", 1)
    assert warning.text() == (
        "step 1: the gradient's norm is 200, above 100; likely too high a learning rate; change "
        "students.toy.training.learning_rate (now 0.01) or students.toy.training.warmup_ratio (now 0.15)"
    )


def test_a_spike_names_the_component_that_makes_it(make_step):
    (warning, other) = watched([make_step(11, gradient=200.0, gradients={"jsd": 30.0, "semantic": 170.0})])
    assert (warning.likely, warning.change) == (
        "semantic, which makes 85% of it",
        "students.toy.components.semantic.scale",
    )
    assert other.cause == "dominant_semantic"


def test_dominance_counts_after_warm_up_only(make_step):
    high = {"jsd": 9.0, "semantic": 1.0}
    assert watched([make_step(n, gradients=high) for n in range(1, 11)]) == []
    (warning,) = watched([make_step(n, gradients=high) for n in range(1, 40)])
    assert (warning.cause, warning.step) == ("dominant_jsd", 11)
    assert "jsd makes 90% of the gradient" in warning.seen
    assert "students.toy.loss_weights.jsd" in warning.change
    assert "analyse-loss-scaling" in warning.change


@pytest.mark.parametrize(("name", "key"), [("kl", "alpha"), ("ce", "alpha"), ("pans", "pans_weight")])
def test_a_balanced_loss_has_keys_of_its_own(name, key):
    assert Keys("students.toy", Training(), balanced=True).of_weight(name) == f"students.toy.{key}"


def test_vanishing_of_the_whole_and_of_the_encoder_are_two_causes(make_step):
    part = [make_step(n, encoder_gradient=1e-9) for n in range(1, 40)]
    (warning,) = watched(part)
    assert (warning.cause, warning.step) == ("vanishing_encoder_gradient", 20)
    assert "copy_steps" in warning.change
    whole = [make_step(n, gradient=0.0, encoder_gradient=0.0) for n in range(1, 40)]
    assert causes(watched(whole)) == ["vanishing_gradient"]
    causal = [make_step(n, encoder_gradient=None) for n in range(1, 40)]
    assert watched(causal) == []


def test_oscillation_is_told_with_its_keys(make_step):
    (warning,) = watched([make_step(n, total=loss) for n, loss in enumerate(waves(0.4, steps=200), 1)])
    assert warning.cause == "oscillation"
    assert warning.step >= 80
    assert "students.toy.training.learning_rate" in warning.change
    assert "students.toy.training.accumulation" in warning.change


def test_a_plateau_is_one_cause_however_it_shows(make_step):
    still = [make_step(n) for n in range(1, 1001)]
    (warning,) = watched(still)
    assert (warning.cause, warning.step) == ("plateau", 400)
    (warning,) = watched(history(still, validations(3.0, 2.0, 2.0, 2.0, 2.0)))
    assert (warning.cause, warning.step) == ("plateau", 50)
    assert "dropout" in warning.change
    falling = [make_step(n, raw={"jsd": 2.0, "semantic": 1 / n}) for n in range(1, 1001)]
    assert watched(falling) == []
    assert watched(still[:100], planned=100) == []  # chunks of so few steps are noise


def test_growing_memory_is_told(make_step):
    (warning,) = watched([make_step(n, memory=100.0 + n) for n in range(1, 90)], planned=100)
    assert (warning.cause, warning.step) == ("growing_memory", 60)
    assert "batch_size" in warning.change
