"""Codecs: how one row's distributions become bytes and come back. Pure, without files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np

from kdlib.files import DataError

if TYPE_CHECKING:
    from jaxtyping import Float

    from kdlib.config.sections import Dense
    from kdlib.signals.signal import FullSignal, Signal

Compression = Literal["lz4", "zstd"]
_AGAIN = "delete its shard and extract again"


class Codec(Protocol):
    """A way to store distributions; losses and trainers never learn which one."""

    @property
    def name(self) -> str:
        """The codec's kind in the configuration."""

    def encode(self, log_probs: Float[np.ndarray, "positions vocab"]) -> bytes:
        """Return the blob of one row.

        Args:
            log_probs: The teacher's log-probabilities at T = 1; −inf is a probability of zero.

        Raises:
            ValueError: If they are of another vocabulary, or not log-probabilities.
        """

    def decode(self, blob: bytes, positions: int, temperature: float) -> Signal:
        """Return the distributions of one row at a temperature.

        Args:
            blob: What ``encode`` returned.
            positions: Number of positions in it.
            temperature: T > 0.

        Raises:
            DataError: If the blob is damaged or the codec cannot answer at that temperature.
        """

    def metadata(self) -> dict[str, Any]:
        """Return what ``codec_from`` needs to build this codec again, as JSON values."""


@dataclass(frozen=True, slots=True)
class DenseCodec:
    """All log-probabilities in half precision, position by position: the reference, at any temperature.

    Half precision keeps 11 bits: a log-probability between −16 and −8 is off by 2⁻⁸ at most, and so its
    probability by 0.4 %.

    Attributes:
        vocab_size: Entries per position.
        compression: ``lz4`` (fast) or ``zstd`` (small), both with a checksum of the content.
    """

    vocab_size: int
    compression: Compression

    @property
    def name(self) -> str:
        """The codec's kind in the configuration."""
        return "dense"

    def metadata(self) -> dict[str, Any]:
        """Return what ``codec_from`` needs to build this codec again."""
        return {"kind": self.name, "vocab_size": self.vocab_size, "compression": self.compression}

    def encode(self, log_probs: Float[np.ndarray, "positions vocab"]) -> bytes:
        """Return the blob of one row; see ``Codec``."""
        if log_probs.ndim != 2 or log_probs.shape[1] != self.vocab_size:
            raise ValueError(
                f"log-probabilities must be [positions, {self.vocab_size}], got {list(log_probs.shape)}"
            )
        best = log_probs.max(axis=1)  # NaN if any entry is
        if not np.isfinite(best).all():
            position = int(np.flatnonzero(~np.isfinite(best))[0])
            raise ValueError(f"position {position} has {best[position]} as its largest log-probability")
        with np.errstate(over="ignore"):  # below −65504 half precision has only −inf, a probability of zero
            half = log_probs.astype("<f2")
        return _compressed(half.tobytes(), self.compression)

    def decode(self, blob: bytes, positions: int, temperature: float) -> FullSignal:
        """Return the distributions of one row, normalised in single precision; see ``Codec``."""
        import torch

        from kdlib.signals.signal import FullSignal

        raw = _decompressed(blob, 2 * positions * self.vocab_size, self.compression)
        log_probs = np.frombuffer(raw, dtype="<f2").reshape(positions, self.vocab_size).astype(np.float32)
        return FullSignal(torch.log_softmax(torch.from_numpy(log_probs) / temperature, dim=-1), temperature)


def codec_from(metadata: Mapping[str, Any]) -> Codec:
    """Return the codec that ``metadata()`` of a store describes.

    Raises:
        DataError: If this version knows no such codec.
    """
    match metadata:
        case {"kind": "dense", "vocab_size": int(vocab_size), "compression": ("lz4" | "zstd") as compression}:
            return DenseCodec(vocab_size, compression)
    raise DataError(f"unknown codec {dict(metadata)}; this version reads dense with lz4 or zstd")


def codec_for(options: Dense, vocab_size: int) -> Codec:
    """Return the codec that the configuration asks for.

    Args:
        options: The key ``signals.codec``.
        vocab_size: Entries of the teacher's output distribution.
    """
    return codec_from({**options.model_dump(), "vocab_size": vocab_size})


def _compressed(raw: bytes, compression: Compression) -> bytes:
    import lz4.frame
    import zstandard

    if compression == "lz4":
        return lz4.frame.compress(raw, content_checksum=True)
    return zstandard.ZstdCompressor(write_checksum=True).compress(raw)


def _decompressed(blob: bytes, size: int, compression: Compression) -> bytes:
    """Return the content of a blob, which must be one whole frame of ``size`` bytes."""
    import lz4.frame
    import zstandard

    lz4_frame = compression == "lz4"
    unpack = lz4.frame.LZ4FrameDecompressor() if lz4_frame else zstandard.ZstdDecompressor().decompressobj()
    try:
        raw = unpack.decompress(blob)
    except (RuntimeError, zstandard.ZstdError) as error:  # RuntimeError is lz4's
        raise DataError(
            f"a signal of {len(blob)} bytes is no {compression} frame ({error}); {_AGAIN}"
        ) from None
    if not unpack.eof or unpack.unused_data or len(raw) != size:
        raise DataError(f"a signal holds {len(raw)} of {size} bytes; {_AGAIN}")
    return raw
