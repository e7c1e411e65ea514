import json
import shutil
from functools import cache

import pytest

from kdlib.config import Student
from kdlib.files import DataError
from kdlib.training import results
from kdlib.training.distill import distill as distill_student
from kdlib.training.loop import renaming
from kdlib.training.loop.checkpoints import TRAINER_STATE, last_checkpoint
from kdlib.training.loop.record_writer import StepRecords
from tests.conftest import job_in

NOISY = {"epochs": 4, "learning_rate": 0.01, "dropout": 0.2}


class Killed(BaseException):
    """A kill at a chosen place; no handler of ordinary errors sees it."""


def kill(monkeypatch, target, name, call):
    """Raise ``Killed`` in place of the given call, counted from 1, of a function."""
    original, count = getattr(target, name), iter(range(1, 10**6))

    def counted(*args, **kwargs):
        if next(count) == call:
            raise Killed
        return original(*args, **kwargs)

    monkeypatch.setattr(target, name, counted)


@pytest.fixture(scope="module")
def uninterrupted(finetune_into, outcome, tmp_path_factory):
    """Return a function that gives the outcome of a training that nothing disturbed; each runs once."""

    @cache
    def run(**settings):
        return outcome(finetune_into(tmp_path_factory.mktemp("whole"), "whole", **settings))

    return run


def test_equal_trainings_give_equal_bytes(finetune, outcome, uninterrupted):
    assert outcome(finetune("again", **NOISY)) == uninterrupted(**NOISY)


def test_the_seed_matters(finetune, outcome, uninterrupted):
    ours, theirs = uninterrupted(**NOISY), outcome(finetune("other", **NOISY, seed=7))
    assert ours["best_model/model.safetensors"] != theirs["best_model/model.safetensors"]
    assert ours["steps"] != theirs["steps"]


def test_results_are_complete_and_checkpoints_are_gone(finetune, tmp_path):
    out = finetune("a", epochs=2)
    assert sorted(path.name for path in out.iterdir()) == [
        "best_model",
        "distillation_log.txt",
        "epochs",
        "final_model",
        "multi_component_loss_summary.json",
        "step_metrics.csv",
        "tensorboard",
        "training_metrics.csv",
        "training_report.json",
    ]
    for model in ("best_model", "final_model"):
        names = {path.name for path in (out / model).iterdir()}
        assert names == {"config.json", "generation_config.json", "model.safetensors"}
    assert list((tmp_path / "checkpoints").iterdir()) == []


def remove_checkpoints_in_part(monkeypatch):
    """Kill while a finished training's folder is removed: its weights are gone already."""
    original = shutil.rmtree

    def remove(folder, ignore_errors=False):
        if ignore_errors:  # transformers, of an older checkpoint
            original(folder, ignore_errors)
            return
        for weights in folder.glob("*/model.safetensors"):
            weights.unlink()
        raise Killed

    monkeypatch.setattr(shutil, "rmtree", remove)


PLACES = {
    "in the first epoch": lambda patch: kill(patch, StepRecords, "step", 2),
    "in the third epoch": lambda patch: kill(patch, StepRecords, "step", 10),
    "between validation and checkpoint": lambda patch: kill(patch, StepRecords, "epoch", 3),
    "after the last checkpoint": lambda patch: kill(patch, results, "write_results", 1),
    "between the results": lambda patch: kill(patch, results, "write_json", 1),
    "while checkpoints are removed": remove_checkpoints_in_part,
}


@pytest.mark.parametrize("place", PLACES)
def test_a_killed_training_goes_on_and_ends_with_the_same_bytes(
    finetune, outcome, uninterrupted, tmp_path, place
):
    expected = uninterrupted(**NOISY)
    with pytest.MonkeyPatch.context() as patch:
        PLACES[place](patch)
        with pytest.raises(Killed):
            finetune("killed", **NOISY)
    assert list((tmp_path / "checkpoints").iterdir())  # something to go on from
    assert outcome(finetune("killed", **NOISY)) == expected


def test_a_training_killed_twice_goes_on_twice(finetune, outcome, uninterrupted, monkeypatch):
    expected = uninterrupted(**NOISY)
    steps = []
    for _ in range(2):
        with monkeypatch.context() as patch:
            kill(patch, StepRecords, "step", 6)
            with pytest.raises(Killed):
                finetune("killed", **NOISY)
    original = StepRecords.step
    monkeypatch.setattr(StepRecords, "step", lambda self, *a: (steps.append(a[1]), original(self, *a)))
    assert outcome(finetune("killed", **NOISY)) == expected
    assert steps == list(range(9, 17))  # the second kill came after the second epoch's checkpoint


IMPATIENT = {"epochs": 40, "learning_rate": 0.03, "patience": 2, "dropout": 0}


def test_a_training_that_stopped_early_is_over_when_it_is_called_again(
    finetune, outcome, uninterrupted, monkeypatch
):
    with monkeypatch.context() as patch:
        kill(patch, results, "write_results", 1)
        with pytest.raises(Killed):
            finetune("killed", **IMPATIENT)
    assert outcome(finetune("killed", **IMPATIENT)) == uninterrupted(**IMPATIENT)


def test_patience_is_counted_across_a_kill(finetune, outcome, uninterrupted, monkeypatch):
    expected = uninterrupted(**IMPATIENT)
    last = json.loads(expected["training_report.json"])["steps"]
    with monkeypatch.context() as patch:
        kill(patch, StepRecords, "step", last)  # one validation without improvement has been counted
        with pytest.raises(Killed):
            finetune("killed", **IMPATIENT)
    assert outcome(finetune("killed", **IMPATIENT)) == expected


