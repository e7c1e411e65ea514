"""A teacher beside its student says what its store says, of renamed rows as well."""

import json
from dataclasses import replace

import pytest
import torch

from kdlib.config import Size
from kdlib.files import DataError
from kdlib.models import load as models
from kdlib.models.batch import collate, layout_of
from kdlib.models.forward import target_output
from kdlib.models.generate import log_probabilities
from kdlib.models.load import load
from kdlib.models.scratch import build
from kdlib.training.loop import renaming
from kdlib.training.teacher import encoder, stored
from kdlib.training.teacher.online import OnlineTeacher
from kdlib.training.teacher.stored import online_teacher

NANO = {"d_model": 32, "d_ff": 64, "encoder_layers": 1, "decoder_layers": 1, "heads": 2}
CAUSAL = {**NANO, "encoder_layers": 0}
CE_KL = {"components": {"ce": {}, "kl": {}, "jsd": {}}, "loss_weights": {"ce": 0.2, "kl": 0.5, "jsd": 0.3}}


def teacher_of(size, tokenizer, dropout=0.3):
    return build(Size(**size), tokenizer, dropout, seed=5)


def loss_of(run, name):
    """Return a component's loss of a whole step."""
    return sum(float(row[f"{name}_loss_raw"]) for row in run.steps)


def gradient_of(run):
    """Return the gradient to all parameters as one vector."""
    return torch.cat([run.gradients[name].flatten() for name in sorted(run.gradients)])


@pytest.mark.parametrize(
    ("codec", "tolerance"),
    [
        ({"kind": "dense"}, 2e-3),
        ({"kind": "hidden"}, 5e-3),
        ({"kind": "hidden", "precision": "int8"}, 0.02),
    ],
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else None,
)
@pytest.mark.parametrize(("batch_size", "accumulation", "temperature"), [(16, 1, 1.5), (4, 4, 4.0)])
def test_a_step_from_stored_signals_is_that_with_the_teacher_online(
    first_step, signals_of, teacher, tmp_path, codec, tolerance, batch_size, accumulation, temperature
):
    manifest = signals_of(tmp_path / "store", teacher, codec=codec)
    given = {**CE_KL, "temperature": {"start": temperature, "end": temperature}}
    stored = first_step(batch_size, accumulation, signals=manifest, **given)
    online = first_step(batch_size, accumulation, online=OnlineTeacher(load(teacher)), **given)
    assert len(stored.steps) == accumulation
    for name in ("ce", "kl", "jsd"):
        found, expected = (loss_of(run, name) for run in (stored, online))
        assert found == pytest.approx(expected, rel=tolerance), name
    found, expected = (gradient_of(run) for run in (stored, online))
    assert 0 < (found - expected).norm() < tolerance * expected.norm()


