"""The files that are written of a finished run."""

from __future__ import annotations

import json
import re

import pytest

from kdlib.files import read_json
from kdlib.telemetry.step_csv import read_steps, read_validations

PARTS = ("focal", "jsd", "semantic")


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
