"""TensorBoard shows the numbers of the CSV records: read back by TensorBoard's own reader."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

import pytest

from kdlib.telemetry.step_csv import history, read_steps, read_validations
from kdlib.telemetry.tensorboard import step_scalars, write_board
from tests.runs.small_run import STEP_COUNT, write_training

GROUPS = {
    "Loss",
    "Loss_Raw",
    "Loss_Weighted",
    "Weights",
    "Gradients",
    "Hyperparams",
    "Validation",
    "Training",
}
PARTS = ("focal", "jsd", "semantic")
SUMMED = {
    "Loss/total": "total_loss_weighted",
    "Loss_Raw/ce": "ce_loss_raw",
    "Loss_Weighted/ce": "ce_loss_weighted",
}
LAST = {
    "Weights/ce": "ce_weight",
    "Gradients/total": "grad_norm_total",
    "Gradients/encoder": "grad_norm_encoder",
    "Gradients/decoder": "grad_norm_decoder",
    "Hyperparams/learning_rate": "learning_rate",
    "Hyperparams/temperature": "temperature",
    "Hyperparams/alpha": "alpha",
    "Hyperparams/batch_size": "effective_batch_size",
    "Training/epoch": "epoch",
    "Training/memory_mb": "memory_usage_mb",
    "Training/seconds": "elapsed_time_seconds",
}


@pytest.fixture
def folder(tmp_path) -> Path:
    """Records of a training, and the events made from them."""
    write_training(tmp_path, "students/ce")
    own = tmp_path / "students/ce"
    records = history(read_steps(own / "step_metrics.csv"), read_validations(own / "training_metrics.csv"))
    write_board(own / "tensorboard", records)
    return own


def test_every_number_of_every_step_is_the_one_in_the_table(folder):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder / "tensorboard"), size_guidance={"scalars": 0})
    events.Reload()
    with (folder / "step_metrics.csv").open(newline="") as file:
        rows = defaultdict(list)
        for row in csv.DictReader(file):
            rows[int(row["step"])].append(row)
    assert len(rows) == STEP_COUNT
    expected = {
        tag: {n: sum(float(r[name]) for r in own) for n, own in rows.items()} for tag, name in SUMMED.items()
    }
    expected |= {tag: {n: float(own[-1][name]) for n, own in rows.items()} for tag, name in LAST.items()}
    expected["Validation/nll"] = {3: 2.5, 6: 2.25}
    found = {tag: {own.step: own.value for own in events.Scalars(tag)} for tag in events.Tags()["scalars"]}
    assert found.keys() == expected.keys()
    for tag, values in expected.items():
        assert found[tag] == pytest.approx(values, rel=1e-6), tag  # events hold single precision
    clock = [own.wall_time for own in events.Scalars("Loss/total")]
    assert clock == [1000.25 + step for step in range(1, STEP_COUNT + 1)]


def test_tensorboard_has_all_groups_and_every_step_once(run, events):
    found = events(run)
    assert {tag.partition("/")[0] for tag, _, _ in found} == GROUPS
    assert len({(tag, step) for tag, step, _ in found}) == len(found)
    read = list(read_steps(run / "step_metrics.csv"))
    for name in PARTS:
        line = [(step, value) for tag, step, value in found if tag == f"Loss_Raw/{name}"]
        assert [step for step, _ in line] == list(range(1, 9))
        assert [value for _, value in line] == pytest.approx([step.raw[name] for step in read], rel=1e-6)
    losses = [value for tag, _, value in found if tag == "Loss/total"]
    assert losses == pytest.approx([step.total for step in read], rel=1e-6)
    validations = [(step, value) for tag, step, value in found if tag == "Validation/nll"]
    expected = [(v.step, v.nll) for v in read_validations(run / "training_metrics.csv")]
    assert [step for step, _ in validations] == [step for step, _ in expected]
    assert [value for _, value in validations] == pytest.approx([value for _, value in expected])


def test_scalars_of_a_step(make_step):
    found = step_scalars(make_step(3, gradients={"jsd": 3.0, "semantic": 1.0}, encoder_gradient=None))
    assert found["Gradients/jsd"] == 3.0
    assert found["Gradients/jsd_share"] == 0.75
    assert "Gradients/encoder" not in found
    assert (found["Hyperparams/learning_rate"], found["Hyperparams/temperature"]) == (1e-3, 4.0)
    assert {tag.partition("/")[0] for tag in found} == GROUPS - {"Validation"}
