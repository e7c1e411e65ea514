"""Checkpointed activations and half precision: what saves memory must not change what is learnt."""

from __future__ import annotations

import pytest
import torch

from kdlib.config import Size
from kdlib.files import DataError
from kdlib.models.batch import collate, layout_of
from kdlib.models.load import dtype_of
from kdlib.models.scratch import build

CAUSAL = {"d_model": 32, "d_ff": 64, "encoder_layers": 0, "decoder_layers": 2, "heads": 2}
T5 = {**CAUSAL, "encoder_layers": 2}
EPOCH = {"epochs": 1, "dropout": 0.2, "learning_rate": 0.01}


@pytest.fixture
def recomputed(monkeypatch):
    """Return a list that grows by each call of a layer that will run again in the backward pass."""
    from transformers import modeling_utils

    calls, original = [], modeling_utils.checkpoint

    def counted(layer, *inputs, **options):
        calls.append(layer)
        return original(layer, *inputs, **options)

    monkeypatch.setattr(modeling_utils, "checkpoint", counted)
    return calls


def assert_equal_but_for_the_settings(first, second):
    for found in (first, second):
        del found["training_report.json"], found["log"]
    assert first == second


@pytest.mark.parametrize("size", [T5, CAUSAL], ids=["t5", "llama"])
def test_checkpointed_activations_give_the_same_bytes(finetune, outcome, recomputed, size):
    """Dropout included: a layer that runs again draws the same numbers."""
    plain = outcome(finetune("plain", size=size, **EPOCH))
    assert recomputed == []
    saving = outcome(finetune("saving", size=size, **EPOCH, gradient_checkpointing=True))
    assert len(recomputed) == 4 * (size["encoder_layers"] + size["decoder_layers"])  # 32 rows, 8 a step
    assert_equal_but_for_the_settings(plain, saving)


@pytest.mark.parametrize("size", [T5, CAUSAL], ids=["t5", "llama"])
def test_checkpointed_activations_keep_less_for_the_backward_pass(tokenizer, rows, size):
    model = build(Size(**size), tokenizer, 0.0, 1).train()
    batch = collate(rows[:8], layout_of(model.config))

    def kept():
        """Return the bytes that a forward pass keeps, parameters aside."""
        own = {parameter.data_ptr() for parameter in model.parameters()}
        found = {}

        def keep(tensor):
            if tensor.data_ptr() not in own:
                found[tensor.data_ptr()] = tensor.untyped_storage().nbytes()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            output = model(**batch)
        return sum(found.values()), output  # alive, so that no two tensors share an address

    plain, _ = kept()
    model.activation_checkpointing_enable()
    saving, _ = kept()
    assert saving < 0.5 * plain


def test_gradient_norms_of_components_are_the_same_too(distill, outcome, steps):
    """Each is a backward pass of its own through the layers that run again."""
    training = {**EPOCH, "records": {"gradient_every": 1}}
    plain = distill("plain", training)
    saving = distill("saving", {**training, "gradient_checkpointing": True})
    assert all(float(row["jsd_grad_norm"]) > 0 for row in steps(saving))
    assert_equal_but_for_the_settings(outcome(plain), outcome(saving))


def test_single_half_precision_is_for_cuda_alone():
    assert dtype_of("float16", torch.device("cuda")) == torch.float16
    for device in ("cpu", "mps"):
        with pytest.raises(DataError, match=f"needs a CUDA GPU, this machine computes on {device}; use"):
            dtype_of("float16", torch.device(device))


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine computes in float16")
def test_a_training_in_float16_is_refused_before_it_writes_anything(distill, finetune, tmp_path):
    for run in (lambda: finetune("a", precision="float16"), lambda: distill("b", {"precision": "float16"})):
        with pytest.raises(DataError, match=r"training\.precision: float16 needs a CUDA GPU"):
            run()
    assert list(tmp_path.iterdir()) == []
