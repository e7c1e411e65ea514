"""Means over the steps of an epoch, from steps whose means are known."""

from __future__ import annotations

import math

import pytest

from kdlib.telemetry.epoch_stats import component_summary, epochs_of
from kdlib.telemetry.step_csv import Validation


def test_means_of_an_epoch(make_step):
    made = [
        make_step(1, total=1.0, gradient=2.0, gradients={"jsd": 3.0, "semantic": 1.0}),
        make_step(2, total=2.0, gradient=math.inf, rows=8),  # half precision may overflow
        make_step(3, total=6.0, gradient=4.0, raw={"jsd": 5.0, "semantic": 1.0}),
        make_step(4, epoch=1, weights={"jsd": 0.1, "semantic": 0.9}),
    ]
    first, second = epochs_of(made)
    summary = first.summary([Validation(1, 3, 2.5), Validation(2, 4, 2.75)])
    assert (summary["epoch"], summary["first_step"], summary["last_step"], summary["rows"]) == (1, 1, 3, 40)
    assert (summary["loss"], summary["validation_nll"], summary["best_so_far"]) == (3.0, 2.5, True)
    jsd = summary["components"]["jsd"]
    assert (jsd["loss_raw"], jsd["loss_weighted"], jsd["weight"]) == (3.0, 1.0, [0.5, 0.5])
    assert (jsd["gradient_norm"], jsd["gradient_share"]) == (3.0, 0.75)
    expected = {"total": 3.0, "encoder": pytest.approx(0.6), "decoder": pytest.approx(0.8), "largest": None}
    assert summary["gradient_norm"] == expected
    later = second.summary([Validation(1, 3, 2.5), Validation(2, 4, 2.75)])
    assert (later["epoch"], later["best_so_far"]) == (2, False)
    assert later["components"]["jsd"]["gradient_share"] is None
    assert second.summary([])["validation_nll"] is None


def test_components_from_the_first_to_the_last_epoch(make_step):
    made = [
        make_step(1, gradients={"jsd": 1.0, "semantic": 3.0}),
        make_step(2, epoch=1, raw={"jsd": 1.0, "semantic": 0.4}),
        make_step(3, epoch=2, raw={"jsd": 1.5, "semantic": 0.4}, weights={"jsd": 0.3, "semantic": 0.25}),
    ]
    found = component_summary(list(epochs_of(made)))
    assert (found["epochs"], found["steps"]) == (3, 3)
    jsd, semantic = found["components"]["jsd"], found["components"]["semantic"]
    assert jsd["loss_raw"] == {"first_epoch": 2.0, "last_epoch": 1.5, "lowest": 1.0}
    assert jsd["weight"] == {"first": 0.5, "last": 0.3}
    assert jsd["share_of_loss"]["first_epoch"] == pytest.approx(2 / 3)
    assert semantic["scale"] == 5.0
    assert semantic["gradient_share"] == {"first_measured": 0.75, "last_measured": 0.75}
