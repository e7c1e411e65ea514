import numpy as np
import pytest
import torch

from kdlib.config import Hidden
from kdlib.files import DataError
from kdlib.signals.codec.codec import codec_for
from tests.signals.codec.test_codec import keys_of, round_trip, softmax

VOCAB, WIDTH, POSITIONS = 257, 31, 40
PRECISIONS = pytest.mark.parametrize("precision", ["bf16", "int8"])


@pytest.fixture
def rng():
    return np.random.default_rng(11)


def tensor(values):
    return torch.tensor(values, dtype=torch.float32)


def hidden(precision, head, channels=None, bias=None):
    tensors = {"head": head, "channels": channels, "bias": bias}
    given = {name: value for name, value in tensors.items() if value is not None}
    return codec_for(Hidden(kind="hidden", precision=precision), len(head), given)


def errors_of_states(precision, states, channels):
    """Return how far a stored state may be off: half a unit in the last place, or half a level."""
    if precision == "bf16":
        return np.abs(states) * 2.0**-9
    scale = np.abs(states / channels).max(axis=1, keepdims=True) / 127
    return channels * scale / 2 * (1 + 2.0**-8)  # the scale itself is rounded


@PRECISIONS
@pytest.mark.parametrize("temperature", [1.0, 2.0, 4.0])
@pytest.mark.parametrize("with_bias", [False, True])
def test_the_distribution_of_the_head_at_any_temperature(rng, precision, temperature, with_bias):
    states = rng.normal(size=(POSITIONS, WIDTH)) * rng.uniform(0.1, 10, size=WIDTH)
    head = rng.normal(size=(VOCAB, WIDTH)) / 5
    bias = rng.normal(size=VOCAB) * 3 if with_bias else np.zeros(VOCAB)
    channels = np.abs(states).max(axis=0)
    codec = hidden(
        precision,
        tensor(head),
        tensor(channels) if precision == "int8" else None,
        tensor(bias) if with_bias else None,
    )
    logits = states @ head.T + bias
    signal = round_trip(codec, tensor(logits), temperature, tensor(states))
    off = (errors_of_states(precision, states, channels) @ np.abs(head).T).max(axis=1) / temperature
    difference = np.abs(signal.log_probs.numpy() - np.log(softmax(logits, temperature)))
    # A logit is off by ``off`` at most, and so is the logarithm of what they add up to.
    assert (difference.max(axis=1) <= 2 * off + 1e-4).all()
    assert signal.temperature == temperature


