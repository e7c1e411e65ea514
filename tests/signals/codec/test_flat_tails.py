"""Every codec on a flat tail of 65,536 tokens beside one that is all but certain.

In single precision, added one after the other, .0003 of .0027 are lost, more where vectors are narrow.
"""

import numpy as np
import pytest
import torch

from kdlib.config import Dense, Hidden, Nucleus, Sampled, TopK
from kdlib.signals.codec.codec import codec_for
from kdlib.signals.comparison import compare
from tests.signals.codec.test_codec import round_trip, softmax
from tests.signals.codec.test_nucleus import tail_error

VOCAB, BEST = 65_537, 500
ROUNDING = 1e-6  # of single precision, in a sum of probabilities
HALF = 2**-11  # half precision's relative error
TEMPERATURES = pytest.mark.parametrize("temperature", [1.0, 2.0])


def flat(temperature):
    logits = torch.full((2, VOCAB), -17.0 * temperature)
    logits[:, BEST] = 0.0
    return logits


def best_and_rest(signal):
    """Return the probability of the best token, and of all other tokens that are named."""
    named = signal.log_probs.double().exp()
    best = torch.where(signal.ids == BEST, named, 0.0).sum(dim=1)
    return best.numpy(), (named.sum(dim=1) - best).numpy()


@TEMPERATURES
def test_topk(temperature):
    logits = flat(temperature)
    signal = round_trip(
        codec_for(TopK(kind="topk", k=9, temperature=temperature), VOCAB, {}), logits, temperature
    )
    truth = softmax(logits, temperature)[0]
    best, rest = best_and_rest(signal)
    # log p is off by 2^(−11) of itself; 17 nats, by half a step of 1/64.
    bound = -HALF * np.log(truth[BEST]) + ROUNDING
    np.testing.assert_allclose(best, truth[BEST], rtol=0, atol=bound)
    np.testing.assert_allclose(rest, 8 * truth[0], rtol=1 / 128)
    np.testing.assert_allclose(signal.tail_mass, 1 - truth[BEST] - 8 * truth[0], rtol=0, atol=bound)


@TEMPERATURES
def test_nucleus(temperature):
    logits = flat(temperature)
    options = Nucleus(kind="nucleus", epsilon=0.01, temperature=temperature)
    signal = round_trip(codec_for(options, VOCAB, {}), logits, temperature)
    tail = 1 - softmax(logits, temperature)[0, BEST]
    assert signal.ids.tolist() == [[BEST], [BEST]]
    np.testing.assert_allclose(signal.tail_mass, tail, rtol=0, atol=tail_error(tail) + ROUNDING)
    np.testing.assert_allclose(best_and_rest(signal)[0], 1 - signal.tail_mass.double(), rtol=0, atol=ROUNDING)


@TEMPERATURES
def test_sampled(temperature):
    logits = flat(temperature)
    options = Sampled(kind="sampled", head=3, draws=20, temperature=temperature)
    signal = round_trip(codec_for(options, VOCAB, {}), logits, temperature)
    tail = 1 - softmax(logits, temperature)[0, BEST]
    best, rest = best_and_rest(signal)
    # The tail and log p of the best token, about as large, are each off by 2^(−11) of themselves.
    np.testing.assert_allclose(rest, tail, rtol=0, atol=2 * HALF * tail + ROUNDING)
    np.testing.assert_allclose(best, 1 - tail, rtol=0, atol=2 * HALF * tail + ROUNDING)


@TEMPERATURES
def test_dense(temperature):
    """What half precision makes of each log-probability is its own affair; the mass of all is 1."""
    logits = flat(temperature)
    signal = round_trip(codec_for(Dense(kind="dense"), VOCAB, {}), logits, temperature)
    stored = np.log(softmax(logits)).astype(np.float16)
    np.testing.assert_allclose(
        signal.log_probs.double().exp(), softmax(stored, temperature), rtol=1e-5, atol=ROUNDING / VOCAB
    )


@TEMPERATURES
def test_hidden(temperature):
    logits = flat(temperature)
    codec = codec_for(Hidden(kind="hidden"), VOCAB, {"head": logits[0, :, None].clone()})
    signal = round_trip(codec, logits, temperature, torch.ones(2, 1))
    truth = softmax(logits, temperature)
    np.testing.assert_allclose(signal.log_probs.double().exp(), truth, rtol=1e-5, atol=ROUNDING / VOCAB)
    figures = compare(logits, signal, torch.tensor([BEST, 0]))
    np.testing.assert_allclose(figures.l1, 0, atol=2 * ROUNDING)
    np.testing.assert_allclose(figures.stored_gold_nll, figures.gold_nll, rtol=0, atol=2 * ROUNDING)
