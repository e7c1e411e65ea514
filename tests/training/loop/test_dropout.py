"""Dropout: its chances, its expectation, and attention that equals torch's but for the draw."""

import math
from pathlib import Path

import pytest
import torch
from transformers import (
    AutoModelForSeq2SeqLM,
    LlamaConfig,
    LlamaForCausalLM,
    T5Config,
    T5ForConditionalGeneration,
)
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from kdlib.training.loop.dropout import ATTENTION, CHANCES, WordDropout, attention, kept, with_word_dropout

NONE = 1e-9  # a rate of which no multiple of 2^-16 remains: the way through the draw without its effect


def t5(rate: float = 0.1) -> T5ForConditionalGeneration:
    torch.manual_seed(0)
    config = T5Config(
        vocab_size=50, d_model=16, d_ff=32, num_layers=2, num_heads=2, d_kv=8, dropout_rate=rate,
        decoder_start_token_id=0,
    )  # fmt: skip
    return T5ForConditionalGeneration(config)


@pytest.mark.parametrize("rate", [0.02, 0.1, 0.5, 0.9])
def test_every_quarter_of_a_word_drops_at_the_rate(rate: float) -> None:
    torch.manual_seed(1)
    n = 400_000
    drawn = kept(torch.zeros(n), rate)
    factor = CHANCES / (CHANCES - round(rate * CHANCES))
    assert drawn.unique().tolist() == pytest.approx([0.0, factor], rel=1e-6)
    for quarter in range(4):
        dropped = float((drawn[quarter::4] == 0).double().mean())
        assert abs(dropped - rate) < 5 * math.sqrt(rate * (1 - rate) / (n / 4)) + 1 / CHANCES


def test_neighbours_are_dropped_independently() -> None:
    torch.manual_seed(2)
    dropped = (kept(torch.zeros(400_000), 0.5) == 0).double() - 0.5
    for distance in (1, 2, 3, 4, 5):
        assert abs(float((dropped[:-distance] * dropped[distance:]).mean()) * 4) < 5 / math.sqrt(400_000)


@pytest.mark.parametrize("shape", [(), (0,), (3,), (5, 7), (2, 3, 11)])
def test_any_shape(shape: tuple[int, ...]) -> None:
    assert kept(torch.zeros(shape), 0.1).shape == shape


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
def test_factors_have_the_type_of_the_input(dtype: torch.dtype) -> None:
    assert kept(torch.zeros(9, dtype=dtype), 0.1).dtype == dtype


def test_equal_seeds_equal_draws() -> None:
    draws = []
    for _ in range(2):
        torch.manual_seed(3)
        draws.append([kept(torch.zeros(100), 0.3) for _ in range(2)])
    assert torch.equal(draws[0][0], draws[1][0])
    assert not torch.equal(draws[0][0], draws[0][1])


def test_the_gradient_is_the_factor() -> None:
    x = torch.ones(1_000, requires_grad=True)
    out = WordDropout(0.25)(x)
    out.sum().backward()
    assert torch.equal(x.grad, out.detach())
    assert 0 < int((x.grad == 0).sum()) < 500


def test_outside_of_training_nothing_is_dropped() -> None:
    x = torch.randn(50)
    assert WordDropout(0.5).eval()(x) is x
    assert WordDropout(0.0)(x) is x


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("mask", ["none", "bool", "float"])
@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("scaling", [1.0, None])
def test_attention_is_that_of_torch(bias: bool, mask: str, causal: bool, scaling: float | None) -> None:
    torch.manual_seed(4)
    query, key, value = (torch.randn(2, 3, 5, 8, requires_grad=True) for _ in range(3))
    allowed = torch.rand(2, 1, 5, 5) < 0.7
    allowed[..., 0] = True
    given = {"none": None, "bool": allowed, "float": torch.where(allowed, 0.0, -1e9)}[mask]
    position = torch.randn(1, 3, 5, 5, requires_grad=True) if bias else None
    read = (query, key, value, position) if bias else (query, key, value)
    found = []
    for function, rate in ((attention, NONE), (attention, 0.0), (sdpa_attention_forward, 0.0)):
        out, _ = function(torch.nn.Module(), query, key, value, given, rate, scaling, causal, position)
        found.append((out, *torch.autograd.grad(out.square().sum(), read)))
    dropped, plain, theirs = found
    for ours in (dropped, plain):
        for one, other in zip(ours, theirs, strict=True):
            torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)


def test_attention_is_right_in_the_mean() -> None:
    torch.manual_seed(5)
    query, key, value = (torch.randn(1, 2, 4, 8) for _ in range(3))
    module = torch.nn.Module()
    draws = torch.stack([attention(module, query, key, value, None, 0.3)[0] for _ in range(4_000)])
    exact, _ = attention(module, query, key, value, None, 0.0)
    error = (draws.mean(0) - exact).abs() / (draws.std(0) / math.sqrt(len(draws))).clamp(min=1e-6)
    assert float(error.max()) < 5


def test_a_model_is_the_same_but_for_its_draws(tmp_path: Path) -> None:
    plain, ours = t5(), t5()
    with_word_dropout(ours)
    assert not [m for m in ours.modules() if type(m) is torch.nn.Dropout]
    assert ours.config._attn_implementation == ATTENTION
    ids = torch.randint(1, 50, (2, 6))
    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": ids}
    with torch.no_grad():
        assert torch.equal(plain.eval()(**inputs).logits, ours.eval()(**inputs).logits)
    ours.train()
    losses = {float(ours(**inputs).loss.detach()) for _ in range(3)}
    assert len(losses) == 3
    ours.save_pretrained(tmp_path)
    assert ATTENTION not in (tmp_path / "config.json").read_text()
    assert AutoModelForSeq2SeqLM.from_pretrained(tmp_path).config._attn_implementation == "sdpa"


def test_recomputed_activations_draw_the_same() -> None:
    gradients = []
    for checkpointing in (False, True):
        model = t5()
        with_word_dropout(model)
        if checkpointing:
            model.activation_checkpointing_enable()
        torch.manual_seed(6)
        ids = torch.arange(1, 9)[None]
        model(input_ids=ids, labels=ids).loss.backward()
        gradients.append(torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None]))
    torch.testing.assert_close(*gradients)


def test_grouped_heads_stay_with_torch() -> None:
    torch.manual_seed(7)
    config = LlamaConfig(
        vocab_size=30, hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=4,
        num_key_value_heads=2, attention_dropout=0.2,
    )  # fmt: skip
    model = LlamaForCausalLM(config).train()
    with_word_dropout(model)
    ids = torch.arange(8)[None]
    assert float(model(input_ids=ids).logits.std().detach()) > 0
