"""Logits as earlier systems kept them in JSONL: few bits a value, an LZ4 frame, hexadecimal digits.

The object ``compressed_logits`` of a row, from outside to inside: ``data_encoded.data`` is hexadecimal, its
bytes are an LZ4 frame (``encoding`` lz4) or the values (none); the values of ``shape`` follow row after row:

* 4 and 8 bits: levels q of one range for all, value = (q − ``zero_point``)·``scale``. Level 0 is the least
  value, so ``zero_point`` = −min/``scale`` is no whole number; ``scale`` = (max − min)/(2^bits − 1). Two of 4
  bits share a byte, the even one in its low half; an odd number of levels is padded by a level 0.
* 16 and 32 bits: floating-point numbers without scale and zero point; with both, levels as above.

The formulas are those of the systems' public code (yobylgu/distillation_pipeline at ad5f593,
``utils/compress.py``, and AndreyVLD/DistilT5, ``src/utils/decompression.py``); their manuals give none.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from kdlib.files import DataError

if TYPE_CHECKING:
    from jaxtyping import Float, UInt
    from torch import Tensor

MAX_VALUES = 1 << 28  # of one row: 2,048 positions of the largest vocabularies
LZ4_LEVEL = 9  # as the earlier systems
_LEVELS = {4: "u1", 8: "u1", 16: "<u2", 32: "<u4"}
_NUMBERS = {16: "<f2", 32: "<f4"}


def legacy_shape(stored: Mapping[str, Any], where: str) -> tuple[int, int]:
    """Return positions and vocabulary of stored logits, without decoding them.

    Args:
        stored: The object ``compressed_logits``.
        where: File and line, for errors.

    Raises:
        DataError: If the shape is no [positions, vocab] or [1, positions, vocab], or larger than any row.
    """
    shape = stored.get("shape")
    if isinstance(shape, list) and len(shape) == 3 and shape[0] == 1:
        shape = shape[1:]
    if not isinstance(shape, list) or len(shape) != 2 or not all(type(size) is int for size in shape):
        raise _wrong(where, "shape", f"is {_short(shape)}; it must be [positions, vocabulary]")
    positions, vocab = shape
    if positions < 1 or vocab < 1 or positions * vocab > MAX_VALUES:
        raise _wrong(where, "shape", f"is {_short(shape)}; it must hold 1 to {MAX_VALUES} values")
    return positions, vocab


def decode_legacy(
    stored: Mapping[str, Any], where: str, first: int = 0, count: int | None = None
) -> Float[np.ndarray, "positions vocab"]:
    """Return stored logits in single precision.

    No more is unpacked than the shape says, whatever the sizes or the LZ4 frame claim.

    Args:
        stored: The object ``compressed_logits``.
        where: File and line, for errors.
        first: First position wanted.
        count: Positions wanted; None is all. Only these are turned into numbers.

    Raises:
        DataError: If a field is wrong or a position has no distribution; it names the first.
    """
    shape = legacy_shape(stored, where)
    if stored.get("format") != "lz4":
        raise _wrong(where, "format", f"is {_short(stored.get('format'))}; only 'lz4' is known")
    bits = _bits(stored, where)
    levels = _has_levels(stored)
    values = math.prod(shape)
    packed = _is_packed(stored, math.prod(shape), where)
    if bits < 16 and not levels:
        raise _wrong(where, "scale", f"is missing; {bits} bits cannot be read without scale and zero point")
    content = _content(stored, (values + 1) // 2 if packed else values * max(bits, 8) // 8, where)
    raw = np.frombuffer(content, dtype=_LEVELS[bits] if levels else _NUMBERS[bits])
    chosen = slice(first, None if count is None else first + count)
    wanted = (_halves(raw, values) if packed else raw).reshape(shape)[chosen]
    logits = _values(wanted, stored, where) if levels else wanted.astype(np.float32)
    best = logits.max(axis=1)
    if not np.isfinite(best).all():
        position = int(np.flatnonzero(~np.isfinite(best))[0])
        raise _wrong(
            where, "data_encoded.data", f"has {best[position]} as the best of position {first + position}"
        )
    return logits


def encode_legacy(
    logits: Float[np.ndarray, "positions vocab"] | Float[Tensor, "positions vocab"], bits: int
) -> dict[str, Any]:
    """Return logits as earlier systems wrote them.

    Args:
        logits: Logits of the whole vocabulary, in memory of the CPU.
        bits: 4, 8, 16 or 32.

    Raises:
        ValueError: If a layout of so many bits does not exist.
    """
    import lz4.frame

    if bits not in _LEVELS:
        raise ValueError(f"bits must be 4, 8, 16 or 32, got {bits}")
    values = np.asarray(logits, dtype=np.float32)
    more: dict[str, Any] = {}
    if bits in _NUMBERS:
        content = values.astype(_NUMBERS[bits]).tobytes()
    else:
        levels, more = _quantised(values, bits)
        content = levels.tobytes()
    frame = lz4.frame.compress(content, compression_level=LZ4_LEVEL)
    return {
        "format": "lz4",
        "compression": {
            "bits": bits,
            "original_size_bytes": 4 * values.size,
            "bit_compressed_size_bytes": len(content),
            "final_size_bytes": len(frame),
            "compression_ratio": 4 * values.size / len(frame),
        },
        "shape": list(values.shape),
        "data_encoded": {
            "encoding": "lz4",
            "data": frame.hex(),
            "original_size": len(content),
            "compressed_size": len(frame),
        },
        "bits": bits,
        **more,
    }


def _quantised(
    values: Float[np.ndarray, "positions vocab"], bits: int
) -> tuple[UInt[np.ndarray, " bytes"], dict[str, Any]]:
    """Return levels of 4 or 8 bits as bytes, and the fields that say how to read them."""
    least = float(values.min())
    largest = float(values.max())
    top = 2**bits - 1
    scale = (largest - least) / top or 1.0
    zero = -least / scale
    levels = np.clip(np.rint(values.astype(np.float64).ravel() / scale + zero), 0, top).astype(np.uint8)
    fields: dict[str, Any] = {"scale": scale, "zero_point": zero}
    if bits == 8:
        return levels, fields
    odd = levels.size % 2
    pairs = np.pad(levels, (0, odd))
    fields |= {"packed": True, "values_per_byte": 2, "padded": bool(odd)}
    return pairs[0::2] | pairs[1::2] << 4, fields


def _halves(packed: UInt[np.ndarray, " bytes"], values: int) -> UInt[np.ndarray, " values"]:
    levels = np.empty(2 * len(packed), dtype=np.uint8)
    levels[0::2] = packed & 15
    levels[1::2] = packed >> 4
    return levels[:values]


def _values(
    levels: UInt[np.ndarray, "positions vocab"], stored: Mapping[str, Any], where: str
) -> Float[np.ndarray, "positions vocab"]:
    """Return (q − zero_point)·scale."""
    scale, zero = (_finite(stored, name, where) for name in ("scale", "zero_point"))
    if scale <= 0:
        raise _wrong(where, "scale", f"is {scale}; it must be > 0")
    with np.errstate(over="ignore"):  # an infinite value is reported with its position
        found: Float[np.ndarray, "positions vocab"] = ((levels - zero) * scale).astype(np.float32)
    return found


def _bits(stored: Mapping[str, Any], where: str) -> int:
    bits = stored.get("bits")
    compression = stored.get("compression")
    if type(bits) is not int or bits not in _LEVELS:
        raise _wrong(where, "bits", f"is {_short(bits)}; it must be 4, 8, 16 or 32")
    if isinstance(compression, Mapping) and compression.get("bits", bits) != bits:
        raise _wrong(where, "compression.bits", f"is {_short(compression['bits'])}, but bits is {bits}")
    return bits


def _has_levels(stored: Mapping[str, Any]) -> bool:
    return stored.get("scale") is not None or stored.get("zero_point") is not None


def _is_packed(stored: Mapping[str, Any], values: int, where: str) -> bool:
    """Return whether two values share a byte, after checking the fields that say so."""
    packed = stored.get("packed", False)
    if not isinstance(packed, bool) or (packed and stored["bits"] != 4):
        raise _wrong(where, "packed", f"is {_short(packed)} for {stored['bits']} bits")
    if packed and stored.get("values_per_byte", 2) != 2:
        raise _wrong(where, "values_per_byte", f"is {_short(stored['values_per_byte'])}; 4 bits go in twos")
    if packed and stored.get("padded", values % 2 == 1) != (values % 2 == 1):
        raise _wrong(where, "padded", f"is {_short(stored['padded'])} for {values} values")
    return packed


def _finite(stored: Mapping[str, Any], name: str, where: str) -> float:
    value = stored.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        value = math.nan
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise _wrong(where, name, f"is {_short(stored.get(name))}; it must be a finite number")
    return number


def _content(stored: Mapping[str, Any], expected: int, where: str) -> bytes:
    """Return the bytes of the values; ``expected`` of them, or it is an error."""
    encoded = stored.get("data_encoded")
    if not isinstance(encoded, Mapping):
        raise _wrong(where, "data_encoded", f"is {_short(encoded)}; it must be an object")
    try:
        frame = bytes.fromhex(encoded["data"])
    except (KeyError, TypeError, ValueError) as error:
        raise _wrong(where, "data_encoded.data", f"is no string of hexadecimal digits ({error})") from None
    for name, size in (("original_size", expected), ("compressed_size", len(frame))):
        if type(encoded.get(name)) is not int or encoded[name] != size:
            found = _short(encoded.get(name))
            raise _wrong(where, f"data_encoded.{name}", f"is {found}, but shape, bits and data make {size}")
    match encoded.get("encoding"):
        case "lz4":
            return _unpacked(frame, expected, where)
        case "none" if len(frame) == expected:
            return frame
        case "none":
            raise _wrong(where, "data_encoded.data", f"holds {len(frame)} bytes in place of {expected}")
        case other:
            raise _wrong(where, "data_encoded.encoding", f"is {_short(other)}; it must be 'lz4' or 'none'")


def _unpacked(frame: bytes, expected: int, where: str) -> bytes:
    import lz4.frame

    decompressor = lz4.frame.LZ4FrameDecompressor()
    try:
        # One byte more than expected shows a larger content without unpacking it.
        content: bytes = decompressor.decompress(frame, max_length=expected + 1)
    except RuntimeError as error:
        raise _wrong(where, "data_encoded.data", f"is no LZ4 frame ({error})") from None
    if len(content) > expected:
        raise _wrong(where, "data_encoded.data", f"unpacks to more than the {expected} bytes of its shape")
    if len(content) < expected or not decompressor.eof or decompressor.unused_data:
        raise _wrong(where, "data_encoded.data", f"is no whole LZ4 frame of {expected} bytes")
    return content


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:40] + "…"


def _wrong(where: str, field: str, what: str) -> DataError:
    return DataError(f"{where}: compressed_logits.{field} {what}")
