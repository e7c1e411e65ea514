"""Outputs that share their prompt's keys and values write what outputs with copies of them write."""

from __future__ import annotations

import copy
import random

import pytest
import torch

from kdlib.models.batch import Row
from kdlib.models.beams import beam_search
from kdlib.models.prompt_attention import attention, shared_prompts

MAX_TOKENS = 8


def bart():
    from transformers import BartConfig, BartForConditionalGeneration

    torch.manual_seed(3)
    heads = {"encoder_attention_heads": 3, "decoder_attention_heads": 3}
    layers = {"encoder_layers": 2, "decoder_layers": 2, "encoder_ffn_dim": 40, "decoder_ffn_dim": 40}
    ids = {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 1, "decoder_start_token_id": 1}
    # A forced token would have a say in what generate writes, not in a likelihood.
    config = BartConfig(vocab_size=23, d_model=24, **heads, **layers, **ids, forced_eos_token_id=None)
    model = BartForConditionalGeneration(config)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "norm" not in name:
                weight.normal_(0, 0.35)
    return model.eval()


@pytest.fixture(scope="module", params=["t5_tied", "t5_untied", "bart"])
def decoder(request, tiny_model):
    return bart() if request.param == "bart" else tiny_model(request.param)


@pytest.fixture(scope="module")
def even_rows():
    """Rows of one length need no mask, and attention without mask may take outputs for a sequence."""
    dice = random.Random(4)
    return [Row(f"id{n}", [dice.randrange(2, 23) for _ in range(6)], [1], f"h{n}") for n in range(5)]


@pytest.mark.parametrize("beams", [1, 2, 5])
@pytest.mark.parametrize("kind", ["odd_rows", "even_rows"])
def test_the_same_is_found_with_and_without(decoder, beams, kind, request):
    rows = request.getfixturevalue(kind)
    copied = copy.deepcopy(decoder)
    copied.set_attn_implementation("eager")
    shared, alone = (beam_search(model, rows, beams, beams, MAX_TOKENS) for model in (decoder, copied))
    for one, other in zip(shared, alone, strict=True):
        assert [ids for ids, _ in one] == [ids for ids, _ in other]
        assert [total for _, total in one] == pytest.approx([total for _, total in other], abs=1e-4)


def test_keys_of_a_prompt_are_held_once(decoder, odd_rows, monkeypatch):
    from kdlib.models import prompt_attention

    seen = set()

    def noted(module, query, key, value, attention_mask, **options):
        seen.add((len(query), len(key), query.shape[2]))
        return attention(module, query, key, value, attention_mask, **options)

    monkeypatch.setattr(prompt_attention, "attention", noted)
    beam_search(decoder, odd_rows[:4], 3, 1, MAX_TOKENS)
    assert (12, 4, 1) in seen, seen


def test_the_attention_of_a_model_is_given_back(decoder):
    within = []

    def interrupt():
        with shared_prompts(decoder) as shared:
            within.append((shared, decoder.config._attn_implementation))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupt()
    assert within == [(True, "sdpa_shared_prompts")]
    assert decoder.config._attn_implementation == "sdpa"


def test_outputs_are_told_from_a_sequence():
    """Each output sees all keys, though they stand where queries of a sequence stand."""
    torch.manual_seed(0)
    query, key, value = torch.randn(6, 2, 1, 4), torch.randn(2, 2, 5, 4), torch.randn(2, 2, 5, 4)
    module = torch.nn.Module()
    found, _ = attention(module, query, key, value, None, scaling=0.7)
    keys, values = key.repeat_interleave(3, 0), value.repeat_interleave(3, 0)
    expected = torch.softmax(query @ keys.transpose(2, 3) * 0.7, -1) @ values
    torch.testing.assert_close(found, expected.transpose(1, 2))
