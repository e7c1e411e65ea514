"""The start of a model from scratch: mimetic attention and the copying warm-up."""

from __future__ import annotations

import math

import pytest
import torch

from kdlib.config import Size
from kdlib.models.copying import learn_to_copy
from kdlib.models.mimetic import MATCH, PASS, PREVIOUS
from kdlib.models.scratch import build

SIZE = Size(d_model=64, d_ff=128, encoder_layers=2, decoder_layers=1, heads=2)


@pytest.fixture
def model(tokenizer):
    return build(SIZE, tokenizer, dropout=0.0, seed=3)


def test_cross_attention_starts_as_a_multiple_of_the_identity(model):
    attention = model.decoder.block[0].layer[1].EncDecAttention
    with torch.no_grad():
        matched = attention.q.weight.T @ attention.k.weight
        passed = attention.o.weight @ attention.v.weight
    torch.testing.assert_close(matched, MATCH * torch.eye(64), atol=1e-5, rtol=0)
    torch.testing.assert_close(passed, PASS * torch.eye(64), atol=1e-5, rtol=0)


@pytest.mark.parametrize("part", ["encoder", "decoder"])
def test_the_first_head_prefers_the_previous_token(model, part):
    attention = getattr(model, part).block[0].layer[0].SelfAttention
    bias = attention.compute_bias(6, 6, device=torch.device("cpu"))[0, 0]  # [query, key]
    for query in range(1, 6):
        assert int(bias[query].argmax()) == query - 1
    assert PREVIOUS == 1


@pytest.mark.slow
def test_a_model_learns_to_copy_and_equal_seeds_give_equal_weights(tokenizer, model):
    torch.set_num_threads(1)
    loss = learn_to_copy(model, 200, seed=3)
    assert loss < 0.6 * math.log(len(tokenizer))
    again = build(SIZE, tokenizer, dropout=0.0, seed=3)
    learn_to_copy(again, 200, seed=3)
    for ours, theirs in zip(model.parameters(), again.parameters(), strict=True):
        assert torch.equal(ours, theirs)


@pytest.mark.slow
def test_without_mimetic_attention_as_many_steps_teach_nothing(tokenizer):
    from transformers import T5ForConditionalGeneration, set_seed

    set_seed(3)
    plain = T5ForConditionalGeneration(build(SIZE, tokenizer, dropout=0.0, seed=3).config)
    assert learn_to_copy(plain, 200, seed=3) > 0.9 * math.log(len(tokenizer))
