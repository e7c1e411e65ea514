"""The order in which an epoch reads its rows: random, in batches of like length, from few places at a time.

A store of signals keeps rows in the order of their length. Rows that are neighbours there are shuffled among
themselves, and only a few such blocks are mixed at a time, so that what a batch reads lies in few row groups.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import TYPE_CHECKING

import numpy as np
from torch.utils.data import Sampler

from kdlib.config import Training
from kdlib.models.batch import by_length

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kdlib.models.batch import Row

BLOCK = 128  # rows at most that are shuffled among themselves
SHARE = 64  # blocks at least: with fewer, the rows of a block would differ in length
BATCHES = 4  # of a block at least: with fewer, the same rows would always meet
JITTER = 0.3  # of a target's length: without any, the same rows would often meet
BUFFER = 8  # blocks whose batches are mixed; with 128 rows each, their row groups fit into a store's cache


@dataclass(frozen=True)
class Subsets:
    """A fresh random subset of the rows for every epoch.

    Attributes:
        samples: Number of rows of an epoch; all if there are no more.
        seed: Seed of the first epoch; later ones add their number.
    """

    samples: int
    seed: int

    def numbers(self, rows: int, epoch: int) -> NDArray[np.int64]:
        """Return the numbers of an epoch's rows, in ascending order.

        Args:
            rows: Number of rows of the whole dataset.
            epoch: Number of the epoch.
        """
        if self.samples >= rows:
            return np.arange(rows)
        chosen = np.random.default_rng(self.seed + epoch).choice(rows, self.samples, replace=False)
        return np.sort(chosen)

    def coverage(self, rows: int, epochs: int) -> list[float]:
        """Return, for every epoch, the share of the rows that it or an earlier one holds."""
        seen = np.zeros(rows, dtype=bool)
        shares = []
        for epoch in range(epochs):
            seen[self.numbers(rows, epoch)] = True
            shares.append(float(seen.mean()))
        return shares


def subsets_of(training: Training, rows: int) -> Subsets:
    """Return the subsets of a training; each holds all rows where the training asks for no fewer.

    Args:
        training: Rows of an epoch and seed.
        rows: Number of rows of the whole dataset.
    """
    return Subsets(training.epoch_samples or rows, training.sampling_seed)


class EpochSampler(Sampler[int]):
    """Yields the numbers of an epoch's rows in the order of ``epoch_order``.

    The number of the epoch is read when the iteration begins, so that a resumed training needs no random
    state to continue in the same order, and all processes of one training see the same order.
    """

    def __init__(
        self,
        rows: Sequence[Row],
        batch_size: int,
        seed: int,
        epoch: Callable[[], int],
        subsets: Subsets | None = None,
    ) -> None:
        """Sort the rows by length once.

        Args:
            rows: Training rows.
            batch_size: Rows per forward pass, of all processes together.
            seed: Seed of the orders of all epochs.
            epoch: Returns the number of the epoch that begins.
            subsets: Which rows an epoch reads, or None for all.
        """
        self.by_length = by_length(rows)
        self.targets = np.fromiter((len(row.target_ids) for row in rows), np.int32, len(rows))
        self.subsets = subsets
        self.batch_size = batch_size
        self.seed = seed
        self.epoch = epoch

    def __len__(self) -> int:
        """Return the number of rows of an epoch."""
        rows = len(self.by_length)
        return rows if self.subsets is None else min(self.subsets.samples, rows)

    def __iter__(self) -> Iterator[int]:
        """Yield the number of every row of the epoch once."""
        epoch = self.epoch()
        ordered = self.by_length
        if self.subsets is not None:
            ordered = ordered[self.subsets.numbers(len(ordered), epoch)]  # still in the order of their length
        return epoch_order(ordered, self.batch_size, self.seed, epoch, self.targets)


def epoch_order(
    ordered: Sequence[int] | NDArray[np.int64],
    batch_size: int,
    seed: int,
    epoch: int,
    targets: NDArray[np.int32] | None = None,
) -> Iterator[int]:
    """Yield every row of an epoch once; each ``batch_size`` of them in turn are of like length.

    Neighbours form blocks, whose borders move from epoch to epoch. The blocks are shuffled, and a buffer of
    ``BUFFER`` of them at a time: the rows within each block, then the batches of all. Rows that fill no batch
    come last.

    Args:
        ordered: Numbers of the rows, in the order of their length.
        batch_size: Rows per batch.
        seed: Seed of the orders of all epochs.
        epoch: Number of the epoch.
        targets: Target length of every row, in tokens: within a block, rows of a batch have similar target
            lengths, up to ``JITTER``. None for random batches.
    """
    rng = random.Random(f"{seed}:{epoch}")
    spare = len(ordered) % batch_size
    # A run from anywhere: neither the longest nor the shortest rows are always in the small batch.
    start = rng.randrange(len(ordered) - spare + 1)
    numbers = np.asarray(ordered, dtype=np.int64)  # eight bytes a row, where Python's integers take forty
    last = numbers[start : start + spare].tolist()
    full = np.concatenate([numbers[:start], numbers[start + spare :]])
    batches_per_block = max(BATCHES, min(BLOCK, len(ordered) // SHARE) // batch_size)
    first_border = batch_size * rng.randint(1, batches_per_block)
    borders = [0, *range(first_border, len(full), batch_size * batches_per_block), len(full)]
    blocks = list(pairwise(borders))
    rng.shuffle(blocks)
    for first in range(0, len(blocks), BUFFER):
        batches = []
        for begin, end in blocks[first : first + BUFFER]:
            block = full[begin:end].tolist()
            rng.shuffle(block)
            if targets is not None:
                block.sort(key=lambda number: targets[number] * rng.uniform(1 - JITTER, 1 + JITTER))
            batches += [block[i : i + batch_size] for i in range(0, len(block), batch_size)]
        rng.shuffle(batches)
        yield from chain.from_iterable(batches)
    yield from last


def batches_of_process(
    ordered: NDArray[np.int64], size: int, rank: int, processes: int
) -> Iterator[tuple[list[int], bool]]:
    """Yield the batches of one of several processes that validate together, and whether they count.

    All processes get equally many, since a sharded model needs them all in every pass: at the end some repeat
    the last batch, which does not count.

    Args:
        ordered: Numbers of the rows, in the order of their length.
        size: Rows per batch.
        rank: Number of this process, from 0.
        processes: Number of processes.
    """
    borders = range(0, len(ordered), size)
    for first in range(0, len(borders), processes):
        start = borders[min(first + rank, len(borders) - 1)]
        yield ordered[start : start + size].tolist(), first + rank < len(borders)