def test_states_that_bfloat16_holds_are_exact(rng):
    states = tensor(rng.normal(size=(POSITIONS, WIDTH))).bfloat16()
    head = tensor(rng.normal(size=(VOCAB, WIDTH)))
    logits = states.double() @ head.double().T
    signal = round_trip(hidden("bf16", head), logits, 3.0, states)
    np.testing.assert_allclose(signal.log_probs.exp(), softmax(logits, 3.0), rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_a_head_of_any_precision(rng, dtype):
    states = tensor(rng.normal(size=(POSITIONS, WIDTH)))
    head, bias = (tensor(rng.normal(size=shape)).to(dtype) for shape in ((VOCAB, WIDTH), (VOCAB,)))
    logits = states.bfloat16().double() @ head.double().T + bias.double()
    signal = round_trip(hidden("bf16", head, bias=bias), logits, 1.0, states)
    assert signal.log_probs.dtype == torch.float32
    np.testing.assert_allclose(signal.log_probs.exp(), softmax(logits), rtol=1e-3, atol=1e-6)


def test_a_scale_for_each_channel_withstands_an_outlier(rng):
    """One channel a hundred times as large takes all levels from the others, if they share its scale."""
    states = rng.normal(size=(POSITIONS, WIDTH))
    states[:, 3] *= 100
    head = rng.normal(size=(VOCAB, WIDTH))
    head[:, 3] /= 100
    logits = states @ head.T

    def l1(channels):
        signal = round_trip(
            hidden("int8", tensor(head), tensor(channels)), tensor(logits), 1.0, tensor(states)
        )
        return np.abs(signal.log_probs.exp().numpy() - softmax(logits)).sum(axis=1).mean()

    assert l1(np.abs(states).max(axis=0)) < l1(np.ones(WIDTH)) / 10


def test_a_state_of_zeros_and_the_largest_one(rng):
    states = tensor(np.zeros((2, WIDTH)))
    states[1] = torch.linspace(-1e4, 1e4, WIDTH)
    head = tensor(rng.normal(size=(VOCAB, WIDTH)) * 1e-4)
    signal = round_trip(hidden("int8", head, torch.ones(WIDTH)), states @ head.T, 1.0, states)
    np.testing.assert_allclose(signal.log_probs[0].exp(), 1 / VOCAB, rtol=1e-5)
    np.testing.assert_allclose(signal.log_probs[1].exp(), softmax(states @ head.T)[1], rtol=0.1)


@pytest.mark.parametrize(("precision", "size"), [("bf16", 2 * WIDTH), ("int8", WIDTH + 2)])
def test_bytes_of_a_position(rng, precision, size):
    states, head = tensor(rng.normal(size=(5, WIDTH))), tensor(rng.normal(size=(VOCAB, WIDTH)))
    codec = hidden(precision, head, torch.ones(WIDTH) if precision == "int8" else None)
    rows = codec.encode(states, states @ head.T, keys_of(2), [2, 3])
    assert [sum(map(len, row.values())) for row in rows] == [2 * size, 3 * size]


@PRECISIONS
@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_state_that_is_not_finite_is_not_stored(rng, precision, value):
    states, head = tensor(rng.normal(size=(5, WIDTH))), tensor(rng.normal(size=(VOCAB, WIDTH)))
    logits = states @ head.T
    states[3, 1] = value
    codec = hidden(precision, head, torch.ones(WIDTH) if precision == "int8" else None)
    with pytest.raises(ValueError, match="position 3 has a hidden state that is not finite"):
        codec.encode(states, logits, keys_of(1), [5])


def test_states_fit_the_head_and_the_logits(rng):
    codec = hidden("bf16", tensor(rng.normal(size=(VOCAB, WIDTH))))
    for shape in ((4, WIDTH), (5, WIDTH - 1), (5 * WIDTH,)):
        with pytest.raises(ValueError, match=rf"states must be \[5, {WIDTH}\], got \[{shape[0]}"):
            codec.encode(torch.zeros(shape), torch.zeros(5, VOCAB), keys_of(1), [5])


def test_scales_of_other_positions_are_an_error(rng):
    head = tensor(rng.normal(size=(VOCAB, WIDTH)))
    codec = hidden("int8", head, torch.ones(WIDTH))
    columns = {
        "states": torch.zeros(3 * WIDTH, dtype=torch.uint8),
        "scales": torch.zeros(2 * 2, dtype=torch.uint8),
    }
    with pytest.raises(DataError, match="do not fit together"):
        codec.decode(columns, 1.0)


@pytest.mark.parametrize(
    ("precision", "tensors", "message"),
    [
        ("bf16", {}, r"\[\] hold no output head of 5 tokens"),
        ("bf16", {"head": torch.ones(6, 3)}, "no output head of 5 tokens"),
        ("bf16", {"head": torch.ones(5, 3), "bias": torch.ones(3)}, r"bias must be \[5\], got \[3\]"),
        ("bf16", {"head": torch.ones(5, 3), "channels": torch.ones(3)}, "bf16 got some"),
        ("int8", {"head": torch.ones(5, 3)}, "int8 got none"),
        ("int8", {"head": torch.ones(5, 3), "channels": torch.ones(5)}, r"channels must be \[3\]"),
        ("int8", {"head": torch.ones(5, 3), "channels": torch.zeros(3)}, r"must be > 0, got 0\.0"),
        ("int8", {"head": torch.ones(5, 3), "channels": torch.full((3,), torch.nan)}, "must be > 0, got nan"),
    ],
)
def test_tensors_of_another_codec_are_named(precision, tensors, message):
    with pytest.raises(DataError, match=message):
        codec_for(Hidden(kind="hidden", precision=precision), 5, tensors)
