import math

import numpy as np
import pytest
import torch

from kdlib.config import Dense
from kdlib.signals.codec.codec import codec_for
from kdlib.teacher_signal import FullSignal
from tests.signals.codec.test_codec import STYLES, keys_of, logits_like, round_trip, softmax

HALF = 2**-11  # half precision's relative error


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0, 4.0])
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("vocab", [3, 257])
def test_any_temperature_within_half_precision(temperature, style, vocab):
    logits = logits_like(style, 5, vocab, 2)
    signal = round_trip(codec_for(Dense(kind="dense"), vocab, {}), logits, temperature)
    assert isinstance(signal, FullSignal)
    assert signal.temperature == temperature
    assert signal.log_probs.dtype == torch.float32
    truth, decoded = softmax(logits, temperature), signal.log_probs.double().exp().numpy()
    np.testing.assert_allclose(decoded.sum(axis=1), 1, atol=1e-5)
    # A log-probability x is off by x·2⁻¹¹, and normalising shifts all by the mean of that.
    counted = truth > 1e-9
    bound = 2 * HALF * np.log(1e9) + 1e-5
    assert np.abs(np.log(decoded[counted]) - np.log(truth[counted])).max() <= bound
    assert decoded[~counted].max(initial=0) < 2e-9


def test_what_half_precision_cannot_hold_is_impossible():
    signal = round_trip(codec_for(Dense(kind="dense"), 3, {}), torch.tensor([[0.0, -1e6, -math.inf]]))
    assert signal.log_probs.tolist() == [[0.0, -math.inf, -math.inf]]


def test_two_bytes_an_entry():
    rows = codec_for(Dense(kind="dense"), 31, {}).encode(None, torch.zeros(5, 31), keys_of(2), [2, 3])
    assert [len(row["log_probs"]) for row in rows] == [2 * 2 * 31, 3 * 2 * 31]
