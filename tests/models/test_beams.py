"""Our beam search against transformers' own, which is another program with the same definition."""

from __future__ import annotations

import copy

import pytest
import torch

from kdlib.models.batch import Row, batches
from kdlib.models.beams import beam_search

MAX_TOKENS = 9


@pytest.fixture(scope="module", params=[1, 7])
def ending(request, model, odd_rows):
    """The model with an end token that it likes to write: at once, or after some tokens."""
    ((ids, _),) = beam_search(model, odd_rows[:1], 1, 1, MAX_TOKENS)[0]
    liked = copy.deepcopy(model)
    liked.config.eos_token_id = liked.generation_config.eos_token_id = ids[request.param]
    return liked


def theirs(model, row, beams):
    """Return what transformers finds for a row alone: ids up to the end token, and score per token."""
    prompt = torch.tensor([row.source_ids])
    found = model.generate(
        input_ids=prompt,
        attention_mask=torch.ones_like(prompt),
        num_beams=beams,
        num_return_sequences=beams,
        max_new_tokens=MAX_TOKENS,
        do_sample=False,
        early_stopping=beams > 1,
        output_scores=True,
        return_dict_in_generate=True,
    )
    start = 1 if model.config.is_encoder_decoder else prompt.shape[1]
    end = model.config.eos_token_id
    ids = [
        line[: line.index(end) + 1] if end in line else line for line in found.sequences[:, start:].tolist()
    ]
    return ids, found.sequences_scores.tolist() if beams > 1 else None


@pytest.mark.slow
@pytest.mark.parametrize("beams", [1, 2, 4])
def test_rows_together_find_what_transformers_finds_for_each_alone(ending, odd_rows, beams):
    found = beam_search(ending, odd_rows, beams, beams, MAX_TOKENS)
    lengths = set()
    for row, outputs in zip(odd_rows, found, strict=True):
        ids, scores = theirs(ending, row, beams)
        assert [own for own, _ in outputs] == ids
        lengths |= {len(own) for own in ids}
        if scores is not None:
            assert [total / len(own) for own, total in outputs] == pytest.approx(scores, abs=1e-4)
    assert len(lengths) > 1, "rows must leave the batch at different times"


def test_every_prompt_is_run_once_and_done_rows_leave(ending, odd_rows):
    """Seen from outside: how many outputs the output head reads at each step."""
    read = []
    hook = ending.get_output_embeddings().register_forward_hook(
        lambda _module, _inputs, logits: read.append(logits.numel() // logits.shape[-1])
    )
    beam_search(ending, odd_rows, 4, 4, MAX_TOKENS)
    hook.remove()
    assert read[0] == len(odd_rows)
    assert max(read[1:]) <= 4 * len(odd_rows)
    assert read[1:] == sorted(read[1:], reverse=True)
    assert read[-1] < 4 * len(odd_rows)


def test_batches_hold_no_more_tokens_than_asked_and_little_padding():
    rows = [Row(str(length), [1] * length, [1], "h") for length in (3, 9, 5, 4, 4, 1, 30)]
    found = list(batches(rows, 3, tokens=12))
    assert sorted(row.id for batch in found for row in batch) == sorted(row.id for row in rows)
    assert [[len(row.source_ids) for row in batch] for batch in found] == [[30], [9], [5, 4], [4, 3], [1]]
    assert [len(batch) for batch in batches(rows[:5], 2, tokens=100)] == [1, 2, 2]
    assert [len(batch) for batch in batches(rows, 3)] == [3, 3, 1]
    assert list(batches([], 3, tokens=9)) == []
