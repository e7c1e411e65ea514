import dataclasses
import math

import numpy as np
import pytest
import torch

from kdlib.config import Sampled
from kdlib.files import DataError
from kdlib.signals.codec.codec import codec_for
from kdlib.teacher_signal import SignalKey
from tests.signals.codec.test_codec import joined, keys_of, logits_like, round_trip, softmax, spread

VOCAB = 30
HALF = 2**-10  # half precision's relative error, of a log-probability and of the tail


def sampled(**options):
    return Sampled(kind="sampled", **options)


def stores(options, logits, count):
    """Return the targets of one position, drawn for as many examples as asked: ``[count, vocab]``."""
    codec = codec_for(options, logits.shape[1], {})
    rows = codec.encode(None, logits.expand(count, -1), keys_of(count), [1] * count)
    return spread(codec.decode(joined(codec, rows), options.temperature), logits.shape[1])


@pytest.mark.slow
@pytest.mark.parametrize("style", ["doubtful", "uniform", "tied"])
@pytest.mark.parametrize(("head", "draws"), [(1, 1), (3, 4), (8, 8), (20, 2)])
@pytest.mark.parametrize("temperature", [1.0, 2.5])
def test_the_mean_over_stores_is_the_teacher(style, head, draws, temperature):
    count, logits = 3000, logits_like(style, 1, VOCAB, 4)
    options = sampled(head=head, draws=draws, temperature=temperature)
    targets = stores(options, logits, count)
    (p,) = softmax(logits, temperature)
    kept = (targets == targets[0]).all(axis=0) & (targets[0] > 0)
    tail = 1 - p[kept].sum()
    assert kept.sum() == head
    # Each draw is a Bernoulli variable for each token, of probability p / tail and worth tail / draws.
    deviation = np.where(kept, 0, np.sqrt(p * np.maximum(tail - p, 0) / draws / count))
    # 4.5 deviations are exceeded by one token in 150,000.
    assert (np.abs(targets.mean(axis=0) - p) <= 4.5 * deviation + 5 * HALF * p).all()
    np.testing.assert_allclose(targets.sum(axis=1), 1, atol=1e-5)


@pytest.mark.slow
def test_other_seeds_draw_other_tokens_with_the_same_mean():
    logits, count = logits_like("doubtful", 1, VOCAB, 4), 300
    (p,) = softmax(logits)
    found = [
        spread(round_trip(codec_for(sampled(head=2, draws=8, seed=seed), VOCAB, {}), logits), VOCAB)[0]
        for seed in range(count)
    ]
    targets = np.array(found)
    assert len(np.unique(targets, axis=0)) > count / 4
    tail = np.sort(p)[:-2].sum()
    deviation = np.sqrt(p * np.maximum(tail - p, 0) / 8 / count)
    assert (np.abs(targets.mean(axis=0) - p) <= 4.5 * deviation + 5 * HALF * p).all()


def test_a_longer_head_and_more_draws_are_less_noise():
    logits = logits_like("doubtful", 1, VOCAB, 4)

    def noise(head, draws):
        return stores(sampled(head=head, draws=draws), logits, 500).var(axis=0).sum()

    assert noise(8, 8) < noise(2, 8) / 2 < noise(1, 8) / 2
    assert noise(2, 32) < noise(2, 8) / 2


def test_the_head_is_exact():
    logits = logits_like("doubtful", 9, 300, 5)
    signal = round_trip(codec_for(sampled(head=8, draws=3), 300, {}), logits)
    truth = softmax(logits)
    ids = signal.ids[:, :8].numpy()
    np.testing.assert_array_equal(ids, np.argsort(-truth, axis=1)[:, :8])
    kept = np.take_along_axis(truth, ids, axis=1)
    np.testing.assert_allclose(signal.log_probs[:, :8], np.log(kept), rtol=HALF, atol=2 * HALF)
    assert signal.tail_mass.tolist() == [0.0] * 9
    drawn = signal.log_probs[:, 8:].double().exp().sum(dim=1)
    np.testing.assert_allclose(drawn, 1 - kept.sum(axis=1), rtol=5 * HALF)


