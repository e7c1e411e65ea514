import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kdlib.config import Nucleus
from kdlib.files import DataError
from kdlib.signals.codec.codec import codec_for
from kdlib.signals.codec.nucleus import STEP
from tests.signals.codec.test_codec import joined, keys_of, logits_like, round_trip, softmax, spread

ROUNDING = 1e-6  # of single precision, in a sum of probabilities
LARGEST_TAIL = (255 / 256) ** 3


def nucleus(**options):
    return Nucleus(kind="nucleus", **options)


def tail_error(tail):
    """Return half a level: levels are even in the cube root, and the last one is below 1."""
    root = 256 * tail ** (1 / 3)
    return max(((root + 0.5) / 256) ** 3 - tail, tail - LARGEST_TAIL)


def positions_of(signal, logits):
    """Yield each position's kept ids, stored probabilities and tail, and all true probabilities."""
    truth = softmax(logits, signal.temperature)
    parts = zip(signal.ids.tolist(), signal.log_probs.tolist(), signal.tail_mass.tolist(), truth, strict=True)
    for ids, log_probs, tail, p in parts:
        count = sum(value > -math.inf for value in log_probs)
        yield ids[:count], np.exp(log_probs[:count]), tail, p


many = {
    "options": st.builds(
        nucleus,
        epsilon=st.sampled_from([0.0005, 0.005, 0.1, 0.9]),
        cap=st.sampled_from([1, 2, 8, 64, 255]),
        temperature=st.sampled_from([0.5, 1.0, 4.0]),
    ),
    "style": st.sampled_from(["doubtful", "uniform", "confident", "tied", "impossible", "mixed"]),
    "vocab": st.sampled_from([3, 257, 300]),
    "seed": st.integers(0, 1000),
}


@settings(deadline=None, max_examples=80)
@given(**many)
def test_as_many_tokens_as_it_takes_and_no_more(options, style, vocab, seed):
    logits = logits_like(style, 4, vocab, seed)
    signal = round_trip(codec_for(options, vocab, {}), logits, options.temperature)
    counts = []
    for ids, _, _, p in positions_of(signal, logits):
        counts.append(len(ids))
        enough = 1 - options.epsilon
        assert len(ids) == min(options.cap, vocab) or p[ids].sum() >= enough - ROUNDING
        assert p[ids[:-1]].sum() < enough + ROUNDING
        assert p[ids].min() >= np.delete(p, ids).max(initial=0) - ROUNDING
    assert signal.ids.shape[1] == max(counts)


@settings(deadline=None, max_examples=80)
@given(**many)
def test_errors_are_those_of_the_levels(options, style, vocab, seed):
    logits = logits_like(style, 4, vocab, seed)
    signal = round_trip(codec_for(options, vocab, {}), logits, options.temperature)
    for ids, stored, tail, p in positions_of(signal, logits):
        kept, left = p[ids], max(1 - p[ids].sum(), 0)
        error = tail_error(left)
        assert abs(tail - left) <= error + ROUNDING
        ratios = np.log(stored / stored[0]) - np.log(kept / kept[0])
        # Single precision keeps a log-probability of a few hundred nats to 1e-4.
        assert np.abs(ratios).max() <= STEP / 2 + 1e-4
        # Log-ratios off by ±h at most move a normalised distribution by 2·tanh(h / 2) at most, in L1.
        assert np.abs(stored - kept).sum() <= (1 - left) * 2 * math.tanh(STEP / 4 + 1e-4) + error + ROUNDING


def test_l1_to_dense_is_the_tail_and_the_levels():
    """Where a tail is spread as it really is, the whole error is that of the levels."""
    logits = logits_like("doubtful", 50, 300, 1)
    signal = round_trip(codec_for(nucleus(epsilon=0.005, cap=255), 300, {}), logits)
    truth, decoded = softmax(logits), spread(signal, 300)
    rest = np.where(decoded == 0, truth, 0)
    decoded += rest / rest.sum(axis=1, keepdims=True) * signal.tail_mass.numpy()[:, None]
    error = np.abs(decoded - truth).sum(axis=1)
    assert error.max() <= 2 * math.tanh(STEP / 4) + 2 * tail_error(0.005)
    assert error.mean() < 0.015  # errors of ±STEP / 2 that are spread evenly, and not those of a bias


@settings(deadline=None, max_examples=50)
@given(odds=st.lists(st.floats(1e-9, 0.03), min_size=1, max_size=20), total=st.floats(1e-7, 0.03))
def test_a_confident_position_is_next_to_exact(odds, total):
    others = np.array(odds) / sum(odds) * total
    logits = torch.tensor(np.log([[1 - total, *others]]), dtype=torch.float32)
    signal = round_trip(codec_for(nucleus(), logits.shape[1], {}), logits)
    assert signal.ids[0, 0] == 0
    assert signal.log_probs[0, 0].exp().item() == pytest.approx(1 - total, abs=1e-3)


