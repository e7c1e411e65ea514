"""The CSV records are read back as they were written."""

from __future__ import annotations

import csv
from collections import defaultdict

import pytest

from kdlib.files import DataError
from kdlib.losses.table import Components
from kdlib.telemetry.step_csv import Step, Validation, history, read_steps

PARTS = ("focal", "jsd", "semantic")


def test_steps_are_read_as_they_were_written(run, steps):
    grouped = defaultdict(list)
    for row in steps(run):
        grouped[int(row["step"])].append(row)
    read = list(read_steps(run / "step_metrics.csv"))
    assert [step.number for step in read] == sorted(grouped) == list(range(1, 9))
    for step in read:
        first, last = grouped[step.number]
        for name in PARTS:
            for part, values in (("raw", step.raw), ("weighted", step.weighted)):
                column = f"{name}_loss_{part}"
                assert values[name] == float(first[column]) + float(last[column])
        assert step.rows == 8
        assert step.gradient == float(last["grad_norm_total"])
        assert set(step.gradients) == (set(PARTS) if step.number in (1, 4, 7) else set())


def test_weighted_sums_add_up_in_every_row_and_step_of_an_accumulated_run(run, steps):
    rows = steps(run)
    assert len(rows) == 16
    for row in rows:
        weighted = [float(row[f"{name}_loss_weighted"]) for name in PARTS]
        raw = [float(row[f"{name}_loss_raw"]) for name in PARTS]
        assert float(row["total_loss_weighted"]) == pytest.approx(sum(weighted), rel=1e-6)
        assert float(row["total_loss_raw"]) == pytest.approx(sum(raw), rel=1e-6)
        for name, scale in zip(PARTS, (1.0, 1.0, 5.0), strict=True):  # β of semantic, once
            expected = float(row[f"{name}_weight"]) * scale * float(row[f"{name}_loss_raw"])
            assert float(row[f"{name}_loss_weighted"]) == pytest.approx(expected, rel=1e-5, abs=1e-9)
    for step in read_steps(run / "step_metrics.csv"):
        assert step.total == pytest.approx(sum(step.weighted.values()), rel=1e-6)


def test_history_puts_a_validation_after_its_step(make_step):
    records = history([make_step(n) for n in (1, 2, 3)], [Validation(1, 2, 1.0), Validation(2, 3, 1.0)])
    order = [("step", r.number) if isinstance(r, Step) else ("validation", r.step) for r in records]
    assert order == [("step", 1), ("step", 2), ("validation", 2), ("step", 3), ("validation", 3)]


BROKEN = {
    "missing": (None, "there is no such file"),
    "another table": ("a,b\n1,2\n", "not a step_metrics.csv, it has no column timestamp"),
    "cut": ("cut", "not a whole row of numbers"),
    "text": ("text", "not a whole row of numbers"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_what_is_no_record_is_told(run, tmp_path, kind):
    content, reason = BROKEN[kind]
    path, whole = tmp_path / "broken.csv", (run / "step_metrics.csv").read_text()
    if content is not None:
        changed = {"cut": whole[:-60], "text": whole.replace(",4.0,", ",four,")}
        assert changed["text"] != whole
        path.write_text(changed.get(content, content))
    with pytest.raises(DataError, match=rf"broken\.csv.*{reason}"):
        list(read_steps(path))


def test_the_columns_are_those_of_the_specification(distill):
    out = distill("all", {"epochs": 1}, components={name: {} for name in PARTS})
    with (out / "step_metrics.csv").open(newline="") as file:
        columns = next(csv.reader(file))
    parts = ("loss_raw", "loss_weighted", "weight", "grad_norm")
    expected = {f"{name}_{part}" for name in PARTS for part in parts}
    expected |= {"timestamp", "epoch", "step", "mini_batch_idx", "total_loss_raw", "total_loss_weighted"}
    expected |= {"grad_norm_total", "grad_norm_encoder", "grad_norm_decoder", "learning_rate", "temperature"}
    expected |= {"alpha", "effective_batch_size", "memory_usage_mb", "elapsed_time_seconds"}
    assert set(columns) == expected
    assert set(PARTS) <= set(Components.model_fields)
