"""Students whose layers follow their teacher's: pairs, gradients to inner parameters, and whole trainings."""

import logging
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from kdlib.config import Size, read_config
from kdlib.files import DataError, read_json
from kdlib.losses.table import Components
from kdlib.models.batch import collate, layout_of
from kdlib.models.forward import target_output
from kdlib.models.load import load
from kdlib.models.scratch import build
from kdlib.training.loop.objective import Objective
from kdlib.training.loop.record_writer import StepRecords
from kdlib.training.teacher.layers import CHILD, attended, pair, without_projections
from kdlib.training.teacher.online import OnlineTeacher

CONFIG = Path(__file__).resolve().parents[3] / "config"
BOTH = {"components": {"ce": {}, "hidden": {}, "attention": {}}}
BOTH |= {"loss_weights": {"ce": 1.0, "hidden": 0.5, "attention": 2.0}, "signals": "online"}
NARROW = {"d_model": 16, "d_ff": 32, "encoder_layers": 1, "decoder_layers": 1, "heads": 2}
DEEP = {"d_model": 24, "d_ff": 32, "encoder_layers": 4, "decoder_layers": 3, "heads": 3}


class KilledError(Exception):
    """Stands for a kill -9."""


def model_of(tokenizer, seed=1, dropout=0.0, **size):
    return build(Size(**{**NARROW, **size}), tokenizer, dropout, seed)


def components(*names):
    return Components.model_validate({name: {} for name in names})


def batch_of(model, rows):
    return collate(rows, layout_of(model.config))


def layers_of(pairing, student, teacher, rows):
    asked = {"hidden": pairing.hidden, "attention": pairing.attention}
    batch = batch_of(student, rows)
    own = target_output(student, batch, **asked)
    aim = OnlineTeacher(teacher).output(batch_of(teacher, rows), **asked)
    lengths = [len(row.target_ids) for row in rows]
    return own, pairing.pairs(own.layers, aim.layers, batch, lengths), lengths


def total(pairing, student, teacher, rows, name):
    """Return the loss of one component, from the rows."""
    from kdlib.losses.inputs import Batch

    own, layers, lengths = layers_of(pairing, student, teacher, rows)
    ids = torch.tensor([token for row in rows for token in row.target_ids])
    counts = {"position": len(ids), "example": len(rows)}
    batch = Batch(own.logits, ids, lengths, layers=layers)
    return Objective(components(name)).combined(batch, {name: 1.0}, counts).total


def test_each_layer_follows_one_evenly_spaced(tokenizer, rows):
    student, teacher = model_of(tokenizer, encoder_layers=2), model_of(tokenizer, **DEEP)
    pairing = pair(student, teacher, components("hidden", "attention"), seed=3)
    assert pairing.layers == {"encoder": (2, 4), "decoder": (3,)}
    _, layers, lengths = layers_of(pairing, student, teacher, rows[:3])
    said = target_output(teacher, batch_of(teacher, rows[:3]), hidden=True, attention=True).layers
    encoder, decoder = layers.states
    assert [list(states.lengths) for states in layers.states] == [
        [len(row.source_ids) for row in rows[:3]],
        lengths,
    ]
    for found, expected in (
        (encoder.teacher, [said.hidden["encoder"][1], said.hidden["encoder"][3]]),
        (decoder.teacher, [said.hidden["decoder"][2]]),
        (layers.maps[0].teacher, [said.attention["encoder"][1], said.attention["encoder"][3]]),
        (layers.maps[1].teacher, [said.attention["decoder"][2]]),
        (layers.maps[2].teacher, [said.attention["cross"][2]]),
    ):
        assert len(found) == len(expected)
        assert all(map(torch.equal, found, expected))
        assert not any(tensor.requires_grad for tensor in found)


@pytest.mark.parametrize("causal", [False, True])
def test_attention_is_compared_where_there_is_some(tokenizer, rows, causal):
    """In every row of the mask the teacher's probabilities add up to 1, outside of it there are none."""
    teacher = model_of(tokenizer, **({"encoder_layers": 0} if causal else {}))
    teacher.set_attn_implementation("eager")
    batch = batch_of(teacher, rows[:4])
    said = target_output(teacher, batch, attention=True).layers.attention
    masks = attended(batch)
    assert masks.keys() == said.keys()
    for stack, mask in masks.items():
        for maps in said[stack]:
            inside = (maps * mask[:, None]).sum(-1)
            queries = mask.any(-1)[:, None].expand_as(inside)
            assert queries.any()
            torch.testing.assert_close(inside[queries], torch.ones_like(inside[queries]))
            assert float((maps * ~mask[:, None]).sum(-1)[queries].detach().abs().max()) < 1e-6


