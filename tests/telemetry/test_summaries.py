"""What is written of a run, from records whose means can be told by hand, and of a real one."""

from __future__ import annotations

import csv
import json
import math
import re
from collections import defaultdict

import pytest

from kdlib.files import DataError, read_json
from kdlib.losses.table import Components
from kdlib.telemetry.epoch_stats import component_summary, epochs_of
from kdlib.telemetry.step_csv import Step, Validation, history, read_steps, read_validations
from kdlib.telemetry.tensorboard import step_scalars

PARTS = ("focal", "jsd", "semantic")
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
ACCUMULATED = {"epochs": 2, "batch_size": 4, "accumulation": 2, "records": {"gradient_every": 3}}


@pytest.fixture
def run(distill):
    return distill("whole", ACCUMULATED)


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


def test_history_puts_a_validation_after_its_step(make_step):
    records = history([make_step(n) for n in (1, 2, 3)], [Validation(1, 2, 1.0), Validation(2, 3, 1.0)])
    order = [("step", r.number) if isinstance(r, Step) else ("validation", r.step) for r in records]
    assert order == [("step", 1), ("step", 2), ("validation", 2), ("step", 3), ("validation", 3)]


def test_every_epoch_has_a_summary_of_its_steps(run):
    files = sorted(path.name for path in (run / "epochs").iterdir())
    assert files == ["epoch_1_summary.json", "epoch_2_summary.json"]
    of_epoch = [step for step in read_steps(run / "step_metrics.csv") if step.epoch == 1]
    summary = read_json(run / "epochs/epoch_2_summary.json")
    assert summary["loss"] == pytest.approx(sum(step.total for step in of_epoch) / 4)
    assert summary["validation_nll"] == read_validations(run / "training_metrics.csv")[1].nll
    assert summary["rows"] == 32
    shares = [summary["components"][name]["gradient_share"] for name in PARTS]
    assert sum(shares) == pytest.approx(1)
    together = read_json(run / "multi_component_loss_summary.json")
    assert together["components"]["semantic"]["scale"] == 5.0
    assert together["loss"]["last_epoch"] == summary["loss"]


def test_the_log_reads_like_one(run):
    text = (run / "distillation_log.txt").read_text()
    lines = text.splitlines()
    assert re.fullmatch(r"\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC, \d+:\d\d:\d\d\] students/toy", lines[0])
    assert "batch_size: 4" in lines
    assert "null" not in text
    (epoch,) = [line for line in lines if "epoch 2/2" in line]
    report = read_json(run / "training_report.json")
    assert "step 8/8" in epoch
    assert f"validation {report['validation_nll'][1]:.4f} nats/token" in epoch
    for name in PARTS:
        assert re.search(rf"{name} \d\.\d{{4}}", epoch)
    assert f"{report['best_validation_nll']:.4f} nats/token at step {report['best_step']}" in text
    assert lines[-1] == f"warnings: {len(report['warnings'])}"


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


@pytest.mark.parametrize("where", ["first", "later"])
def test_a_loss_that_is_not_finite_stops_the_run_and_writes_no_result(distill, monkeypatch, tmp_path, where):
    from kdlib.losses.focal import Focal

    calls, original, wrong = iter(range(100)), Focal.values, {"first": 0, "later": 5}[where]

    def values(self, batch):
        found = original(self, batch)
        return found * math.nan if next(calls) == wrong else found

    monkeypatch.setattr(Focal, "values", values)
    expected = f"stopped at step {wrong + 1}: the loss focal is nan; likely "
    with pytest.raises(DataError, match=expected):
        distill("nan", {"epochs": 2, "records": {"gradient_every": 0}})
    assert not (tmp_path / "nan").exists()


def test_a_gradient_that_is_not_finite_stops_the_run_before_its_weights_are_kept(
    finetune, monkeypatch, tmp_path
):
    import torch

    original, calls = torch.nn.utils.clip_grad_norm_, iter(range(100))

    def clip(parameters, *args, **kwargs):
        parameters = list(parameters)
        if next(calls) == 5:
            parameters[0].grad.fill_(math.inf)
        return original(parameters, *args, **kwargs)

    monkeypatch.setattr(torch.nn.utils, "clip_grad_norm_", clip)
    with pytest.raises(DataError, match=r"stopped at step 6: the gradient's norm is (inf|nan)"):
        finetune("inf", epochs=2)
    assert not (tmp_path / "inf").exists()
    (folder,) = (tmp_path / "checkpoints").iterdir()
    assert {path.name for path in folder.glob("checkpoint-*")} == {"checkpoint-4"}


def test_warnings_of_a_real_run_stand_in_log_report_and_summary(finetune, capsys):
    """At this rate a nano model is soon as good as it gets."""
    out = finetune("restless", epochs=12, learning_rate=0.05, dropout=0, patience=12)
    report = read_json(out / "training_report.json")
    told = {warning["cause"] for warning in report["warnings"]}
    assert "plateau" in told
    assert len(told) == len(report["warnings"])
    printed = capsys.readouterr().out
    log = (out / "distillation_log.txt").read_text()
    for warning in report["warnings"]:
        assert printed.count(f"warning: step {warning['step']}: {warning['seen']}") == 1
        assert log.count(f"warning: step {warning['step']}: {warning['seen']}") == 1
        assert warning["change"].startswith("teachers.toy.training.")
    listed = [json.loads(path.read_text())["warnings"] for path in (out / "epochs").iterdir()]
    assert sum(map(len, listed)) == len(report["warnings"])
    assert printed.rstrip().splitlines()[-1].startswith(f"results of teachers/toy: {out} (best step ")
    assert f"warnings: {len(report['warnings'])}" in printed


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