def test_draws_depend_on_the_key_the_seed_and_the_position():
    logits = torch.zeros(2, 300)
    key = SignalKey("id", "hash", 0)

    def drawn(key, seed=42):
        codec = codec_for(sampled(head=1, draws=8, seed=seed), 300, {})
        (row,) = codec.encode(None, logits, [key], [2])
        return spread(codec.decode(joined(codec, [row]), 1.0), 300)

    right = drawn(key)
    assert (drawn(key) == right).all()
    assert (right[0] != right[1]).any()
    for change in ({"id": "other"}, {"target_hash": "other"}, {"rank": 1}):
        assert (drawn(dataclasses.replace(key, **change)) != right).any()
    assert (drawn(key, seed=43) != right).any()


@pytest.mark.parametrize("head", [3, 255])
def test_nothing_is_drawn_of_an_empty_tail(head):
    logits = torch.tensor([[0.0, 1.0, 2.0, *[-math.inf] * 27]])
    codec = codec_for(sampled(head=head, draws=5), VOCAB, {})
    (row,) = codec.encode(None, logits, keys_of(1), [1])
    assert row["counts"] == b"\0"
    assert row["times"] == row["drawn_0"] == b""
    decoded = spread(codec.decode(joined(codec, [row]), 1.0), VOCAB)
    np.testing.assert_allclose(decoded, softmax(logits), rtol=5 * HALF)


def test_a_tail_of_nearly_all_leaves_the_head_what_it_has():
    """In half precision such a tail is 1."""
    logits = torch.zeros(1, 65_537)
    logits[0, 70] = 1.0
    signal = round_trip(codec_for(sampled(head=1, draws=8), 65_537, {}), logits)
    assert signal.ids[0, 0] == 70
    assert signal.log_probs[0, 0].item() == pytest.approx(math.log(softmax(logits)[0, 70]), rel=HALF)


def test_the_rarest_tokens_are_drawn_as_often_as_they_should_be():
    """Each of them is next to nothing beside the mass of all before it."""
    logits = torch.full((40, 65_537), math.log(2e-8))
    logits[:, 0], logits[:, 1] = 5.0, 0.0
    codec = codec_for(sampled(head=1, draws=255), 65_537, {})
    columns = joined(codec, codec.encode(None, logits, keys_of(1), [40]))
    drawn = columns["drawn_0"].int() + 256 * columns["drawn_1"].int() + 65_536 * columns["drawn_2"].int()
    rare = columns["times"][drawn > 1].sum().item()
    expected = 40 * 255 * 65_535 * 2e-8
    assert abs(rare - expected) < 3.5 * math.sqrt(expected)  # which is 0 at −3.7


def test_a_drawn_token_is_stored_once_however_often_it_was_drawn():
    logits = torch.tensor([[5.0, 0.0, 0.0]])
    codec = codec_for(sampled(head=1, draws=255), 3, {})
    (row,) = codec.encode(None, logits, keys_of(1), [1])
    assert row["counts"] == b"\2"
    assert row["drawn_0"] == b"\1\2"
    assert sum(row["times"]) == 255
    assert codec.decode(joined(codec, [row]), 1.0).ids.tolist() == [[0, 1, 2]]


@pytest.mark.parametrize(
    ("name", "content"),
    [("counts", [2, 1]), ("counts", [0, 2]), ("counts", [0, 0]), ("times", [1] * 4), ("times", [200] * 4)],
)
def test_counts_that_do_not_add_up_are_an_error(name, content):
    codec = codec_for(sampled(head=1, draws=255), 3, {})
    columns = joined(codec, codec.encode(None, torch.zeros(2, 3), keys_of(1), [2]))
    assert columns["counts"].tolist() == [2, 2]
    columns[name] = torch.tensor(content, dtype=torch.uint8)
    with pytest.raises(DataError, match="do not fit together"):
        codec.decode(columns, 1.0)


def test_a_token_beyond_the_vocabulary_is_not_drawn():
    codec = codec_for(sampled(head=1, draws=255), 3, {})
    columns = joined(codec, codec.encode(None, torch.zeros(2, 3), keys_of(1), [2]))
    columns["drawn_0"][3] = 3
    with pytest.raises(DataError, match="token 3 is not in the vocabulary of 3"):
        codec.decode(columns, 1.0)