@pytest.mark.slow
@pytest.mark.parametrize("name", ["hidden", "attention"])
def test_gradients_reach_inner_parameters_and_agree_with_finite_differences(tokenizer, rows, name):
    student, teacher = (
        model_of(tokenizer, seed=seed, **size).double() for seed, size in ((1, {}), (2, DEEP))
    )
    pairing = pair(student, teacher, components(name), seed=3)
    student.double()
    loss = total(pairing, student, teacher, rows[:3], name)
    chosen = [
        "encoder.block.0.layer.0.SelfAttention.q.weight",
        "decoder.block.0.layer.1.EncDecAttention.k.weight",
        "shared.weight",
    ]
    chosen += [f"{CHILD}.encoder.weights.0"] if name == "hidden" else []
    parameters = dict(student.named_parameters())
    gradients = torch.autograd.grad(loss, [parameters[key] for key in chosen])
    torch.manual_seed(0)
    for key, gradient in zip(chosen, gradients, strict=True):
        assert gradient.norm() > 1e-6, key
        numeric, exact = [], []
        for _ in range(12):
            direction, values = torch.randn_like(gradient), []
            for sign in (1, -1):
                with torch.no_grad():
                    parameters[key] += sign * 1e-5 * direction
                    values.append(float(total(pairing, student, teacher, rows[:3], name)))
                    parameters[key] -= sign * 1e-5 * direction
            numeric.append((values[0] - values[1]) / 2e-5)
            exact.append(float((gradient * direction).sum()))
        a, b = torch.tensor(numeric), torch.tensor(exact)
        assert float(a @ b / a.norm() / b.norm()) >= 0.99, key


@pytest.mark.slow
@pytest.mark.parametrize("name", ["hidden", "attention"])
def test_descent_on_it_alone_brings_the_layers_near(tokenizer, rows, name):
    student, teacher = model_of(tokenizer), model_of(tokenizer, seed=2, **DEEP)
    pairing = pair(student, teacher, components(name), seed=3)
    optimiser = torch.optim.Adam(student.parameters(), lr=5e-3)
    values = []
    for _ in range(60):
        optimiser.zero_grad()
        loss = total(pairing, student, teacher, rows[:4], name)
        loss.backward()
        optimiser.step()
        values.append(float(loss.detach()))
    assert values[-1] < 0.6 * values[0]


def test_a_student_equal_to_its_teacher_has_no_loss(tokenizer, rows):
    student, teacher = model_of(tokenizer), model_of(tokenizer)
    pairing = pair(student, teacher, components("hidden", "attention"), seed=3)
    for name in ("hidden", "attention"):
        assert float(total(pairing, student, teacher, rows[:3], name).detach()) == pytest.approx(0, abs=1e-10)


def test_more_layers_than_the_teacher_has_are_refused(tokenizer):
    student, teacher = model_of(tokenizer, decoder_layers=2), model_of(tokenizer)
    with pytest.raises(
        DataError, match="the student has 2 decoder layers, its teacher 1: a layer must have one"
    ):
        pair(student, teacher, components("hidden"), 0)


def test_a_student_of_another_family_shares_the_decoders_states_alone(tokenizer, rows):
    student, teacher = model_of(tokenizer, encoder_layers=0), model_of(tokenizer, **DEEP)
    with pytest.raises(DataError, match="attend to other positions; leave attention out"):
        pair(student, teacher, components("attention"), 0)
    pairing = pair(student, teacher, components("hidden"), 0)
    assert pairing.layers == {"decoder": (3,)}
    _, layers, lengths = layers_of(pairing, student, teacher, rows[:3])
    (states,) = layers.states
    assert [len(h) for h in (*states.student, *states.teacher)] == [sum(lengths)] * 2


def summed(steps, column):
    return sum(float(row[column]) for row in steps)


def test_accumulation_equals_the_full_batch(first_step, tokenizer):
    given = {**BOTH, "size": NARROW}
    runs = [
        first_step(*sizes, online=OnlineTeacher(model_of(tokenizer, seed=2, **DEEP)), **given)
        for sizes in ((16, 1), (4, 4))
    ]
    whole, parts = runs
    assert any(name.startswith(CHILD) for name in whole.gradients)
    for name, gradient in whole.gradients.items():
        torch.testing.assert_close(parts.gradients[name], gradient, atol=1e-6, rtol=1e-4)
    for name in ("ce", "hidden", "attention"):
        column = f"{name}_loss_weighted"
        assert summed(parts.steps, column) == pytest.approx(summed(whole.steps, column), rel=1e-4)
        assert summed(whole.steps, column) > 0
        assert float(whole.steps[0][f"{name}_grad_norm"]) > 0
    weighted = [summed(whole.steps, f"{name}_loss_weighted") for name in ("ce", "hidden", "attention")]
    assert summed(whole.steps, "total_loss_weighted") == pytest.approx(sum(weighted), rel=1e-5)