def test_a_killed_student_keeps_that_it_converged(distill, outcome, steps, monkeypatch):
    student = {"loss": "traditional", "convergence": 1.0, "training": {**NOISY, "epochs": 5}}
    whole = distill("whole", **student)
    assert len({row["alpha"] for row in steps(whole)}) > 2
    with monkeypatch.context() as patch:
        kill(patch, StepRecords, "step", 14)
        with pytest.raises(Killed):
            distill("killed", **student)
    assert outcome(distill("killed", **student)) == outcome(whole)


def test_a_killed_student_of_all_components_ends_with_the_same_bytes(distill, outcome, monkeypatch):
    student = {"training": {**NOISY, "accumulation": 2, "batch_size": 4}}
    expected = outcome(distill("whole", **student))
    with monkeypatch.context() as patch:
        kill(patch, StepRecords, "micro_batch", 21)
        with pytest.raises(Killed):
            distill("killed", **student)
    assert outcome(distill("killed", **student)) == expected


@pytest.mark.parametrize(("call", "resumed"), [(4, 3), (6, 5), (7, 6), (12, 11)])
def test_a_training_killed_within_an_epoch_goes_on_from_there(
    finetune, outcome, uninterrupted, monkeypatch, call, resumed
):
    """Checkpoints at every step: only the killed step is done again."""
    expected = uninterrupted(**NOISY)
    with monkeypatch.context() as patch:
        kill(patch, StepRecords, "step", call)
        with pytest.raises(Killed):
            finetune("killed", **NOISY, save_steps=1)
    steps, original = [], StepRecords.step
    monkeypatch.setattr(StepRecords, "step", lambda self, *a: (steps.append(a[1]), original(self, *a)))
    found = outcome(finetune("killed", **NOISY, save_steps=1))
    assert steps[0] == resumed + 1
    for name in ("best_model/model.safetensors", "final_model/model.safetensors", "steps"):
        assert found[name] == expected[name]
    assert found["training_metrics.csv"] == expected["training_metrics.csv"]


def test_renaming_is_resumed_too(finetune, outcome, uninterrupted, monkeypatch):
    monkeypatch.setattr(renaming, "COMMON", 1.0)  # in so few rows every name is common
    settings = {**NOISY, "renaming": 0.7}
    expected = outcome(finetune("whole", **settings))
    assert expected["steps"] != uninterrupted(**NOISY)["steps"]
    with monkeypatch.context() as patch:
        kill(patch, StepRecords, "step", 10)
        with pytest.raises(Killed):
            finetune("killed", **settings)
    assert outcome(finetune("killed", **settings)) == expected


def test_a_killed_training_in_half_precision_ends_with_the_same_bytes(
    finetune, outcome, uninterrupted, monkeypatch
):
    half = {**NOISY, "epochs": 3, "precision": "bfloat16"}
    expected = outcome(finetune("whole", **half))
    losses = [
        [float(row["ce_loss_raw"]) for row in found["steps"][:2]]
        for found in (expected, uninterrupted(**{**half, "precision": "float32"}))
    ]
    assert losses[0] != losses[1]
    assert losses[0] == pytest.approx(losses[1], rel=0.02)
    report = json.loads(expected["training_report.json"])
    assert report["best_validation_nll"] < report["validation_nll"][0] - 0.3
    with monkeypatch.context() as patch:
        kill(patch, StepRecords, "step", 10)
        with pytest.raises(Killed):
            finetune("killed", **half)
    assert outcome(finetune("killed", **half)) == expected


@pytest.mark.parametrize("change", [{"seed": 7}, {"code": "other"}])
def test_a_checkpoint_of_another_training_is_not_resumed(
    finetune, outcome, uninterrupted, monkeypatch, change
):
    expected = uninterrupted(**{**NOISY, **change})
    with monkeypatch.context() as patch:
        kill(patch, StepRecords, "step", 10)
        with pytest.raises(Killed):
            finetune("killed", **NOISY)
    assert outcome(finetune("killed", **{**NOISY, **change})) == expected


def checkpoint(folder, step, state="{}"):
    path = folder / f"checkpoint-{step}"
    path.mkdir()
    (path / "model.safetensors").write_text("weights")
    if state is not None:
        (path / TRAINER_STATE).write_text(state)
    return path


def test_the_newest_complete_checkpoint_counts_and_cut_ones_are_removed(tmp_path):
    assert last_checkpoint(tmp_path) is None
    for step in (4, 12):
        checkpoint(tmp_path, step)
    checkpoint(tmp_path, 16, state=None)
    checkpoint(tmp_path, 100, state='{"global_step": 1')
    assert last_checkpoint(tmp_path) == tmp_path / "checkpoint-12"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint-12", "checkpoint-4"]


@pytest.mark.parametrize(
    ("components", "needed"),
    [({"kl": {}}, "signals"), ({"jsd": {}}, "signals"), ({"semantic": {}}, "encoder")],
)
def test_a_loss_without_what_it_reads_is_an_error_that_names_it(dataset, tmp_path, components, needed):
    weights = dict.fromkeys(components, 1.0)
    student = Student.model_validate({"teacher": "t", "components": components, "loss_weights": weights})
    inputs = dataset.student_inputs(tmp_path)
    with pytest.raises(DataError, match=f"student pupil: its loss needs .*{needed}, none given"):
        distill_student("pupil", student, inputs, job_in(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_run_shows_its_settings(distill):
    report = json.loads((distill("a", {"epochs": 1}) / "training_report.json").read_text())
    assert report["name"] == "students/toy"
    assert report["params"]["components"]["semantic"] == {"scale": 5.0}
    assert (report["params"]["epochs"], report["params"]["threads"]) == (1, 1)
    assert report["parameters"] > 10_000
