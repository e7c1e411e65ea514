"""The trainer's arguments follow the device and the settings."""

from types import SimpleNamespace

import pytest
import torch

from kdlib.config import Training
from kdlib.training.loop import arguments as module
from kdlib.training.loop.arguments import arguments


def test_deterministic_algorithms_are_taken_when_asked_for(finetune, outcome, monkeypatch):
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    plain = outcome(finetune("plain", epochs=1))
    assert not torch.are_deterministic_algorithms_enabled()
    found = outcome(finetune("careful", epochs=1, deterministic=True))
    assert torch.are_deterministic_algorithms_enabled()
    assert found["final_model/model.safetensors"] == plain["final_model/model.safetensors"]
    finetune("plain again", epochs=1, code="2")
    assert not torch.are_deterministic_algorithms_enabled()


@pytest.mark.parametrize(
    ("device", "wanted", "workers"), [("cuda", None, 2), ("cpu", None, 0), ("cpu", 3, 3)]
)
def test_workers_and_pinned_memory_follow_the_device(tmp_path, monkeypatch, device, wanted, workers):
    """The arguments of a machine with a GPU, made on any machine."""
    made = {}
    monkeypatch.setattr("transformers.TrainingArguments", lambda **given: made.update(given))
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda **_: torch.device(device))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: device == "cuda")
    arguments(Training(workers=wanted), tmp_path)
    found = SimpleNamespace(**made)
    assert (found.dataloader_num_workers, found.dataloader_pin_memory) == (workers, device == "cuda")


@pytest.mark.parametrize(
    ("precision", "flags"),
    [
        (torch.float32, (False, False)),
        (torch.bfloat16, (True, False)),
        (torch.float16, (False, True)),
    ],
)
def test_the_trainer_computes_in_the_precision_and_scales_losses_of_float16(
    monkeypatch, tmp_path, precision, flags
):
    monkeypatch.setattr(module, "dtype_of", lambda *_: precision)
    args = arguments(Training(), tmp_path)
    assert (args.bf16, args.fp16) == flags
