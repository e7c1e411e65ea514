"""Generation and likelihood of both families, against each other and against one position at a time."""

from __future__ import annotations

import copy

import pytest
import torch

from kdlib.models.batch import Row
from kdlib.models.generate import beam_search, log_probabilities

MAX_TOKENS = 9
EOS = 1


def next_token(model, source, written):
    """Return the log-probabilities of the token behind a prompt and what was written, without padding."""
    with torch.no_grad():
        if model.config.is_encoder_decoder:
            started = torch.tensor([[model.config.decoder_start_token_id, *written]])
            logits = model(input_ids=torch.tensor([source]), decoder_input_ids=started).logits
        else:
            logits = model(input_ids=torch.tensor([[*source, *written]])).logits
    return torch.log_softmax(logits[0, -1].double(), 0)


def total_of(model, source, ids):
    return sum(float(next_token(model, source, ids[:place])[token]) for place, token in enumerate(ids))


def test_likelihoods_are_those_of_one_position_at_a_time(model, odd_rows):
    """Beside longer and shorter rows: neither padding nor the company of others enters."""
    for rows in (odd_rows, odd_rows[::-1], odd_rows[1:2]):
        for row, found in zip(rows, log_probabilities(model, rows), strict=True):
            assert found.shape == (len(row.target_ids), model.config.vocab_size)
            for place, log_probs in enumerate(found):
                expected = next_token(model, row.source_ids, row.target_ids[:place])
                torch.testing.assert_close(log_probs.double(), expected, atol=2e-5, rtol=0)


@pytest.fixture(scope="module")
def ending(model, odd_rows):
    """The model with an end token that it likes to write."""
    (ids, _), *_ = beam_search(model, odd_rows[:1], 1, 1, MAX_TOKENS)[0]
    liked = copy.deepcopy(model)
    liked.config.eos_token_id = liked.generation_config.eos_token_id = ids[2]
    return liked


@pytest.mark.slow
def test_a_score_is_the_log_probability_of_the_generated_ids(ending, odd_rows):
    end, ended = ending.config.eos_token_id, []
    found = beam_search(ending, odd_rows, beams=4, n_best=3, max_tokens=MAX_TOKENS)
    for row, outputs in zip(odd_rows, found, strict=True):
        assert len({tuple(ids) for ids, _ in outputs}) == 3
        for ids, total in outputs:
            assert total == pytest.approx(total_of(ending, row.source_ids, ids), abs=1e-4)
            assert end not in ids[:-1]
            assert ids[-1] == end or len(ids) == MAX_TOKENS
            ended.append(ids[-1] == end)
    assert {True, False} == set(ended)


def test_the_best_output_comes_first(model, odd_rows):
    for outputs in beam_search(model, odd_rows, beams=5, n_best=5, max_tokens=MAX_TOKENS):
        means = [total / len(ids) for ids, total in outputs]
        assert means == sorted(means, reverse=True)
        assert means[0] > means[-1]


@pytest.mark.slow
@pytest.mark.parametrize("beams", [1, 4])
def test_rows_together_are_as_one_by_one(model, odd_rows, beams):
    """A causal model reads prompts that are padded on the left."""
    together = beam_search(model, odd_rows, beams, n_best=beams, max_tokens=MAX_TOKENS)
    for row, outputs in zip(odd_rows, together, strict=True):
        (alone,) = beam_search(model, [row], beams, n_best=beams, max_tokens=MAX_TOKENS)
        assert [ids for ids, _ in outputs] == [ids for ids, _ in alone]
        assert [score for _, score in outputs] == pytest.approx([score for _, score in alone], abs=1e-4)


def test_one_beam_takes_the_likeliest_token_at_every_step(model, odd_rows):
    for row, ((ids, _),) in zip(odd_rows, beam_search(model, odd_rows, 1, 1, MAX_TOKENS), strict=True):
        for place, token in enumerate(ids):
            assert token == int(next_token(model, row.source_ids, ids[:place]).argmax())


@pytest.mark.parametrize("limit", [1, 2])
def test_the_limit_cuts_outputs(model, odd_rows, limit):
    for outputs in beam_search(model, odd_rows, beams=2, n_best=2, max_tokens=limit):
        assert all(len(ids) <= limit for ids, _ in outputs)
        assert any(len(ids) == limit and ids[-1] != EOS for ids, _ in outputs)


@pytest.mark.parametrize("family", ["t5_tied", "llama_tied"])
def test_any_of_several_end_tokens_ends_an_output(tiny_model, odd_rows, family):
    ends = [EOS, *range(12, 23)]
    model = tiny_model(family, eos=ends)
    ended = set()
    for row, outputs in zip(odd_rows, beam_search(model, odd_rows, 3, 3, MAX_TOKENS), strict=True):
        for ids, total in outputs:
            assert not set(ids[:-1]) & set(ends)
            assert total == pytest.approx(total_of(model, row.source_ids, ids), abs=1e-4)
            ended |= {ids[-1]} & set(ends)
    assert ended - {EOS}


def test_targets_are_not_looked_at(model, odd_rows):
    blind = [Row(row.id, row.source_ids, [7], "h") for row in odd_rows]
    assert beam_search(model, blind, 2, 2, 5) == beam_search(model, odd_rows, 2, 2, 5)