@pytest.fixture
def told(caplog, monkeypatch):
    """What transformers logs, which goes past pytest as a rule."""
    monkeypatch.setattr(logging.getLogger("transformers"), "propagate", True)
    return caplog


def test_projections_of_a_checkpoint_are_left_out_without_a_word(tokenizer, tmp_path, told):
    student = model_of(tokenizer)
    pair(student, model_of(tokenizer, seed=2, **DEEP), components("hidden"), seed=3)
    student.save_pretrained(tmp_path)
    load(tmp_path)
    assert CHILD in told.text
    told.clear()
    plain = without_projections(tmp_path)
    assert CHILD not in told.text
    assert plain.state_dict().keys() == model_of(tokenizer).state_dict().keys()


def test_a_training_by_the_preset_ends_in_a_plain_model(distill, steps, told):
    config = read_config([CONFIG / "config.yaml", CONFIG / "intermediate.yaml"])
    given = config.students["intermediate"].model_dump(exclude={"teacher", "model", "size", "training"})
    training = {"epochs": 8, "learning_rate": 0.01, "dropout": 0}
    given |= {"size": NARROW, "temperature": {"start": 2, "end": 2}}
    out = distill("pupil", training, store=None, **given)
    assert CHILD not in told.text
    rows = steps(out)
    for name, most in (("ce", 0.8), ("kl", 0.8), ("hidden", 0.8), ("attention", 0.9)):
        assert float(rows[-1][f"{name}_loss_raw"]) < most * float(rows[0][f"{name}_loss_raw"]), name
    for folder in ("best_model", "final_model"):
        assert not [name for name in load_file(out / folder / "model.safetensors") if CHILD in name]
        assert "eager" not in (out / folder / "config.json").read_text()
    parameters = sum(p.numel() for p in load(out / "best_model").parameters())
    assert read_json(out / "training_report.json")["parameters"] == parameters


def test_killed_it_ends_in_the_same_bytes(distill, outcome, monkeypatch, tmp_path):
    """The projections and their optimiser state come back with the checkpoint."""
    given = {"store": None, "size": NARROW, **BOTH}
    training = {"epochs": 3, "dropout": 0.1}
    whole = outcome(distill("whole", training, **given))
    epoch, calls = StepRecords.epoch, []

    def kill(self, *args):
        calls.append(1)
        if len(calls) == 2:
            raise KilledError
        return epoch(self, *args)

    with monkeypatch.context() as patch:
        patch.setattr(StepRecords, "epoch", kill)
        with pytest.raises(KilledError):
            distill("again", training, **given)
    (checkpoint,) = tmp_path.glob("checkpoints/*/checkpoint-*")
    kept = load_file(checkpoint / "model.safetensors")
    maps = [tensor for name, tensor in kept.items() if name.startswith(CHILD)]
    assert len(maps) == 2
    assert all((tensor @ tensor.T - torch.eye(len(tensor))).abs().max() > 1e-4 for tensor in maps)  # trained
    assert outcome(distill("again", training, **given)) == whole


def test_projections_are_trained_by_the_optimiser(first_step, tokenizer):
    teacher = model_of(tokenizer, seed=2, **DEEP)
    run = first_step(16, 1, online=OnlineTeacher(teacher), **{**BOTH, "size": NARROW})
    fresh = model_of(tokenizer, seed=3)
    pair(fresh, teacher, components("hidden"), seed=4)
    moved = [name for name, tensor in fresh.state_dict().items() if CHILD in name]
    assert len(moved) == 2
    assert all((run.weights[name] != fresh.state_dict()[name]).any() for name in moved)


@pytest.mark.parametrize("setting", [{"gradient_checkpointing": True}, {"precision": "bfloat16"}])
def test_less_memory_gives_the_same_gradient(distill, steps, setting):
    given = {"store": None, "size": NARROW, **BOTH}
    plain, other = (
        steps(distill(name, {"epochs": 1, "dropout": 0, **more}, **given))
        for name, more in (("plain", {}), ("other", setting))
    )
    tolerance = 1e-5 if "precision" not in setting else 0.05
    for column in ("hidden_loss_raw", "attention_loss_raw", "hidden_grad_norm", "grad_norm_total"):
        assert float(other[0][column]) == pytest.approx(float(plain[0][column]), rel=tolerance), column
