import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kdlib.config import Dense, TopK
from kdlib.signals.codec.codec import codec_for
from tests.signals.codec.test_codec import STYLES, joined, keys_of, logits_like, round_trip, softmax, spread

HALF = 2**-11  # half precision's relative error


@settings(deadline=None, max_examples=80)
@given(
    k=st.sampled_from([1, 2, 32, 255]),
    temperature=st.sampled_from([0.5, 1.0, 4.0]),
    style=st.sampled_from(sorted(set(STYLES) - {"huge"})),
    vocab=st.sampled_from([3, 257, 300]),
    seed=st.integers(0, 1000),
)
def test_the_most_probable_tokens_in_half_precision(k, temperature, style, vocab, seed):
    logits = logits_like(style, 4, vocab, seed)
    codec = codec_for(TopK(kind="topk", k=k, temperature=temperature), vocab, {})
    signal = round_trip(codec, logits, temperature)
    truth = softmax(logits, temperature)
    kept = np.take_along_axis(truth, signal.ids.numpy(), axis=1)
    np.testing.assert_allclose(kept, -np.sort(-truth, axis=1)[:, : min(k, vocab)], atol=1e-6)
    with np.errstate(divide="ignore"):
        wide = np.log(kept)
    # Each log-probability is rounded, and where probabilities add up to more than 1 all are lessened by that.
    counted = kept > 1e-30
    error = np.abs(wide, where=counted, out=np.zeros_like(wide)).max(axis=1) * HALF + 1e-5
    difference = np.subtract(signal.log_probs.numpy(), wide, where=counted, out=np.zeros_like(wide))
    assert (np.abs(difference).max(axis=1) <= 2 * error).all()
    assert (signal.log_probs.exp().numpy()[~counted] < 1e-29).all()
    assert (np.abs(signal.tail_mass.numpy() - np.maximum(1 - kept.sum(axis=1), 0)) <= 2 * error).all()


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("vocab", [3, 200])
def test_all_tokens_are_the_dense_signal(style, vocab):
    logits = logits_like(style, 6, vocab, 3)
    sparse = round_trip(codec_for(TopK(kind="topk", k=255), vocab, {}), logits)
    dense = round_trip(codec_for(Dense(kind="dense"), vocab, {}), logits)
    np.testing.assert_allclose(spread(sparse, vocab), spread(dense, vocab), rtol=1e-5, atol=1e-9)
    np.testing.assert_allclose(sparse.tail_mass, 0, atol=1e-6)


@pytest.mark.parametrize(("vocab", "size"), [(200, 3), (300, 4), (70_000, 5)])
def test_bytes_of_an_entry(vocab, size):
    codec = codec_for(TopK(kind="topk", k=32), vocab, {})
    rows = codec.encode(None, torch.zeros(5, vocab), keys_of(2), [2, 3])
    assert [sum(map(len, row.values())) for row in rows] == [2 * 32 * size, 3 * 32 * size]


def test_ids_of_three_bytes_come_back():
    logits = torch.zeros(2, 70_000)
    logits[0, 69_999], logits[1, 65_536] = 20.0, 20.0
    codec = codec_for(TopK(kind="topk", k=1), 70_000, {})
    columns = joined(codec, codec.encode(None, logits, keys_of(1), [2]))
    assert codec.decode(columns, 1.0).ids.tolist() == [[69_999], [65_536]]
