"""Logits of earlier systems: bytes written by hand from the format's description, and hostile ones."""

import copy
import json
import math
import struct

import lz4.block
import lz4.frame
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from kdlib.files import DataError
from kdlib.signals import legacy
from kdlib.signals.legacy import decode_legacy, encode_legacy, legacy_shape

WHERE = "old.jsonl:7"


def stored(content, bits, shape, encoding="none", **fields):
    """Return an object around bytes that were laid out by hand."""
    frame = lz4.frame.compress(content, compression_level=9) if encoding == "lz4" else content
    return {
        "format": "lz4",
        "compression": {"bits": bits},
        "shape": shape,
        "data_encoded": {
            "encoding": encoding,
            "data": frame.hex(),
            "original_size": len(content),
            "compressed_size": len(frame),
        },
        "bits": bits,
        **fields,
    }


FOUR = {"scale": 0.5, "zero_point": 4.0, "packed": True, "values_per_byte": 2, "padded": False}


@pytest.mark.parametrize("encoding", ["none", "lz4"])
def test_four_bits_by_hand(encoding):
    # Levels 0 1 2 3 | 4 5 6 15: the even one of each pair in the low half of its byte.
    content = bytes([0x10, 0x32, 0x54, 0xF6])
    found = decode_legacy(stored(content, 4, [2, 4], encoding, **FOUR), WHERE)
    np.testing.assert_array_equal(found, [[-2.0, -1.5, -1.0, -0.5], [0.0, 0.5, 1.0, 5.5]])
    assert found.dtype == np.float32


def test_an_odd_number_of_halves_is_padded():
    content = bytes([0x21, 0x43, 0x05])
    found = decode_legacy(stored(content, 4, [5, 1], **{**FOUR, "padded": True}), WHERE)
    np.testing.assert_array_equal(found[:, 0], [-1.5, -1.0, -0.5, 0.0, 0.5])


def test_rows_of_odd_width_begin_in_the_middle_of_a_byte():
    content = bytes([0x21, 0x43, 0x65])
    np.testing.assert_array_equal(
        decode_legacy(stored(content, 4, [2, 3], **FOUR), WHERE, first=1), [[0.0, 0.5, 1.0]]
    )


def test_four_bits_that_do_not_share_bytes():
    found = decode_legacy(stored(bytes([0, 15]), 4, [1, 2], scale=1.0, zero_point=0), WHERE)
    np.testing.assert_array_equal(found, [[0.0, 15.0]])


def test_eight_bits_by_hand():
    found = decode_legacy(stored(bytes([0, 128, 255]), 8, [1, 3], scale=0.1, zero_point=127.5), WHERE)
    np.testing.assert_allclose(found, [[-12.75, 0.05, 12.75]], rtol=1e-6)


@pytest.mark.parametrize(("bits", "code"), [(16, "<3e"), (32, "<3f")])
def test_numbers_without_a_scale(bits, code):
    content = struct.pack(code, -1.5, 0.25, 1024.0)
    np.testing.assert_array_equal(decode_legacy(stored(content, bits, [1, 3]), WHERE), [[-1.5, 0.25, 1024.0]])


@pytest.mark.parametrize(("bits", "code"), [(16, "<2H"), (32, "<2I")])
def test_wide_levels_with_a_scale(bits, code):
    content = struct.pack(code, 0, 2**bits - 1)
    found = decode_legacy(stored(content, bits, [1, 2], scale=10 / (2**bits - 1), zero_point=0.0), WHERE)
    np.testing.assert_allclose(found, [[0.0, 10.0]], rtol=1e-6)


def test_a_batch_of_one_is_no_dimension():
    content = struct.pack("<4f", 1, 2, 3, 4)
    assert decode_legacy(stored(content, 32, [1, 2, 2]), WHERE).tolist() == [[1, 2], [3, 4]]


LOGITS = arrays.arrays(
    np.float32,
    arrays.array_shapes(min_dims=2, max_dims=2, max_side=9),
    elements=st.floats(-1000, 1000, width=32),
)