@pytest.mark.parametrize(("vocab", "size"), [(200, 3), (300, 4), (70_000, 5)])
def test_a_certain_position_is_a_handful_of_bytes(vocab, size):
    logits = torch.zeros(1, vocab)
    logits[0, vocab - 1] = 1e4
    codec = codec_for(nucleus(), vocab, {})
    (row,) = codec.encode(None, logits, keys_of(1), [1])
    assert sum(map(len, row.values())) == size
    signal = codec.decode(joined(codec, [row]), 1.0)
    assert signal.ids.tolist() == [[vocab - 1]]
    assert signal.log_probs.tolist() == [[0.0]]
    assert signal.tail_mass.tolist() == [0.0]


def test_a_gap_that_no_step_spans_hides_no_mass():
    logits = torch.full((1, 65_537), -17.0)
    logits[0, 500] = 0.0
    signal = round_trip(codec_for(nucleus(epsilon=1e-5, cap=9), 65_537, {}), logits)
    truth = softmax(logits)
    assert signal.ids.shape == (1, 9)
    assert signal.log_probs[0, 1] < -15.9
    left = 1 - truth[0, 500] - truth[0, :8].sum()
    # Beside half a level of the tail: a step stops at 16 nats, which leaves each of 8 tokens e^(−16) at most.
    bound = tail_error(left) + 8 * math.exp(-255 * STEP) + ROUNDING
    assert signal.log_probs[0, 0].exp().item() == pytest.approx(truth[0, 500], abs=bound)
    assert signal.tail_mass.item() == pytest.approx(left, abs=tail_error(left) + ROUNDING)
    assert signal.log_probs[0, 1:].exp().numpy() == pytest.approx(truth[0, :8], abs=1.3e-7)


@settings(deadline=None, max_examples=50)
@given(possible=st.integers(1, 20), seed=st.integers(0, 1000))
def test_impossible_tokens_are_never_kept(possible, seed):
    """In single precision the mass of all others may come to less than 1 − ε."""
    logits = logits_like("doubtful", 6, 40, seed)
    logits[:, possible:] = -math.inf
    signal = round_trip(codec_for(nucleus(epsilon=1e-12, cap=30), 40, {}), logits)
    for ids, stored, tail, p in positions_of(signal, logits):
        assert max(ids) < possible
        np.testing.assert_allclose(stored, p[ids], rtol=STEP, atol=1e-6)
        assert tail < ROUNDING


def test_next_to_nothing_may_be_kept():
    """A tail that rounds to 1 would leave no probability to the tokens that are named."""
    signal = round_trip(codec_for(nucleus(cap=1), 65_537, {}), torch.zeros(2, 65_537))
    assert signal.tail_mass.tolist() == pytest.approx([LARGEST_TAIL] * 2)
    assert signal.log_probs.exp().flatten().tolist() == pytest.approx([1 - LARGEST_TAIL] * 2, rel=1e-5)


@pytest.mark.parametrize("counts", [[0, 3], [3, 0], [1, 1], [3, 2], [255, 255]])
def test_counts_that_do_not_add_up_are_an_error(counts):
    codec = codec_for(nucleus(epsilon=0.001), 4, {})
    columns = joined(codec, codec.encode(None, torch.zeros(2, 4), keys_of(1), [2]))
    assert columns["counts"].tolist() == [4, 4]
    columns["counts"] = torch.tensor(counts, dtype=torch.uint8)
    with pytest.raises(DataError, match="do not fit together"):
        codec.decode(columns, 1.0)


def test_a_position_of_no_token_is_an_error_even_if_all_adds_up():
    codec = codec_for(nucleus(cap=2), 4, {})
    columns = joined(codec, codec.encode(None, torch.zeros(2, 4), keys_of(1), [2]))
    columns["counts"] = torch.tensor([4, 0], dtype=torch.uint8)
    with pytest.raises(DataError, match="do not fit together"):
        codec.decode(columns, 1.0)


@settings(deadline=None, max_examples=30)
@given(**many)
def test_the_order_of_the_tokens_changes_the_bytes_alone(options, style, vocab, seed):
    logits = logits_like(style, 4, vocab, seed)
    order = torch.from_numpy(np.random.default_rng(seed).permutation(vocab).astype(np.int32))
    plain, ordered = codec_for(options, vocab, {}), codec_for(options, vocab, {"order": order})
    first = round_trip(plain, logits, options.temperature)
    second = round_trip(ordered, logits, options.temperature)
    kept = first.log_probs > -math.inf
    assert torch.equal(first.log_probs, second.log_probs)
    assert torch.equal(first.ids[kept], second.ids[kept])
    assert torch.equal(first.tail_mass, second.tail_mass)


def test_a_token_is_stored_by_its_rank():
    codec = codec_for(nucleus(cap=1), 300, {"order": torch.arange(299, -1, -1)})
    logits = torch.zeros(2, 300)
    logits[0, 299] = logits[1, 0] = 50.0
    (row,) = codec.encode(logits, logits, keys_of(1), [2])
    assert row["ids_0"] == bytes([0, 299 & 255])
    assert row["ids_1"] == bytes([0, 1])


@pytest.mark.parametrize("order", [[0, 1], [0, 1, 1], [1, 2, 3], [[0, 1, 2]]])
def test_an_order_that_lacks_a_token_is_refused(order):
    with pytest.raises(DataError, match="its order is none of the 3 tokens"):
        codec_for(nucleus(), 3, {"order": torch.tensor(order)})
