"""The nucleus codec: as many tokens as the teacher's doubt asks for, in 8 bits each.

A confident position keeps one token, a doubtful one as many as it takes to reach a mass of 1 − ε. Kept tokens
are ordered by probability, so that steps between neighbours are small numbers, which compress well. Only the
ratios of their probabilities are stored: they add up to what the tail leaves, so that a confident position is
next to exact. Most of the bytes are token ids, so a token goes by its rank in the training text instead:
frequent ones then share their high bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from kdlib.config import Nucleus
from kdlib.files import DataError
from kdlib.signals.codec.planes import (
    DAMAGED,
    check_rows,
    check_temperature,
    id_columns,
    id_planes,
    ids_of,
    padded,
    places_of,
    rows_of,
    top_tokens,
)
from kdlib.teacher_signal import SparseSignal

if TYPE_CHECKING:
    from jaxtyping import Float, Int, UInt8
    from torch import Tensor

    from kdlib.config.signals import Compression
    from kdlib.teacher_signal import SignalKey

STEP = 1 / 16  # nats between two levels: a ratio of probabilities is off by 3 % at most
# e^(−level/16), looked up eight times as fast as computed; beyond the table it is below e^(−127).
RATIOS = np.exp(-STEP * np.arange(2048)).astype(np.float32)
# The cube spends levels evenly on what a tail's error costs: .0002 at a tail of .005, .003 at .3.
TAILS = ((np.arange(256) / 256) ** 3).astype(np.float32)


@dataclass(frozen=True, eq=False)
class NucleusCodec:
    """Tokens up to a mass of 1 − ε, ratios of their probabilities in steps of 1/16 nat, and the tail's mass.

    Attributes:
        vocab_size: Entries of the teacher's distribution.
        options: ε, cap, temperature and compression.
        order: ``[vocab]``, token ids, most frequent first; None keeps ids as they are.
    """

    vocab_size: int
    options: Nucleus
    order: Int[Tensor, " vocab"] | None = None

    def __post_init__(self) -> None:
        order = self._order
        if order.shape != (self.vocab_size,) or (np.sort(order) != np.arange(self.vocab_size)).any():
            raise ValueError(f"its order is none of the {self.vocab_size} tokens")

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns of bytes."""
        return ("counts", "tails", *id_columns(self.vocab_size), "steps")

    @property
    def compression(self) -> Compression:
        """How the columns are compressed in a file."""
        return self.options.compression

    def metadata(self) -> dict[str, Any]:
        """Return what ``codec_from`` needs to build this codec again."""
        return {**self.options.model_dump(), "vocab_size": self.vocab_size}

    def tensors(self) -> dict[str, Tensor]:
        """Return the order of the tokens."""
        return {} if self.order is None else {"order": self.order}

    def encode(
        self,
        states: Float[Tensor, "positions width"],  # noqa: ARG002  (other codecs read states)
        logits: Float[Tensor, "positions vocab"],
        keys: Sequence[SignalKey],
        lengths: Sequence[int],
    ) -> list[dict[str, bytes]]:
        """Return the columns of every row; see ``Codec``."""
        check_rows(logits, self.vocab_size, keys, lengths)
        names = id_columns(self.vocab_size)
        cap = min(self.options.cap, self.vocab_size)
        log_probs, ids = top_tokens(logits, self.options.temperature, cap)
        counts, tail = _nucleus(log_probs, self.options.epsilon)
        kept = torch.arange(cap) < counts[:, None]
        levels = ((log_probs[:, :1] - log_probs) / STEP).round()
        # A step of 255, 16 nats, ends all probability that matters.
        steps = levels.diff(dim=1)[kept[:, 1:]].clamp(max=255)
        planes = {
            "counts": counts.to(torch.uint8),
            "tails": (256 * tail ** (1 / 3)).round().clamp(max=255).to(torch.uint8),
            **id_planes(self._ranks[ids[kept]], names),
            "steps": steps.to(torch.uint8),
        }
        sizes: dict[str, int | Tensor] = {"counts": 1, "tails": 1, "steps": counts - 1}
        return rows_of(planes, sizes | dict.fromkeys(names, counts), lengths)

    def decode(
        self, columns: Mapping[str, UInt8[Tensor, " bytes"]], temperature: float, device: str = "cpu"
    ) -> SparseSignal:
        """Return the distributions of rows; see ``Codec``."""
        check_temperature(temperature, self.options.temperature, "nucleus")
        # The arrays are short: numpy takes half the time, most of which is calls.
        counts, tails, steps = (columns[name].numpy() for name in ("counts", "tails", "steps"))
        ids = self._order.take(ids_of(columns, id_columns(self.vocab_size), self.vocab_size))
        fit = len(counts) == len(tails) == len(ids) - len(steps) and counts.sum(dtype=np.int64) == len(ids)
        if not fit or not counts.all():
            raise DataError(DAMAGED)
        starts = counts.cumsum(dtype=np.int64) - counts
        width = int(counts.max(initial=1))
        tail = TAILS[tails]
        shape = (len(counts), width)
        log_probs = _log_probs(counts, starts, steps, tail)
        places = places_of(counts, starts, width)
        return SparseSignal(
            padded(ids, places, shape, 0),
            padded(log_probs, places, shape, -np.inf),
            torch.from_numpy(tail),
            temperature,
        ).to(torch.device(device))

    @cached_property
    def _order(self) -> Int[np.ndarray, " vocab"]:
        if self.order is None:
            return np.arange(self.vocab_size, dtype=np.int32)
        return self.order.cpu().numpy().astype(np.int32)

    @cached_property
    def _ranks(self) -> Int[Tensor, " vocab"]:
        return torch.from_numpy(np.argsort(self._order))


def _nucleus(
    log_probs: Float[Tensor, "positions cap"], epsilon: float
) -> tuple[Int[Tensor, " positions"], Float[Tensor, " positions"]]:
    """Return how many tokens, best first, reach a mass of 1 − ε or are all there are, and what they leave."""
    mass = log_probs.double().exp().cumsum(dim=1)
    possible = (log_probs > -np.inf).sum(dim=1)
    counts = ((mass < 1 - epsilon).sum(dim=1) + 1).minimum(possible)
    return counts, (1 - mass.gather(1, counts[:, None] - 1).squeeze(1)).clamp(min=0)


def _log_probs(
    counts: UInt8[np.ndarray, " positions"],
    starts: Int[np.ndarray, " positions"],
    steps: UInt8[np.ndarray, " others"],
    tail: Float[np.ndarray, " positions"],
) -> Float[np.ndarray, " entries"]:
    """Return the log-probabilities of all kept tokens, position by position, most probable first.

    Args:
        counts: Kept tokens of each position, at least 1.
        starts: Kept tokens of all earlier positions.
        steps: Level differences of all tokens but the first of a position.
        tail: Mass that is not kept.
    """
    position = np.arange(len(counts))
    sums = np.zeros(len(steps) + 1, dtype=np.int64)  # the type of indices: others are converted first
    steps.cumsum(out=sums[1:], dtype=np.int64)
    # Before entry e of position p there are e − p steps.
    levels = sums.take(np.arange(len(steps) + len(counts)) - np.repeat(position, counts))
    levels -= np.repeat(sums.take(starts - position), counts)
    totals = np.add.reduceat(RATIOS.take(levels, mode="clip"), starts) if len(counts) else tail
    return levels.astype(np.float32) * np.float32(-STEP) + np.repeat(np.log1p(-tail) - np.log(totals), counts)
