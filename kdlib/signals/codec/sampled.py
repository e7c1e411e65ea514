"""The sampled codec: an exact head, and a tail of random draws whose mean over many stores is the teacher.

A truncated tail is a bias that no amount of data removes. Draws are noise instead: each drawn token stands
for the tail's mass times its share of the draws, so that every probability's expectation is the teacher's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from kdlib.config import Sampled
from kdlib.files import DataError
from kdlib.signals.codec.planes import (
    DAMAGED,
    as_bytes,
    check_rows,
    check_temperature,
    id_columns,
    id_planes,
    ids_of,
    log_probs_of,
    padded,
    places_of,
    rows_of,
    values_of,
)
from kdlib.teacher_signal import SparseSignal

if TYPE_CHECKING:
    from jaxtyping import Float, Int, UInt8
    from torch import Tensor

    from kdlib.config.signals import Compression
    from kdlib.teacher_signal import SignalKey


@dataclass(frozen=True)
class SampledCodec:
    """The most probable tokens in half precision, and draws with replacement from all others.

    Attributes:
        vocab_size: Entries of the teacher's distribution.
        options: Head, draws, temperature, seed and compression.

    Reference:
        Sampling instead of truncation: Anshumann et al. 2025, "Sparse Logit Sampling", §3; the exact head
        takes away most of the draws' variance.
    """

    vocab_size: int
    options: Sampled

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns of bytes."""
        ids = id_columns(self.vocab_size)
        drawn = id_columns(self.vocab_size, "drawn")
        return (*ids, "log_probs", "tails", *drawn, "counts", "times")

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
        head = self._head()
        names = id_columns(self.vocab_size)
        drawn_names = id_columns(self.vocab_size, "drawn")
        uniforms = self._uniforms(keys, lengths)
        parts = []
        for log_probs in log_probs_of(logits, self.options.temperature):
            ours, uniforms = uniforms.tensor_split([len(log_probs)])
            parts.append(_sample(log_probs, head, ours.to(logits.device)))
        kept, ids, tail, drawn, times = (torch.cat(part).cpu() for part in zip(*parts, strict=True))
        seen = times > 0
        counts = seen.sum(dim=1)
        planes = {
            **id_planes(ids.flatten(), names),
            "log_probs": as_bytes(kept.half()),
            "tails": as_bytes(tail),
            **id_planes(drawn[seen], drawn_names),
            "counts": counts.to(torch.uint8),
            "times": times[seen].to(torch.uint8),
        }
        sizes: dict[str, int | Tensor] = {**dict.fromkeys(names, head), "log_probs": 2 * head, "tails": 2}
        sizes |= {**dict.fromkeys(drawn_names, counts), "counts": 1, "times": counts}
        return rows_of(planes, sizes, lengths)

    def decode(
        self, columns: Mapping[str, UInt8[Tensor, " bytes"]], temperature: float, device: str = "cpu"
    ) -> SparseSignal:
        """Return the distributions of rows; no mass is left to the tail. See ``Codec``."""
        check_temperature(temperature, self.options.temperature, "sampled")
        kept = values_of(columns["log_probs"], torch.float16, self._head()).float()
        tail = values_of(columns["tails"], torch.float16, 1)[:, 0].float()
        counts = columns["counts"].numpy()
        times = columns["times"].numpy()
        ids = ids_of(columns, id_columns(self.vocab_size), self.vocab_size)
        drawn = ids_of(columns, id_columns(self.vocab_size, "drawn"), self.vocab_size)
        fit = len(counts) == len(tail) == len(kept) == len(ids) / self._head()
        fit = fit and counts.sum(dtype=np.int64) == len(drawn) == len(times)
        if not fit or times.sum(dtype=np.int64) != self.options.draws * np.count_nonzero(counts):
            raise DataError(DAMAGED)
        # Rounded probabilities do not add up to 1 by themselves.
        total = kept.exp().sum(dim=1) + tail
        shares = np.repeat((tail / total / self.options.draws).numpy(), counts) * times
        starts = counts.cumsum(dtype=np.int64) - counts
        width = int(counts.max(initial=0))
        places = places_of(counts, starts, width)
        shape = (len(counts), width)
        return SparseSignal(
            torch.cat([torch.from_numpy(ids).view(kept.shape), padded(drawn, places, shape, 0)], dim=1),
            torch.cat([kept - total.log()[:, None], padded(shares, places, shape, 0).log()], dim=1),
            torch.zeros_like(tail),
            temperature,
        ).to(torch.device(device))

    def _head(self) -> int:
        return min(self.options.head, self.vocab_size)

    def _uniforms(
        self, keys: Sequence[SignalKey], lengths: Sequence[int]
    ) -> Float[Tensor, "positions draws"]:
        """Return random numbers in (0, 1] that depend on nothing but the seed and each row's key."""
        parts = [np.empty((0, self.options.draws))]
        for key, length in zip(keys, lengths, strict=True):
            name = f"{self.options.seed}:{key.id}:{key.target_hash}:{key.rank}"
            rng = np.random.default_rng(list(hashlib.sha256(name.encode()).digest()))
            parts.append(1 - rng.random((length, self.options.draws)))
        return torch.from_numpy(np.concatenate(parts))


def _sample(
    log_probs: Float[Tensor, "positions vocab"], head: int, uniforms: Float[Tensor, "positions draws"]
) -> tuple[
    Float[Tensor, "positions head"],
    Int[Tensor, "positions head"],
    Float[Tensor, " positions"],
    Int[Tensor, "positions draws"],
    Int[Tensor, "positions draws"],
]:
    """Return the head's log-probabilities and ids, the tail's mass in half precision, and draws of it.

    Drawn ids are sorted. The last part says at the first of equal ones how often they were drawn, and is 0 at
    its repeats, and wherever half precision knows no tail.
    """
    kept, ids = log_probs.topk(head)
    cumulative = log_probs.scatter(1, ids, -torch.inf).exp().cumsum(dim=1, dtype=torch.float64)
    mass = cumulative[:, -1:]
    tail = mass.half()
    # Inversion: the first token at which the cumulative mass reaches a point > 0 has mass itself.
    points = (uniforms * mass).sort(dim=1).values
    drawn = torch.searchsorted(cumulative, points)
    new = torch.ones_like(drawn, dtype=torch.bool)
    new[:, 1:] = drawn[:, 1:] != drawn[:, :-1]
    token = new.cumsum(dim=1) - 1
    times = torch.zeros_like(drawn).scatter_add_(1, token, torch.ones_like(drawn)).gather(1, token)
    return kept, ids, tail[:, 0], drawn, times * new * (tail > 0)
