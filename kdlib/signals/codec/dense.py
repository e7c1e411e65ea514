"""The dense codec: every log-probability in half precision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from kdlib.signals.codec.planes import as_bytes, check_rows, log_probs_of, rows_of, values_of
from kdlib.softmax import normalise
from kdlib.teacher_signal import FullSignal

if TYPE_CHECKING:
    from jaxtyping import Float, UInt8
    from torch import Tensor

    from kdlib.config.signals import Compression
    from kdlib.teacher_signal import SignalKey


@dataclass(frozen=True)
class DenseCodec:
    """All log-probabilities in half precision, position by position: the reference, at any temperature.

    Half precision keeps 11 bits: a log-probability between −16 and −8 is off by 2⁻⁸ at most, and so its
    probability by 0.4 %.

    Attributes:
        vocab_size: Entries per position.
        compression: ``lz4`` (fast) or ``zstd`` (small).
    """

    vocab_size: int
    compression: Compression

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns of bytes."""
        return ("log_probs",)

    def metadata(self) -> dict[str, Any]:
        """Return what ``codec_from`` needs to build this codec again."""
        return {"kind": "dense", "vocab_size": self.vocab_size, "compression": self.compression}

    def tensors(self) -> dict[str, Tensor]:
        """Return nothing: a row stands for itself."""
        return {}

    def encode(
        self,
        states: Float[Tensor, "positions width"],  # noqa: ARG002  (other codecs read states)
        logits: Float[Tensor, "positions vocab"],
        keys: Sequence[SignalKey],
        lengths: Sequence[int],
    ) -> list[dict[str, bytes]]:
        """Return the columns of every row; see ``Codec``."""
        check_rows(logits, self.vocab_size, keys, lengths)
        # Below −65504 half precision has only −inf, a probability of zero.
        half = torch.cat([part.half() for part in log_probs_of(logits, 1.0)])
        return rows_of({"log_probs": as_bytes(half)}, {"log_probs": 2 * self.vocab_size}, lengths)

    def decode(
        self, columns: Mapping[str, UInt8[Tensor, " bytes"]], temperature: float, device: str = "cpu"
    ) -> FullSignal:
        """Return the distributions of rows, normalised again; see ``Codec``."""
        stored = values_of(columns["log_probs"], torch.float16, self.vocab_size).to(device)
        return FullSignal(normalise(stored.float() / temperature), temperature)
