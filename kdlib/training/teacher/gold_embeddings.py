"""Embeddings of gold assertions in a frozen encoder: computed once for a training set, and kept on disk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from cachetools import TTLCache

from kdlib.files import atomic
from kdlib.losses.expected import FrozenEncoder, gold_vectors
from kdlib.records import target_hash

if TYPE_CHECKING:
    from jaxtyping import Float
    from numpy.typing import NDArray
    from torch import Tensor

    from kdlib.models.batch import Row

BATCH = 64
# Bounds of the memory for assertions that are not in the file, such as renamed ones.
ENTRIES = 10_000
SECONDS = 3600.0

Target = tuple[int, ...]


class GoldEmbeddingCache:
    """Returns embeddings of gold assertions: from the file, from memory, or from the encoder.

    Attributes:
        encoder: The frozen encoder.
        asked: Number of embeddings requested so far.
        computed: Number of those that the encoder computed.
    """

    def __init__(self, encoder: FrozenEncoder, file: Path, rows: Sequence[Row]) -> None:
        """Map the embeddings of a training set into memory; compute and write them first if they are missing.

        Args:
            encoder: The frozen encoder.
            file: ``.npy`` with a vector for each target hash; its name depends on encoder and targets.
            rows: Training rows with the targets.
        """
        self.encoder = encoder
        self.asked = 0
        self.computed = 0
        if not file.exists():
            self._write(file, rows)
        stored = np.load(file, mmap_mode="r")
        self._vectors = stored["vector"]
        self._hashes = stored["target"].copy()  # searched all the time
        self._recent: TTLCache[int, Tensor] = TTLCache(ENTRIES, SECONDS)

    def __call__(self, targets: Sequence[Target]) -> Float[Tensor, "targets features"]:
        """Return one embedding per target, on the encoder's device."""
        keys = [target_number(target_hash(ids)) for ids in targets]
        known = self._read(keys)
        known |= {key: self._recent[key] for key in keys if key in self._recent}
        missing = {key: ids for key, ids in zip(keys, targets, strict=True) if key not in known}
        if missing:
            found = dict(zip(missing, self._encode(list(missing.values())), strict=True))
            self._recent.update(found)
            known |= found
        self.asked += len(keys)
        self.computed += len(missing)
        return torch.stack([known[key].to(self.encoder.embedding.device) for key in keys])

    def hit_rate(self) -> float:
        """Return the share of the requested embeddings that were not computed; 1 before the first."""
        return (self.asked - self.computed) / self.asked if self.asked else 1.0

    def _read(self, keys: Sequence[int]) -> dict[int, Float[Tensor, " features"]]:
        """Return the embeddings of those targets that are in the file."""
        asked = np.array(keys, np.int64)
        places = np.searchsorted(self._hashes, asked).clip(max=len(self._hashes) - 1)
        found = places[self._hashes[places] == asked]
        return {int(self._hashes[place]): torch.tensor(self._vectors[place]) for place in found}

    def _write(self, file: Path, rows: Sequence[Row]) -> None:
        """Write an embedding of every target of the rows, in the order of the targets' hashes."""
        hashes = target_numbers(rows)
        lengths = np.fromiter((len(row.target_ids) for row in rows), np.int32, len(rows))
        distinct, first = np.unique(hashes, return_index=True)
        order = np.lexsort((distinct, lengths[first]))  # batches of like length
        stored = None
        with atomic(file) as partial:
            for part in np.split(order, range(BATCH, len(order), BATCH)):
                targets = [tuple(rows[int(first[place])].target_ids) for place in part]
                vectors = torch.stack(self._encode(targets)).float().cpu().numpy()
                if stored is None:  # only the encoder knows the number of features
                    kind = np.dtype([("target", np.int64), ("vector", np.float32, vectors.shape[1])])
                    stored = np.lib.format.open_memmap(partial, "w+", kind, distinct.shape)
                    stored["target"] = distinct
                stored["vector"][part] = vectors

    def _encode(self, targets: Sequence[Target]) -> list[Float[Tensor, " features"]]:
        vectors: list[Tensor] = []
        for start in range(0, len(targets), BATCH):
            part = targets[start : start + BATCH]
            ids = torch.tensor([token for target in part for token in target])
            lengths = [len(target) for target in part]
            ids = ids.to(self.encoder.embedding.device)
            vectors += gold_vectors(ids, lengths, self.encoder).unbind()
        return vectors


def target_numbers(rows: Sequence[Row]) -> NDArray[np.int64]:
    """Return ``target_number`` of every row."""
    return np.fromiter((target_number(row.target_hash) for row in rows), np.int64, len(rows))


def target_number(key: str) -> int:
    """Return a target hash, 64 bits in hexadecimal digits, as a signed integer."""
    return int(key, 16) - (1 << 63)
