from collections import defaultdict

import pytest
import torch

from kdlib.models.batch import Row
from kdlib.models.generate import log_probabilities, predict
from kdlib.models.load import load

MAX_TOKENS = 32


@pytest.fixture(scope="module")
def model(teacher):
    return load(teacher)


def predictions(model, tokenizer, rows, beams=3, n_best=3, batch_size=4, max_tokens=MAX_TOKENS):
    found = defaultdict(list)
    for prediction in predict(model, tokenizer, rows, beams, n_best, max_tokens, batch_size):
        found[prediction.id].append(prediction)
    assert all([p.rank for p in group] == list(range(1, n_best + 1)) for group in found.values())
    return dict(found)


def test_every_row_gets_its_n_best(model, tokenizer, rows):
    found = predictions(model, tokenizer, rows[:7], beams=4, n_best=2)
    assert found.keys() == {row.id for row in rows[:7]}


@pytest.mark.parametrize(("beams", "n_best"), [(1, 1), (3, 3)])
def test_predictions_do_not_depend_on_the_batch(model, tokenizer, rows, beams, n_best):
    """Padding beside longer rows, and the order of rows, change no text and hardly a score."""
    expected = predictions(model, tokenizer, rows[:6], beams, n_best, batch_size=1)
    for batch_size, order in ((2, rows[:6]), (6, rows[5::-1])):
        found = predictions(model, tokenizer, order, beams, n_best, batch_size)
        for identity, group in expected.items():
            assert [p.text for p in found[identity]] == [p.text for p in group]
            assert [p.score for p in found[identity]] == pytest.approx([p.score for p in group], abs=1e-4)


def test_the_targets_are_not_looked_at(model, tokenizer, rows):
    blind = [Row(row.id, row.source_ids, [7], "h") for row in rows[:3]]
    assert predictions(model, tokenizer, blind) == predictions(model, tokenizer, rows[:3])


def test_candidates_are_ordered_by_score_and_distinct(model, tokenizer, rows):
    for group in predictions(model, tokenizer, rows[:6], beams=4, n_best=4).values():
        scores = [p.score for p in group]
        assert scores == sorted(scores, reverse=True)
        assert len({p.text for p in group}) > 1


def greedy(model, row, limit):
    """Return ids and mean log-probability of the likeliest token at every step, without a cache."""
    ids, total = [], 0.0
    with torch.no_grad():
        for _ in range(limit):
            started = torch.tensor([[model.config.decoder_start_token_id, *ids]])
            logits = model(input_ids=torch.tensor([row.source_ids]), decoder_input_ids=started).logits[0, -1]
            value, best = torch.log_softmax(logits.double(), 0).max(0)
            ids.append(int(best))
            total += float(value)
            if ids[-1] == model.config.eos_token_id:
                break
    return ids, total / len(ids)


def test_one_beam_is_greedy_search_with_its_likelihood_as_score(model, tokenizer, rows):
    for identity, (prediction,) in predictions(model, tokenizer, rows[:5], beams=1, n_best=1).items():
        row = next(row for row in rows if row.id == identity)
        ids, score = greedy(model, row, MAX_TOKENS)
        assert prediction.text == tokenizer.decode(ids, skip_special_tokens=True)
        assert prediction.score == pytest.approx(score, abs=1e-4)


def test_a_score_is_the_mean_log_probability_of_the_generated_tokens(model, tokenizer, rows):
    """Score the text again under teacher forcing; only texts that encode as they were generated can be."""
    checked = 0
    for identity, group in predictions(model, tokenizer, rows[:6], beams=3, n_best=3).items():
        source = next(row.source_ids for row in rows if row.id == identity)
        for prediction in group:
            ids = [*tokenizer.encode(prediction.text, add_special_tokens=False), tokenizer.eos_token_id]
            (line,) = log_probabilities(model, [Row("x", source, ids, "h")])
            mean = float(line[range(len(ids)), ids].mean())
            checked += mean == pytest.approx(prediction.score, abs=1e-4)
    assert checked >= 6


def test_no_output_is_longer_than_the_limit(model, tokenizer, rows):
    for group in predictions(model, tokenizer, rows[:4], max_tokens=3).values():
        assert all(len(p.text) <= 3 * max(map(len, tokenizer.get_vocab())) for p in group)
        assert all(len(tokenizer.encode(p.text, add_special_tokens=False)) <= 3 for p in group)
