import csv
import json
import math

import pytest
import torch

from kdlib.config import Size
from kdlib.losses.table import Components
from kdlib.models.batch import collate, layout_of, read_rows
from kdlib.models.generate import log_probabilities
from kdlib.models.load import load
from kdlib.models.scratch import build
from kdlib.training.loop.callbacks import Convergence

CE = {"components": {"ce": {}}, "loss_weights": {"ce": 1.0}}
PARTS = tuple(name for name in Components.model_fields if name not in ("hidden", "attention"))


def assert_equal_tensors(ours, theirs, atol):
    assert ours.keys() == theirs.keys()
    for name, tensor in ours.items():
        torch.testing.assert_close(
            tensor, theirs[name], atol=atol, rtol=1e-4, msg=lambda m, n=name: f"{n}: {m}"
        )


def summed(steps, column):
    return sum(float(row[column]) for row in steps)


def test_accumulation_equals_the_full_batch(first_step, rows):
    """Micro-batches hold different numbers of positions and of padding."""
    assert len({len(row.target_ids) for row in rows[:16]}) > 1
    assert len({len(row.source_ids) for row in rows[:16]}) > 1
    whole = first_step(16, 1)
    for batch_size, accumulation in ((4, 4), (1, 16)):
        parts = first_step(batch_size, accumulation)
        assert_equal_tensors(parts.gradients, whole.gradients, atol=1e-6)
        # AdamW's first step is ± the rate: weights of a gradient near zero may fall on either side
        for name, tensor in parts.weights.items():
            different = (tensor - whole.weights[name]).abs() > 1e-5
            assert different.float().mean() < 1e-3, name
        for column in [f"{name}_loss_weighted" for name in PARTS] + ["total_loss_raw", "total_loss_weighted"]:
            assert summed(parts.steps, column) == pytest.approx(summed(whole.steps, column), rel=1e-4)
        assert len(parts.steps) == accumulation
        assert {row["effective_batch_size"] for row in parts.steps} == {"16"}


def test_a_step_changes_the_weights(first_step, tokenizer):
    after = first_step(16, 1, **CE).weights
    before = build(Size(d_model=32, d_ff=64, encoder_layers=1, decoder_layers=1, heads=2), tokenizer, 0.0, 3)
    assert all((after[name] != tensor).any() for name, tensor in before.state_dict().items())


def test_the_gradient_of_cross_entropy_is_that_of_one_padded_batch(first_step, tokenizer, rows):
    model = build(Size(d_model=32, d_ff=64, encoder_layers=1, decoder_layers=1, heads=2), tokenizer, 0.0, 3)
    model(**collate(rows[:16], layout_of(model.config))).loss.backward()
    expected = {name: p.grad for name, p in model.named_parameters()}
    for batch_size, accumulation in ((16, 1), (4, 4)):
        found = first_step(batch_size, accumulation, **CE).gradients
        assert_equal_tensors(found, expected, atol=1e-6)


def test_weighted_components_add_up(first_step):
    for row in first_step(4, 4).steps:
        weighted = {name: float(row[f"{name}_loss_weighted"]) for name in PARTS}
        raw = {name: float(row[f"{name}_loss_raw"]) for name in PARTS}
        assert float(row["total_loss_weighted"]) == pytest.approx(sum(weighted.values()), rel=1e-5)
        assert float(row["total_loss_raw"]) == pytest.approx(sum(raw.values()), rel=1e-5)
        for name in PARTS:
            scale = 5.0 if name == "semantic" else 1.0  # β, once
            assert weighted[name] == pytest.approx(0.2 * scale * raw[name], rel=1e-5)
            assert raw[name] > 0
        assert float(row["temperature"]) == 4.0


def test_gradient_norms_of_components_are_recorded_every_so_many_steps(trainer_of, tmp_path):
    records = {"gradient_every": 2}
    training = {"batch_size": 8, "accumulation": 1, "epochs": 2, "dropout": 0, "records": records}
    trainer_of(tmp_path, training).train()
    with (tmp_path / "step_metrics.csv").open(newline="") as file:
        found = {int(row["step"]): row for row in csv.DictReader(file)}
    assert sorted(found) == [1, 2, 3, 4]
    for name in PARTS:
        assert [bool(found[step][f"{name}_grad_norm"]) for step in found] == [True, False, True, False]
        assert float(found[1][f"{name}_grad_norm"]) > 0


def test_the_norm_of_the_only_component_is_that_of_the_whole_gradient(first_step):
    (row,) = first_step(16, 1, **CE).steps
    assert float(row["ce_grad_norm"]) == pytest.approx(float(row["grad_norm_total"]), rel=1e-4)


def test_only_the_last_micro_batch_carries_the_gradient_norm(first_step):
    result = first_step(4, 4)
    *earlier, last = [row["grad_norm_total"] for row in result.steps]
    assert earlier == ["", "", ""]
    expected = math.sqrt(sum(float(g.double().square().sum()) for g in result.gradients.values()))
    assert float(last) == pytest.approx(expected, rel=1e-4)


def validation_nll(folder, rows):
    model = load(folder)
    gold = [
        line[range(len(row.target_ids)), row.target_ids]
        for row in rows
        for line in log_probabilities(model, [row])
    ]
    return -float(torch.cat(gold).mean())


