"""Each cause is reported once where its sign shows, with the key to change."""

from __future__ import annotations

import pytest

from kdlib.config import Training
from kdlib.telemetry.health import Keys
from kdlib.telemetry.step_csv import Validation, history
from kdlib.telemetry.warnings import Watch, warnings_of

KEYS = Keys("students.toy", Training(learning_rate=0.01, epochs=10), balanced=False)


def validations(*values):
    return [Validation(epoch, 10 * epoch, nll) for epoch, nll in enumerate(values, 1)]


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
    losses = [1.4 if n % 20 < 10 else 0.6 for n in range(200)]
    (warning,) = watched([make_step(n, total=loss) for n, loss in enumerate(losses, 1)])
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