@settings(max_examples=40, deadline=None)
@given(LOGITS, st.sampled_from([4, 8, 16, 32]))
def test_what_was_encoded_comes_back_to_half_a_step(logits, bits):
    written = json.loads(json.dumps(encode_legacy(logits, bits)))
    found = decode_legacy(written, WHERE)
    if bits == 32:
        np.testing.assert_array_equal(found, logits)
    elif bits == 16:
        np.testing.assert_allclose(found, logits, rtol=2**-11, atol=2**-25)
    else:
        step = (float(logits.max()) - float(logits.min())) / (2**bits - 1)
        assert np.abs(found - logits).max() <= step / 2 + 1e-3 * step + 1e-4
    assert written["compression"]["original_size_bytes"] == 4 * logits.size
    assert written["data_encoded"]["original_size"] == math.ceil(logits.size * bits / 8)


@settings(max_examples=30, deadline=None)
@given(LOGITS, st.integers(0, 9), st.integers(1, 9), st.sampled_from([4, 8]))
def test_some_positions_are_those_of_all(logits, first, count, bits):
    written = encode_legacy(logits, bits)
    np.testing.assert_array_equal(
        decode_legacy(written, WHERE, first, count), decode_legacy(written, WHERE)[first : first + count]
    )


def test_the_levels_of_four_bits_are_those_of_the_formula():
    written = encode_legacy(np.array([[-3.0, 0.0, 4.5]]), 4)
    assert (written["scale"], written["zero_point"], written["padded"]) == (0.5, 6.0, True)
    packed = lz4.frame.decompress(bytes.fromhex(written["data_encoded"]["data"]))
    assert packed == bytes([0x60, 0x0F])


def test_equal_logits_have_a_scale():
    np.testing.assert_array_equal(decode_legacy(encode_legacy(np.full((2, 3), 7.5), 4), WHERE), 7.5)


def test_other_numbers_of_bits_do_not_exist():
    with pytest.raises(ValueError, match="bits must be 4, 8, 16 or 32, got 2"):
        encode_legacy(np.zeros((1, 2)), 2)


def good():
    return encode_legacy(np.arange(15, dtype=np.float32).reshape(3, 5), 4)


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("format", "sparse", "'sparse'"),
        ("bits", 2, "is 2; it must be 4, 8, 16 or 32"),
        ("bits", True, "is True"),
        ("bits", "4", "is '4'"),
        ("compression.bits", 8, "but bits is 4"),
        ("shape", [-3, -5], "[-3, -5]"),
        ("shape", [0, 5], "[0, 5]"),
        ("shape", [3.0, 5], "[3.0, 5]"),
        ("shape", [2, 3, 5], "[2, 3, 5]"),
        ("shape", [1 << 40, 1 << 40], "values"),
        ("shape", None, "None"),
        ("scale", None, "None"),
        ("scale", math.nan, "nan"),
        ("scale", math.inf, "inf"),
        ("scale", 0.0, "must be > 0"),
        ("scale", -1.0, "must be > 0"),
        ("scale", "1", "'1'"),
        ("scale", True, "True"),
        ("zero_point", math.nan, "nan"),
        ("zero_point", 10**400, "must be a finite number"),
        ("packed", "yes", "'yes'"),
        ("values_per_byte", 4, "go in twos"),
        ("padded", False, "for 15 values"),
        ("data_encoded", "00", "must be an object"),
        ("data_encoded.encoding", "zlib", "'zlib'"),
        ("data_encoded.data", "0g", "hexadecimal"),
        ("data_encoded.data", "abc", "hexadecimal"),
        ("data_encoded.data", None, "hexadecimal"),
        ("data_encoded.original_size", -8, "is -8"),
        ("data_encoded.original_size", 10**9, "is 1000000000"),
        ("data_encoded.compressed_size", -1, "is -1"),
    ],
)
def test_what_is_wrong_is_told_with_its_field_and_line(field, value, told):
    broken = good()
    target, _, name = field.rpartition(".")
    (broken[target] if target else broken)[name] = value
    with pytest.raises(DataError) as error:
        decode_legacy(broken, WHERE)
    assert str(error.value).startswith(f"{WHERE}: compressed_logits.{field} ")
    assert told in str(error.value)


