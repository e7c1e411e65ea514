"""Gradient norms of encoder and decoder, against those of the named parameters."""

from __future__ import annotations

import math

import pytest
import torch

from kdlib.config import Lora, Size
from kdlib.models.adapters import with_lora
from kdlib.models.batch import collate, layout_of
from kdlib.models.scratch import build
from kdlib.training.loop.gradients import part_norms, unclipped

SEQ2SEQ = Size(d_model=32, d_ff=64, encoder_layers=2, decoder_layers=1, heads=2)
CAUSAL = Size(d_model=32, d_ff=64, encoder_layers=0, decoder_layers=2, heads=2)
PARTS = ("encoder", "decoder")
CE = {"components": {"ce": {}}, "loss_weights": {"ce": 1.0}}


def norm_of(gradients):
    return math.sqrt(sum(float(gradient.double().square().sum()) for gradient in gradients))


def trained(size, tokenizer, rows):
    model = build(size, tokenizer, 0.0, 3)
    model(**collate(rows[:4], layout_of(model.config))).loss.backward()
    return model, {name: p.grad for name, p in model.named_parameters()}


def test_parts_are_told_by_the_names_of_their_parameters(tokenizer, rows):
    model, gradients = trained(SEQ2SEQ, tokenizer, rows)
    parts = {
        part: norm_of(g for name, g in gradients.items() if name.startswith(f"{part}.")) for part in PARTS
    }
    found = part_norms(model)
    assert found == pytest.approx(tuple(parts.values()), rel=1e-5)
    rest = norm_of(g for name, g in gradients.items() if name.startswith(("shared", "lm_head")))
    total = norm_of(gradients.values())
    assert rest > 0
    assert math.hypot(*found, rest) == pytest.approx(total, rel=1e-5)


def test_a_causal_model_is_a_decoder(tokenizer, rows):
    model, gradients = trained(CAUSAL, tokenizer, rows)
    encoder, decoder = part_norms(model)
    assert encoder is None
    assert decoder == pytest.approx(norm_of(gradients.values()), rel=1e-5)


@pytest.mark.parametrize("size", [SEQ2SEQ, CAUSAL], ids=["t5", "llama"])
def test_an_adapted_model_is_told_apart_too(tokenizer, rows, size):
    model = with_lora(build(size, tokenizer, 0.0, 3), Lora(rank=3, alpha=12), 3)
    model(**collate(rows[:4], layout_of(model.config))).loss.backward()
    gradients = {name: p.grad for name, p in model.named_parameters() if p.grad is not None}
    encoder, decoder = (norm_of(g for name, g in gradients.items() if f".{part}." in name) for part in PARTS)
    if size == CAUSAL:
        encoder, decoder = None, norm_of(gradients.values())
    assert decoder > 0
    for norm, expected in zip(part_norms(model), (encoder, decoder), strict=True):
        assert norm is expected is None or norm == pytest.approx(expected, rel=1e-5)


def test_a_frozen_part_has_no_norm(tokenizer, rows):
    model, _ = trained(SEQ2SEQ, tokenizer, rows)
    for parameter in model.get_encoder().parameters():
        parameter.grad = None
    assert part_norms(model)[0] is None


@pytest.mark.parametrize("clip", [0.5, 3.0, 100.0])
def test_norms_are_those_before_clipping(clip):
    part, whole = torch.nn.Parameter(torch.zeros(2)), torch.nn.Parameter(torch.zeros(1))
    part.grad, whole.grad = torch.tensor([3.0, 0.0]), torch.tensor([4.0])
    total = float(torch.nn.utils.clip_grad_norm_([part, whole], clip))
    assert total == 5.0
    assert unclipped(float(part.grad.norm()), total, clip) == pytest.approx(3.0, rel=1e-5)
    assert unclipped(None, total, clip) is None


@pytest.mark.parametrize(("batch_size", "accumulation"), [(16, 1), (4, 4)])
def test_a_step_records_them(first_step, batch_size, accumulation):
    result = first_step(batch_size, accumulation, **CE)
    last = result.steps[-1]
    for part in PARTS:
        gradients = [g for name, g in result.gradients.items() if name.startswith(f"{part}.")]
        assert float(last[f"grad_norm_{part}"]) == pytest.approx(norm_of(gradients), rel=1e-4)


def test_clipping_changes_no_record(trainer_of, tmp_path, steps):
    found = []
    for clip in (1e9, 0.01):
        folder = tmp_path / str(clip)
        folder.mkdir()
        training = {"epochs": 1, "batch_size": 16, "dropout": 0, "clip": clip}
        trainer_of(folder, training, **CE).train()
        (row,) = steps(folder)
        found.append([float(row[f"grad_norm_{part}"]) for part in ("total", "encoder", "decoder")])
    assert found[0][0] > 0.1
    assert found[1] == pytest.approx(found[0], rel=1e-4)


def test_a_causal_run_leaves_the_encoder_column_empty(finetune, steps):
    rows = steps(finetune("causal", size=CAUSAL.model_dump(), epochs=1))
    assert len(rows) == 4
    for row in rows:
        assert row["grad_norm_encoder"] == ""
        assert float(row["grad_norm_decoder"]) == pytest.approx(float(row["grad_norm_total"]), rel=1e-5)
