import csv
import math
from types import SimpleNamespace

import pytest
import torch

from kdlib.config import Training
from kdlib.files import DataError
from kdlib.losses.combine import LossTerm, combine
from kdlib.losses.focal import Focal
from kdlib.telemetry.health import Keys
from kdlib.tracking.mlflow_run import LiveRun
from kdlib.training.loop.record_writer import CLOCKS, Norms, StepRecords

WEIGHTS = {"ce": 0.5, "semantic": 0.2}


def combined(scale):
    terms = [
        LossTerm("ce", torch.tensor([1.0, 3.0]) * scale, "position"),
        LossTerm("semantic", torch.tensor([0.5]), "example"),
    ]
    return combine(terms, WEIGHTS, {"position": 4, "example": 2}, {"semantic": 5.0})


@pytest.fixture
def sent(monkeypatch):
    """What is queued for MLflow: (metrics, step)."""
    calls = []
    monkeypatch.setattr(LiveRun, "log", lambda _, metrics, step: calls.append((metrics, step)))
    return calls


@pytest.fixture
def records(tmp_path, sent):
    keys = Keys("students.toy", Training(), balanced=False)
    records = StepRecords(tmp_path, list(WEIGHTS), LiveRun(None, "toy", "key", {}, 0), keys)
    records.open(0)
    return records


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def write_step(records, step, epoch=0):
    for scale in (1.0, 2.0):
        records.micro_batch(combined(scale), WEIGHTS, 4.0, 0.5, {})
    records.step(epoch, step, 1e-3, Norms(2.5, 1.5, 2.0), 16)


def test_a_step_has_a_row_per_micro_batch(records):
    write_step(records, 1)
    first, second = rows(records.steps_path)
    assert list(first) == [
        "timestamp",
        "epoch",
        "step",
        "mini_batch_idx",
        "ce_loss_raw",
        "ce_loss_weighted",
        "ce_weight",
        "ce_grad_norm",
        "semantic_loss_raw",
        "semantic_loss_weighted",
        "semantic_weight",
        "semantic_grad_norm",
        "total_loss_raw",
        "total_loss_weighted",
        "grad_norm_total",
        "grad_norm_encoder",
        "grad_norm_decoder",
        "learning_rate",
        "temperature",
        "alpha",
        "effective_batch_size",
        "memory_usage_mb",
        "elapsed_time_seconds",
    ]
    assert set(CLOCKS) < set(first)
    numbers = {name: float(value) for name, value in second.items() if value}
    assert numbers["ce_loss_raw"] == pytest.approx(8 / 4)
    assert numbers["ce_loss_weighted"] == pytest.approx(0.5 * 8 / 4)
    assert numbers["semantic_loss_raw"] == pytest.approx(0.5 / 2)
    assert numbers["semantic_loss_weighted"] == pytest.approx(0.2 * 5 * 0.5 / 2)
    assert numbers["total_loss_raw"] == pytest.approx(2.25)
    assert numbers["total_loss_weighted"] == pytest.approx(1.25)
    assert (numbers["mini_batch_idx"], numbers["effective_batch_size"], numbers["grad_norm_total"]) == (
        1,
        16,
        2.5,
    )
    assert (numbers["learning_rate"], numbers["temperature"], numbers["alpha"]) == (1e-3, 4.0, 0.5)
    assert numbers["memory_usage_mb"] > 1
    assert first["grad_norm_total"] == ""


def test_live_metrics_are_the_sums_of_a_step(records, sent):
    write_step(records, 7)
    ((metrics, step),) = sent
    assert step == 7
    assert metrics["ce_loss_raw"] == pytest.approx(
        sum(float(row["ce_loss_raw"]) for row in rows(records.steps_path))
    )
    assert metrics["total_loss_weighted"] == pytest.approx(0.5 + 0.25 + 1.25)
    assert (metrics["ce_weight"], metrics["grad_norm_total"]) == (0.5, 2.5)


def test_an_epoch_is_a_row_of_its_own_file(records, sent):
    records.epoch(1, 4, 2.25)
    assert rows(records.epochs_path) == [{"epoch": "1", "step": "4", "validation_nll": "2.25"}]
    assert sent == [({"validation_nll": 2.25}, 4)]


def test_going_on_drops_what_came_after_the_checkpoint(records):
    for step in (1, 2, 3):
        write_step(records, step)
        records.epoch(step, step, 1.0)
    kept = rows(records.steps_path)[:4]
    records.open(2)
    assert rows(records.steps_path) == kept
    assert [row["step"] for row in rows(records.epochs_path)] == ["1", "2"]
    write_step(records, 3)
    assert [row["step"] for row in rows(records.steps_path)] == ["1", "1", "2", "2", "3", "3"]


def test_a_new_training_drops_everything(records):
    write_step(records, 1)
    records.open(0)
    assert rows(records.steps_path) == []
    assert records.steps_path.read_text().startswith("timestamp,epoch,step,")


@pytest.mark.parametrize("lost", [1, 20, 60, 90, 95])
def test_a_row_cut_by_a_crash_is_dropped(records, lost):
    write_step(records, 1)
    whole = records.steps_path.read_bytes()
    write_step(records, 2)
    content = records.steps_path.read_bytes()
    assert lost < len(content) - len(whole)
    records.steps_path.write_bytes(content[:-lost])
    records.open(1)
    assert records.steps_path.read_bytes() == whole


def test_a_kill_while_rows_are_dropped_loses_none(records, monkeypatch):
    """The file is replaced as a whole: a checkpoint's rows cannot be made again."""
    write_step(records, 1)
    before = records.steps_path.read_bytes()

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(csv.DictWriter, "writerow", killed)
        with pytest.raises(KeyboardInterrupt):
            records.open(1)
    assert records.steps_path.read_bytes() == before


def test_the_clock_of_a_run_goes_on_after_a_crash(records, monkeypatch):
    now = [100.0]
    monkeypatch.setattr("kdlib.training.loop.record_writer.time", SimpleNamespace(time=lambda: now[0]))
    records.open(0)
    now[0] = 107.0
    write_step(records, 1)
    now[0] = 1000.0
    records.open(1)
    now[0] = 1002.0
    write_step(records, 2)
    assert [float(row["elapsed_time_seconds"]) for row in rows(records.steps_path)] == [7, 7, 9, 9]


def test_norms_stand_in_the_last_row_of_a_step(records):
    write_step(records, 1)
    first, last = rows(records.steps_path)
    assert [last[f"grad_norm_{part}"] for part in ("total", "encoder", "decoder")] == ["2.5", "1.5", "2.0"]
    assert [first[f"grad_norm_{part}"] for part in ("total", "encoder", "decoder")] == ["", "", ""]


@pytest.mark.parametrize("nll", [float("nan"), float("inf")])
def test_a_validation_that_is_not_finite_stops_the_run(records, nll):
    with pytest.raises(DataError, match=f"stopped at step 4: the validation loss is {nll}; likely .* change"):
        records.epoch(1, 4, nll)
    assert rows(records.epochs_path) == []


@pytest.mark.parametrize("where", ["first", "later"])
def test_a_loss_that_is_not_finite_stops_the_run_and_writes_no_result(distill, monkeypatch, tmp_path, where):
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
