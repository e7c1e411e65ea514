"""The top-k codec: a fixed number of tokens and the mass of the rest, as most tools store it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from kdlib.config import TopK
from kdlib.files import DataError
from kdlib.signals.codec.planes import (
    DAMAGED,
    as_bytes,
    check_rows,
    check_temperature,
    id_columns,
    id_planes,
    ids_of,
    rows_of,
    top_tokens,
    values_of,
)
from kdlib.teacher_signal import SparseSignal

if TYPE_CHECKING:
    from jaxtyping import Float, UInt8
    from torch import Tensor

    from kdlib.config.signals import Compression
    from kdlib.teacher_signal import SignalKey


@dataclass(frozen=True)
class TopKCodec:
    """The k most probable tokens of each position in half precision; the tail's mass is what they leave.

    Attributes:
        vocab_size: Entries of the teacher's distribution.
        options: k, temperature and compression.
    """

    vocab_size: int
    options: TopK

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns of bytes."""
        return (*id_columns(self.vocab_size), "log_probs")

    @property
    def compression(self) -> Compression:
        """How the columns are compressed in a file."""
        return self.options.compression

    def metadata(self) -> dict[str, Any]:
        """Return what ``codec_from`` needs to build this codec again."""
        return {**self.options.model_dump(), "vocab_size": self.vocab_size}

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
        k = self._kept()
        names = id_columns(self.vocab_size)
        log_probs, ids = top_tokens(logits, self.options.temperature, k)
        planes = {**id_planes(ids.flatten(), names), "log_probs": as_bytes(log_probs.half())}
        return rows_of(planes, {**dict.fromkeys(names, k), "log_probs": 2 * k}, lengths)

    def decode(
        self, columns: Mapping[str, UInt8[Tensor, " bytes"]], temperature: float, device: str = "cpu"
    ) -> SparseSignal:
        """Return the distributions of rows; see ``Codec``."""
        check_temperature(temperature, self.options.temperature, "topk")
        log_probs = values_of(columns["log_probs"], torch.float16, self._kept()).float()
        ids = torch.from_numpy(ids_of(columns, id_columns(self.vocab_size), self.vocab_size))
        if ids.numel() != log_probs.numel():
            raise DataError(DAMAGED)
        kept = log_probs.exp().sum(dim=1)
        # Rounded probabilities may add up to more than 1; those of all tokens leave nothing.
        whole = kept if self._kept() == self.vocab_size else kept.clamp(min=1)
        return SparseSignal(
            ids.view(log_probs.shape), log_probs - whole.log()[:, None], 1 - kept / whole, temperature
        ).to(torch.device(device))

    def _kept(self) -> int:
        return min(self.options.k, self.vocab_size)
