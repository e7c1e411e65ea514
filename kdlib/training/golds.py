"""Vectors of gold assertions in a frozen encoder: computed once for a training set, and kept on disk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from cachetools import TTLCache
from safetensors.torch import load_file, save_file

from kdlib.files import atomic
from kdlib.losses.expected import FrozenEncoder, gold_vectors
from kdlib.records import target_hash

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

BATCH = 64
# Assertions that are not in the file, such as renamed ones: so many for so long.
ENTRIES, SECONDS = 10_000, 3600.0

Target = tuple[int, ...]


class GoldVectors:
    """Gives the vectors of gold assertions: from the file, from memory, or from the encoder.

    Attributes:
        encoder: The frozen encoder.
        asked: Vectors asked for so far.
        computed: Those of them that went through the encoder.
    """

    def __init__(self, encoder: FrozenEncoder, file: Path, targets: Iterable[Target]) -> None:
        """Read the vectors of a training set, or compute and write them.

        Args:
            encoder: The frozen encoder.
            file: ``.safetensors`` with a vector for each target hash; its name tells encoder and targets.
            targets: Gold ids of the training rows.
        """
        self.encoder = encoder
        self.asked = self.computed = 0
        if not file.exists():
            distinct = sorted(set(targets), key=lambda ids: (len(ids), ids))  # batches of like length
            keys = torch.tensor([_number(target_hash(ids)) for ids in distinct])
            with atomic(file) as partial:
                save_file({"targets": keys, "vectors": torch.stack(self._encode(distinct)).cpu()}, partial)
        stored = load_file(file)
        self._stored = dict(zip(stored["targets"].tolist(), stored["vectors"], strict=True))
        self._recent: TTLCache[str, Tensor] = TTLCache(ENTRIES, SECONDS)

    def __call__(self, targets: Sequence[Target]) -> Float[Tensor, "targets features"]:
        """Return a vector per target, on the encoder's device."""
        keys = [target_hash(ids) for ids in targets]
        known = {key: self._stored[_number(key)] for key in keys if _number(key) in self._stored}
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
        """Return the share of the vectors asked for that needed no encoder; 1 before the first."""
        return (self.asked - self.computed) / self.asked if self.asked else 1.0

    def _encode(self, targets: Sequence[Target]) -> list[Float[Tensor, " features"]]:
        vectors: list[Tensor] = []
        for start in range(0, len(targets), BATCH):
            part = targets[start : start + BATCH]
            ids = torch.tensor([token for target in part for token in target])
            lengths = [len(target) for target in part]
            ids = ids.to(self.encoder.embedding.device)
            vectors += gold_vectors(ids, lengths, self.encoder).unbind()
        return vectors


def _number(key: str) -> int:
    """Return a target hash, 64 bits in hexadecimal digits, as a signed integer."""
    return int(key, 16) - (1 << 63)