def test_a_shape_that_is_not_that_of_the_bytes_shows_in_their_number():
    broken = good()
    broken["shape"] = [3, 7]
    with pytest.raises(DataError, match=r"data_encoded\.original_size is 8, but .* make 11"):
        decode_legacy(broken, WHERE)


@pytest.mark.parametrize("name", ["format", "bits", "shape", "data_encoded", "scale", "zero_point"])
def test_a_missing_field_is_told(name):
    broken = good()
    del broken[name]
    with pytest.raises(DataError, match=rf"^old.jsonl:7: compressed_logits\.{name} "):
        decode_legacy(broken, WHERE)


def test_few_bits_without_scale_and_zero_point_cannot_be_read():
    broken = good()
    del broken["scale"], broken["zero_point"]
    with pytest.raises(DataError, match="4 bits cannot be read without scale and zero point"):
        decode_legacy(broken, WHERE)


def with_frame(frame):
    broken = good()
    broken["data_encoded"] |= {"data": frame.hex(), "compressed_size": len(frame)}
    return broken


def test_a_bomb_is_not_unpacked(monkeypatch):
    frame = lz4.frame.compress(bytes(200_000_000))
    asked = []

    class Watched(lz4.frame.LZ4FrameDecompressor):
        def decompress(self, data, max_length=-1):
            asked.append(max_length)
            return super().decompress(data, max_length)

    monkeypatch.setattr(lz4.frame, "LZ4FrameDecompressor", Watched)
    with pytest.raises(DataError, match="unpacks to more than the 8 bytes of its shape"):
        decode_legacy(with_frame(frame), WHERE)
    assert asked == [9]


FRAME = lz4.frame.compress(bytes(8))


@pytest.mark.parametrize(
    "frame",
    [b"", FRAME[:-1], FRAME[:-4], FRAME[:9], FRAME + b"\0", FRAME + FRAME, lz4.frame.compress(bytes(7))],
)
def test_a_frame_that_is_cut_or_goes_on_is_told(frame):
    with pytest.raises(
        DataError, match=r"compressed_logits\.data_encoded\.data is no whole LZ4 frame of 8 bytes"
    ):
        decode_legacy(with_frame(frame), WHERE)


def test_what_is_no_frame_is_told():
    for content in (b"\0" * 40, lz4.block.compress(bytes(8))):
        with pytest.raises(DataError, match=r"data_encoded\.data is no"):
            decode_legacy(with_frame(content), WHERE)


def test_uncompressed_bytes_of_another_number_are_told():
    broken = stored(bytes(2), 8, [1, 3], scale=1.0, zero_point=0.0)
    broken["data_encoded"]["original_size"] = 3
    with pytest.raises(DataError, match=r"data_encoded\.data holds 2 bytes in place of 3"):
        decode_legacy(broken, WHERE)


@pytest.mark.parametrize("worst", [math.nan, math.inf])
def test_positions_without_a_distribution_are_told(worst):
    content = struct.pack("<6f", 1, 2, 3, 4, worst, 5)
    with pytest.raises(DataError, match=rf"has {worst} as the best of position 2"):
        decode_legacy(stored(content, 32, [3, 2]), WHERE)
    assert decode_legacy(stored(content, 32, [3, 2]), WHERE, 0, 2).tolist() == [[1, 2], [3, 4]]


def test_a_value_too_large_for_single_precision_is_told():
    with pytest.raises(DataError, match="has inf as the best of position 0"):
        decode_legacy(stored(bytes([255]), 8, [1, 1], scale=1e38, zero_point=0.0), WHERE)


def test_no_more_values_than_a_row_can_have(monkeypatch):
    monkeypatch.setattr(legacy, "MAX_VALUES", 14)
    with pytest.raises(DataError, match="it must hold 1 to 14 values"):
        legacy_shape(good(), WHERE)


def test_nothing_that_is_read_is_changed():
    written = good()
    before = copy.deepcopy(written)
    decode_legacy(written, WHERE)
    assert written == before