def test_an_online_teacher_is_frozen_and_leaves_no_graph(tokenizer, rows):
    online = OnlineTeacher(teacher_of(NANO, tokenizer).train())
    inputs = collate(rows[:4], online.layout)
    first, second = (online.signal(inputs, 2.0) for _ in range(2))
    assert torch.equal(first.log_probs, second.log_probs)  # no dropout
    assert not first.log_probs.requires_grad
    assert not any(parameter.requires_grad for parameter in online.model.parameters())
    torch.testing.assert_close(first.log_probs.exp().sum(1), torch.ones(len(first.log_probs)))
    expected = torch.cat(log_probabilities(online.model, rows[:4]))
    at_one = (2.0 * first.log_probs).log_softmax(1)
    torch.testing.assert_close(at_one, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(("teacher_size", "student_size"), [(CAUSAL, NANO), (NANO, CAUSAL), (CAUSAL, CAUSAL)])
def test_teachers_of_either_kind_teach_students_of_either_kind(
    trainer_of, tokenizer, rows, tmp_path, teacher_size, student_size
):
    teacher = teacher_of(teacher_size, tokenizer, 0.0)
    training = {"epochs": 1, "batch_size": 5, "dropout": 0}
    keys = {"size": student_size, "components": {"kl": {}}, "loss_weights": {"kl": 1.0}}
    trainer = trainer_of(tmp_path, training, online=OnlineTeacher(teacher), **keys)
    inputs = trainer.data_collator([3, 0, 7])
    assert ("teacher" in inputs) == (layout_of(teacher.config) != trainer.layout)
    signal = trainer._batch(target_output(trainer.model, inputs), inputs, 1.0).signal
    expected = torch.cat(log_probabilities(teacher, [rows[3], rows[0], rows[7]]))
    torch.testing.assert_close(signal.log_probs, expected, atol=1e-5, rtol=1e-5)
    assert len(target_output(trainer.model, inputs).logits) == len(expected)
    trainer.train()
    assert [len(rows[i].target_ids) for i in (3, 0, 7)] == list(map(len, inputs["targets"].ids))


def test_the_teacher_sees_the_renamed_rows(trainer_of, tokenizer, rows, tmp_path, monkeypatch):
    monkeypatch.setattr(renaming, "COMMON", 1.0)  # in so few rows every name is common
    teacher = teacher_of(NANO, tokenizer, 0.0)
    keys = {"components": {"kl": {}}, "loss_weights": {"kl": 1.0}}
    trainer = trainer_of(tmp_path, {"epochs": 1, "batch_size": 4}, online=OnlineTeacher(teacher), **keys)
    names = renaming.renaming(tokenizer.get_vocab(), rows, 1.0, seed=1)
    trainer.data_collator = replace(trainer.data_collator, renaming=names)
    drawn = [names.apply(rows[i], i, 0) for i in range(4)]
    assert any(row.source_ids != original.source_ids for row, original in zip(drawn, rows, strict=False))
    inputs = trainer.data_collator([0, 1, 2, 3])
    found = trainer._batch(target_output(trainer.model, inputs), inputs, 1.0).signal.log_probs
    expected = torch.cat(log_probabilities(teacher, drawn))
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)
    assert not torch.allclose(expected, torch.cat(log_probabilities(teacher, rows[:4])), atol=1e-3)


def test_a_student_of_an_online_teacher_needs_no_store_and_comes_out_the_same(distill, teacher, outcome):
    before = (teacher / "model.safetensors").read_bytes()
    training = {"epochs": 2, "dropout": 0.2, "learning_rate": 0.01, "renaming": 0.5}
    first, second = (
        outcome(distill(name, training, store=None, loss="traditional", signals="online"))
        for name in ("one", "two")
    )
    assert first == second
    assert (teacher / "model.safetensors").read_bytes() == before
    report = json.loads(first["training_report.json"])
    assert report["params"]["signals"] == "online"


def test_an_online_teacher_of_another_vocabulary_is_refused(teacher, tokenizer, tmp_path):
    model = load(teacher)
    model.resize_token_embeddings(len(tokenizer) + 7, mean_resizing=False)
    model.save_pretrained(tmp_path / "padded")
    with pytest.raises(DataError, match=f"over {len(tokenizer) + 7} tokens, the student's over the"):
        online_teacher(tmp_path / "padded", len(tokenizer))


@pytest.mark.parametrize(("components", "loads"), [(("kl", "semantic"), 1), (("semantic", "attention"), 2)])
def test_a_teacher_is_loaded_once_for_its_distributions_and_its_encoder(
    distill, teacher, tmp_path, monkeypatch, components, loads
):
    """Twice if it tells its attention, which another kernel computes: students share the vectors' bytes."""
    loaded, original = [], models.load

    def counted(folder, *rates):
        loaded.append(folder)
        return original(folder, *rates)

    given = {"components": {name: {} for name in components}, "signals": "online", "store": None}
    given["loss_weights"] = dict.fromkeys(components, 0.5)
    distill("stored", {"epochs": 1}, components={"semantic": {}}, loss_weights={"semantic": 1.0})
    (embeddings,) = (tmp_path / "gold_embeddings").iterdir()
    expected = embeddings.read_bytes()
    embeddings.unlink()
    for module in (models, encoder, stored):
        monkeypatch.setattr(module, "load", counted)
    distill("online", {"epochs": 1}, **given)
    assert loaded.count(teacher) == loads
    assert embeddings.read_bytes() == expected
