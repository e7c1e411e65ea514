"""TensorBoard shows the numbers of the CSV records: read back by TensorBoard's own reader."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

import pytest

from kdlib.telemetry.step_csv import history, read_steps, read_validations
from kdlib.telemetry.tensorboard import write_board
from tests.runs.small_run import STEP_COUNT, write_training

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
