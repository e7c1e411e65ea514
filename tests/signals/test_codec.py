import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kdlib.config.sections import Dense
from kdlib.files import DataError
from kdlib.signals.codec import DenseCodec, codec_for, codec_from
from kdlib.signals.signal import FullSignal

COMPRESSIONS = ["lz4", "zstd"]


def normalised(logits):
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def softmax(logits):
    return np.exp(normalised(logits))


@pytest.fixture
def log_probs():
    return normalised(np.random.default_rng(5).normal(size=(7, 31)) * 3)


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("temperature", [1.0, 1.5, 4.0])
def test_comes_back_at_any_temperature(log_probs, compression, temperature):
    codec = DenseCodec(31, compression)
    signal = codec.decode(codec.encode(log_probs), 7, temperature)
    assert isinstance(signal, FullSignal)
    assert signal.temperature == temperature
    assert signal.log_probs.dtype == torch.float32
    p = signal.log_probs.double().exp().numpy()
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-6)
    # Logits between −32 and −16 are off by 2⁻⁷ at most, and so is their normaliser.
    np.testing.assert_allclose(p, softmax(log_probs / temperature), rtol=2 * 2**-7)


@settings(deadline=None, max_examples=50)
@given(
    logits=st.integers(0, 4).flatmap(
        lambda n: arrays(np.float32, (n, 6), elements=st.floats(-60, 0, width=32) | st.just(-math.inf))
    ),
    compression=st.sampled_from(COMPRESSIONS),
)
def test_round_trip_of_any_distribution(logits, compression):
    logits[:, 2] = 0.0
    codec = DenseCodec(6, compression)
    decoded = codec.decode(codec.encode(logits), len(logits), 1.0).log_probs.numpy()
    assert decoded.shape == logits.shape
    assert (np.isneginf(decoded) == np.isneginf(logits)).all()
    np.testing.assert_allclose(np.exp(decoded), softmax(logits), rtol=2**-5, atol=1e-9)


def test_what_half_precision_cannot_hold_is_impossible():
    codec = DenseCodec(2, "lz4")
    assert codec.decode(codec.encode(np.array([[0.0, -1e6]])), 1, 1.0).log_probs.tolist() == [
        [0.0, -math.inf]
    ]


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_equal_input_gives_equal_bytes(log_probs, compression):
    assert DenseCodec(31, compression).encode(log_probs) == DenseCodec(31, compression).encode(
        log_probs.copy()
    )


def test_two_bytes_an_entry_before_compression():
    noise = np.random.default_rng(0).uniform(-20, 0, size=(100, 50))
    assert 0.8 * 2 * noise.size < len(DenseCodec(50, "zstd").encode(noise)) <= 2 * noise.size + 50


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_a_truncated_blob_is_an_error(log_probs, compression):
    codec = DenseCodec(31, compression)
    blob = codec.encode(log_probs)
    for length in range(len(blob)):
        with pytest.raises(DataError, match="extract again"):
            codec.decode(blob[:length], 7, 1.0)


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_no_flipped_bit_changes_a_distribution(log_probs, compression):
    codec = DenseCodec(31, compression)
    blob = codec.encode(log_probs)
    right = codec.decode(blob, 7, 1.0).log_probs
    noticed = 0
    for bit in range(8 * len(blob)):
        damaged = bytearray(blob)
        damaged[bit // 8] ^= 1 << bit % 8
        try:
            assert torch.equal(codec.decode(bytes(damaged), 7, 1.0).log_probs, right)
        except DataError:
            noticed += 1
    assert noticed > 0.95 * 8 * len(blob)  # some header bits mean nothing


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("positions", [6, 8])
def test_another_number_of_positions_is_an_error(log_probs, compression, positions):
    codec = DenseCodec(31, compression)
    with pytest.raises(DataError, match=f"holds {7 * 31 * 2} of {positions * 31 * 2} bytes"):
        codec.decode(codec.encode(log_probs), positions, 1.0)


def test_garbage_behind_the_frame_is_an_error(log_probs):
    codec = DenseCodec(31, "zstd")
    with pytest.raises(DataError):
        codec.decode(codec.encode(log_probs) + b"x", 7, 1.0)


def test_the_other_compression_is_an_error(log_probs):
    with pytest.raises(DataError, match="no zstd frame"):
        DenseCodec(31, "zstd").decode(DenseCodec(31, "lz4").encode(log_probs), 7, 1.0)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([[0.0, -1.0, -2.0]], r"\[positions, 2\], got \[1, 3\]"),
        ([0.0, -1.0], r"got \[2\]"),
        ([[0.0, -1.0], [math.nan, 0.0]], "position 1 has nan"),
        ([[-math.inf, -math.inf]], "position 0 has -inf"),
        ([[math.inf, 0.0]], "position 0 has inf"),
    ],
)
def test_what_is_no_distribution_is_not_stored(rows, message):
    with pytest.raises(ValueError, match=message):
        DenseCodec(2, "lz4").encode(np.array(rows))


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_metadata_and_configuration_lead_to_the_codec(compression):
    codec = codec_for(Dense(compression=compression), 31)
    assert codec == DenseCodec(31, compression)
    assert codec.name == "dense"
    assert codec_from(codec.metadata()) == codec


@pytest.mark.parametrize(
    "metadata",
    [{}, {"kind": "tpok", "vocab_size": 3}, {"kind": "dense", "vocab_size": 3, "compression": "gzip"}],
)
def test_an_unknown_codec_is_named(metadata):
    with pytest.raises(DataError, match="unknown codec"):
        codec_from(metadata)
