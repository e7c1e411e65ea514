"""A teacher of which only a low-rank adapter is trained, merged into a plain model at the end."""

from __future__ import annotations

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file

from kdlib.config import Lora, Teacher, Training
from kdlib.files import DataError
from kdlib.models.adapters import with_lora
from kdlib.models.load import load
from kdlib.training import results
from kdlib.training.finetune import finetune
from kdlib.training.loop.record_writer import StepRecords
from tests.conftest import job_in

CAUSAL = {"d_model": 32, "d_ff": 64, "encoder_layers": 0, "decoder_layers": 2, "heads": 2}
T5 = {**CAUSAL, "encoder_layers": 1}
LORA = {"rank": 3, "alpha": 12, "dropout": 0.1}
NOISY = {"epochs": 3, "learning_rate": 0.02, "dropout": 0.2}


class Killed(BaseException):
    """A kill at a chosen place; no handler of ordinary errors sees it."""


@pytest.fixture(scope="module", params=["t5", "llama"])
def pretrained(request, finetune_into, dataset, tmp_path_factory):
    """A folder of model and tokenizer, as the rule model stages it."""
    place = tmp_path_factory.mktemp(request.param)
    size = T5 if request.param == "t5" else CAUSAL
    out = finetune_into(place, "before", size=size, epochs=1)
    shutil.copytree(dataset.tokenizer, place / "pretrained")
    return shutil.copytree(out / "best_model", place / "pretrained", dirs_exist_ok=True)


@pytest.fixture
def adapt(pretrained, dataset, tmp_path):
    """Return a function that trains an adapter into ``tmp_path/NAME`` and returns that folder."""

    def run(name, lora=LORA, **training):
        chosen = Training(**{"batch_size": 8, **NOISY, **training})
        teacher = Teacher(model="real", lora=lora, training=chosen)
        finetune("toy", teacher, dataset.teacher_inputs(pretrained=pretrained), job_in(tmp_path, name))
        return tmp_path / name

    return run


@pytest.fixture
def kept(monkeypatch, tmp_path):
    """Let checkpoints stay after the training; return their folder."""
    monkeypatch.setattr(results, "discard", lambda _: None)
    return tmp_path / "checkpoints"


def test_the_result_is_the_pretrained_model_plus_the_adapter(adapt, pretrained, kept):
    """W + alpha/rank·B·A at the projections of queries and values, and nothing else."""
    out = adapt("a")
    before = load_file(pretrained / "model.safetensors")
    (folder,) = kept.iterdir()
    last = max(folder.glob("checkpoint-*"), key=lambda path: int(path.name.partition("-")[2]))
    adapter = load_file(last / "adapter_model.safetensors")
    after = load_file(out / "final_model" / "model.safetensors")
    assert after.keys() == before.keys()
    adapted = [name.removesuffix(".weight") for name in before if (after[name] != before[name]).any()]
    assert {name.rpartition(".")[2] for name in adapted} in ({"q", "v"}, {"q_proj", "v_proj"})
    assert 2 * len(adapted) == len(adapter)
    for name in adapted:
        a, b = (adapter[f"base_model.model.{name}.lora_{part}.weight"] for part in "AB")
        assert a.shape[0] == b.shape[1] == LORA["rank"]
        expected = before[f"{name}.weight"] + LORA["alpha"] / LORA["rank"] * b @ a
        torch.testing.assert_close(after[f"{name}.weight"], expected)


def test_both_models_are_written_as_those_of_any_training(adapt, pretrained, steps):
    out = adapt("a")
    assert all(float(row["grad_norm_decoder"]) > 0 for row in steps(out))
    names = {"config.json", "generation_config.json", "model.safetensors"}
    for folder in (out / "best_model", out / "final_model"):
        assert {path.name for path in folder.iterdir()} == names
        settings = json.loads((folder / "config.json").read_text())
        assert settings["model_type"] == json.loads((pretrained / "config.json").read_text())["model_type"]
    report = json.loads((out / "training_report.json").read_text())
    assert report["parameters"] == sum(weight.numel() for weight in load(pretrained).parameters())
    assert report["params"]["lora"] == LORA
    assert report["validation_nll"][-1] < report["validation_nll"][0]


def test_checkpoints_hold_the_adapter_alone_as_safetensors(adapt, pretrained, kept):
    adapt("a")
    checkpoints = [path for folder in kept.iterdir() for path in folder.glob("checkpoint-*")]
    assert checkpoints
    for checkpoint in checkpoints:
        names = {path.name for path in checkpoint.iterdir()}
        assert "adapter_model.safetensors" in names
        assert not names & {"model.safetensors", "adapter_model.bin", "pytorch_model.bin"}
        held = sum(weight.numel() for weight in load_file(checkpoint / "adapter_model.safetensors").values())
        assert held < 0.1 * sum(weight.numel() for weight in load(pretrained).parameters())


def test_a_killed_training_of_an_adapter_ends_with_the_same_bytes(adapt, outcome, monkeypatch):
    expected = outcome(adapt("whole"))
    original, calls = StepRecords.step, iter(range(1, 100))

    def killed_at_the_tenth(*args):
        if next(calls) == 10:
            raise Killed
        return original(*args)

    with monkeypatch.context() as patch:
        patch.setattr(StepRecords, "step", killed_at_the_tenth)
        with pytest.raises(Killed):
            adapt("killed")
    assert outcome(adapt("killed")) == expected


def test_an_adapter_of_layers_that_run_again_is_the_same(adapt):
    weights = [
        (adapt(f"{saving}", epochs=1, gradient_checkpointing=saving) / "final_model/model.safetensors")
        for saving in (False, True)
    ]
    assert weights[0].read_bytes() == weights[1].read_bytes()


def test_the_seed_decides_the_adapter(adapt):
    weights = [
        (adapt(f"{seed}", epochs=1, dropout=0, seed=seed) / "final_model/model.safetensors").read_bytes()
        for seed in (1, 1, 2)
    ]
    assert weights[0] == weights[1] != weights[2]


def test_an_adapter_of_an_unknown_family_is_refused_with_the_way_out():
    from transformers import XGLMConfig, XGLMForCausalLM

    shape = {"d_model": 16, "ffn_dim": 16, "num_layers": 1, "attention_heads": 2, "vocab_size": 20}
    model = XGLMForCausalLM(XGLMConfig(**shape, max_position_embeddings=16))
    with pytest.raises(DataError, match=r"lora: peft does not know where a xglm model .*; train the whole"):
        with_lora(model, Lora(), 1)