def test_the_best_model_has_the_lowest_validation_loss_and_training_stops_early(finetune, dataset):
    out = finetune("early", epochs=40, learning_rate=0.03, patience=2, dropout=0)
    report = json.loads((out / "training_report.json").read_text())
    history = report["validation_nll"]
    best = min(range(len(history)), key=history.__getitem__)
    assert len(history) == best + 1 + 2 < 40  # two validations without improvement
    assert (report["epochs"], report["steps"], report["planned_steps"]) == (
        len(history),
        4 * len(history),
        160,
    )
    assert (report["best_validation_nll"], report["best_step"]) == (history[best], 4 * (best + 1))
    rows = read_rows(dataset.validation)
    assert validation_nll(out / "best_model", rows) == pytest.approx(history[best], abs=1e-5)
    assert validation_nll(out / "final_model", rows) == pytest.approx(history[-1], abs=1e-5)
    csv = (out / "training_metrics.csv").read_text().splitlines()
    assert [float(line.split(",")[2]) for line in csv[1:]] == history


def test_the_validation_loss_is_a_mean_over_all_tokens_of_all_batches(finetune, dataset):
    rows = read_rows(dataset.validation)
    out = finetune("batches", epochs=1, batch_size=1)  # validates two rows at once
    assert len(rows) > 2
    report = json.loads((out / "training_report.json").read_text())
    assert report["validation_nll"] == [pytest.approx(validation_nll(out / "final_model", rows), abs=1e-5)]


def test_training_learns(finetune):
    out = finetune("learns", epochs=6, learning_rate=0.01, dropout=0)
    history = json.loads((out / "training_report.json").read_text())["validation_nll"]
    assert history[-1] < history[0] - 1


def watch(threshold, *epochs):
    """Return whether training had converged after each epoch, given the cross entropy of its steps."""
    watcher, seen = Convergence(threshold), []
    for steps in epochs:
        for ce in steps:
            watcher.add(ce / 2)  # two micro-batches' shares
            watcher.add(ce / 2)
            watcher.on_step_end()
        watcher.on_epoch_end()
        seen.append(watcher.converged)
    return seen


def test_convergence_is_an_epoch_that_hardly_improves_the_mean():
    assert watch(0.01, [4.0, 2.0], [2.0, 2.0], [1.99, 1.99], [1.0, 1.0]) == [False, False, True, True]
    assert watch(0.01, [4.0], [3.0], [2.0]) == [False, False, False]
    assert watch(0.01, [2.0], [3.0]) == [False, True]


def test_convergence_takes_means_over_steps_not_sums():
    assert watch(0.01, [2.0, 2.0, 2.0], [2.0]) == [False, True]


def test_a_loss_without_cross_entropy_never_converges():
    assert watch(0.5, [], [], []) == [False, False, False]


def test_convergence_comes_back_from_its_state():
    watcher = Convergence(0.01)
    watcher.add(2.0)
    watcher.on_step_end()
    watcher.on_epoch_end()
    restored = Convergence.from_state(watcher.state())
    for one in (watcher, restored):
        one.add(1.999)
        one.on_step_end()
        one.on_epoch_end()
    assert restored.converged
    assert restored.state() == watcher.state()


@pytest.mark.parametrize(("convergence", "expected"), [(1.0, [0.5, 0.5, 0.4, 0.35]), (0.0, [0.5] * 4)])
def test_alpha_falls_after_convergence_only(distill, steps, convergence, expected):
    """A threshold of 1 takes any improvement for none; one of 0 asks for a step back."""
    training = {"epochs": 4, "dropout": 0, "learning_rate": 0.01}
    rows = steps(distill("alpha", training, loss="traditional", alpha=0.5, convergence=convergence))
    assert len(rows) == 16
    for row in rows:
        assert float(row["alpha"]) == pytest.approx(expected[int(row["epoch"])])
    for row in rows:
        assert float(row["kl_weight"]) == float(row["alpha"])
        assert float(row["ce_weight"]) == pytest.approx(1 - float(row["alpha"]))


def test_the_default_student_follows_its_schedules(distill, steps):
    rows = steps(distill("trident", {"epochs": 2, "dropout": 0}))
    assert [float(row["temperature"]) for row in rows] == pytest.approx(
        [4.0] * 4 + [4 * (1.5 / 4) ** 0.5] * 4
    )
    progress = [step / 8 for step in range(8)]
    assert [float(row["jsd_weight"]) for row in rows] == pytest.approx([0.7 - 0.35 * p for p in progress])
    assert [float(row["semantic_weight"]) for row in rows] == pytest.approx([0.35 * p for p in progress])
    assert [int(row["step"]) for row in rows] == list(range(1, 9))
    assert [row["epoch"] for row in rows] == ["0"] * 4 + ["1"] * 4


@pytest.mark.parametrize(("loss", "extra"), [("enhanced", "pans"), ("ast_enhanced", "ast")])
def test_enhanced_losses_add_a_term_to_the_balance(distill, steps, loss, extra):
    key = {"pans": "pans_weight", "ast": "ast_weight"}[extra]
    (row, *_) = steps(distill("enhanced", {"epochs": 1, "dropout": 0}, loss=loss, alpha=0.4, **{key: 0.2}))
    assert {name: float(row[f"{name}_weight"]) for name in ("ce", "kl", extra)} == {
        "ce": pytest.approx(0.6),
        "kl": pytest.approx(0.4),
        extra: pytest.approx(0.2),
    }
    assert float(row[f"{extra}_loss_weighted"]) == pytest.approx(
        0.2 * float(row[f"{extra}_loss_raw"]), rel=1e-5
    )
    assert 0 < float(row[f"{extra}_loss_raw"]) < 1


def test_critical_tokens_weigh_more_in_ce_alone(distill, steps):
    rows = {
        weight: steps(
            distill(f"weighted{weight}", {"epochs": 1, "dropout": 0}, loss="traditional", token_weight=weight)
        )[0]
        for weight in (1.0, 2.5)
    }
    ratio = float(rows[2.5]["ce_loss_raw"]) / float(rows[1.0]["ce_loss_raw"])
    assert 1.05 < ratio < 2.5
    assert rows[2.5]["kl_loss_raw"] == rows[1.0]["kl_loss_raw"]
