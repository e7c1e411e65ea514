"""Epoch sampling, validations and what they decide, over whole trainings."""

import csv
import json

import pytest

from kdlib.training.loop.callbacks import Convergence
from kdlib.training.loop.record_writer import StepRecords
from kdlib.training.loop.trainer import LossTrainer

SAMPLED = {"epochs": 4, "learning_rate": 0.01, "dropout": 0.2, "epoch_samples": 10, "batch_size": 4}


class Killed(BaseException):
    """A kill between two steps."""


def killed_at(patch, last):
    original = StepRecords.step

    def step(self, epoch, number, *given):
        if number == last:
            raise Killed
        original(self, epoch, number, *given)

    patch.setattr(StepRecords, "step", step)


def read_targets(patch):
    """Return a list that will hold epoch and targets of every forward pass."""
    seen, original = [], LossTrainer.compute_loss

    def compute_loss(self, model, inputs, **given):
        seen.append((int(self.state.epoch or 0), inputs["targets"].ids, tuple(inputs["labels"].shape)))
        return original(self, model, inputs, **given)

    patch.setattr(LossTrainer, "compute_loss", compute_loss)
    return seen


def report_of(folder):
    return json.loads((folder / "training_report.json").read_text())


def validations(folder):
    with (folder / "training_metrics.csv").open(newline="") as file:
        return [int(row["epoch"]) for row in csv.DictReader(file)]


def test_every_epoch_reads_another_subset_in_batches_without_much_padding(finetune, monkeypatch, capsys):
    seen = read_targets(monkeypatch)
    out = finetune("sampled", **SAMPLED)
    epochs = [[target for e, targets, _ in seen if e == epoch for target in targets] for epoch in range(4)]
    assert [len(set(epoch)) for epoch in epochs] == [10] * 4  # all targets of the toy corpus differ
    assert len({frozenset(epoch) for epoch in epochs}) == 4
    covered = [len(set().union(*epochs[: n + 1])) / 32 for n in range(4)]
    report = report_of(out)
    assert report["coverage"] == pytest.approx(covered)
    assert 10 / 32 < covered[-1] < 1
    assert (report["steps"], report["planned_steps"]) == (12, 12)
    assert f"epoch 4  has seen {covered[-1]:.1%} of 32 rows" in capsys.readouterr().out
    # Padded to the longest row of the batch, not of the dataset.
    assert all(shape[1] == max(map(len, targets)) for _, targets, shape in seen)
    assert len({shape for _, _, shape in seen}) > 1


def test_the_subsets_depend_on_their_own_seed(finetune, monkeypatch):
    def subsets(name, **settings):
        with monkeypatch.context() as patch:
            seen = read_targets(patch)
            finetune(name, **{**SAMPLED, "epochs": 2, **settings})
        return [{t for e, targets, _ in seen if e == epoch for t in targets} for epoch in range(2)]

    plain, reseeded, shifted = subsets("a"), subsets("b", seed=1), subsets("c", sampling_seed=43)
    assert reseeded == plain
    assert shifted[0] == plain[1] != plain[0]  # seed + epoch


@pytest.mark.parametrize("step", [5, 6, 10])
def test_a_killed_training_on_subsets_ends_with_the_same_bytes(finetune, outcome, monkeypatch, step):
    settings = {**SAMPLED, "validation_frequency": 3, "workers": 1}
    expected = outcome(finetune("whole", **settings))
    with monkeypatch.context() as patch:
        killed_at(patch, step)
        with pytest.raises(Killed):
            finetune("killed", **settings)
    assert outcome(finetune("killed", **settings)) == expected


def test_more_samples_than_rows_are_the_rows(finetune, outcome):
    plain = {"epochs": 1, "dropout": 0}
    ours = outcome(finetune("more", **plain, epoch_samples=1000))
    theirs = outcome(finetune("plain", **plain))
    assert ours["final_model/model.safetensors"] == theirs["final_model/model.safetensors"]
    assert json.loads(ours["training_report.json"])["coverage"] == [1.0]


@pytest.mark.parametrize(("frequency", "expected"), [(1, [1, 2, 3, 4, 5]), (2, [2, 4, 5]), (9, [5])])
def test_validation_comes_every_so_many_epochs_and_at_the_end(finetune, frequency, expected):
    out = finetune("rare", epochs=5, validation_frequency=frequency)
    report = report_of(out)
    assert validations(out) == expected
    assert len(report["validation_nll"]) == len(expected)
    assert (report["epochs"], report["steps"]) == (5, 20)
    assert report["best_step"] in [4 * epoch for epoch in expected]


def test_patience_counts_validations(finetune):
    out = finetune("early", epochs=60, learning_rate=0.03, patience=2, dropout=0, validation_frequency=3)
    report = report_of(out)
    history = report["validation_nll"]
    best = min(range(len(history)), key=history.__getitem__)
    assert len(history) == best + 1 + 2
    assert report["epochs"] == 3 * len(history) < 60


def test_convergence_by_validation_compares_validations():
    watcher = Convergence(0.01, "validation")
    seen = []
    for ce, nll in ((4.0, 3.0), (4.0, 2.0), (1.0, 1.99), (0.5, 1.0)):
        watcher.add(ce)
        watcher.on_step_end()
        watcher.on_epoch_end()
        watcher.on_evaluate(None, None, None, metrics={"eval_nll": nll})
        seen.append(watcher.converged)
    assert seen == [False, False, True, True]
    restored = Convergence.from_state(watcher.state())
    assert restored.state() == watcher.state()
    assert restored.by == "validation"


@pytest.mark.parametrize(("converged_by", "first_fall"), [("ce", 2), ("validation", 4)])
def test_alpha_falls_after_what_is_configured(distill, steps, converged_by, first_fall):
    """Any improvement is none for a threshold of 1; validations come after the second and fourth epoch."""
    training = {"epochs": 5, "dropout": 0, "validation_frequency": 2}
    student = {"loss": "traditional", "convergence": 1.0, "converged_by": converged_by}
    rows = steps(distill("alpha", training, **student))
    alphas = {int(row["epoch"]): float(row["alpha"]) for row in rows}
    assert next(epoch for epoch, alpha in alphas.items() if alpha < 0.5) == first_fall


def test_steps_of_the_warm_up_are_those_asked_for(finetune, steps):
    rates = [
        float(row["learning_rate"])
        for row in steps(finetune("warm", epochs=2, warmup_steps=5, learning_rate=0.01))
    ]
    assert rates[:6] == pytest.approx([0.01 * step / 5 for step in range(6)])
    assert rates[6] < 0.01
