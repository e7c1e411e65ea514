"""Near duplicates: the Jaccard similarity of token 5-grams, looked for with MinHash."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from datasketch import MinHash
    from numpy.typing import NDArray

    Shingles = NDArray[np.uint64]

WIDTH = 5  # tokens of a shingle
RECALL = 0.9999
_FACTOR = 0x9E3779B97F4A7C15  # 2^64 / golden ratio; any odd number keeps all 64 bits


def shingles(tokens: Sequence[str]) -> Shingles:
    """Return the set of a text's token 5-grams, each as a 64-bit hash that is the same in every process.

    h(t₁…t₅) = Σ_k h(t_k)·c^(5−k) mod 2^64. A text of fewer tokens is one shingle.

    Args:
        tokens: The text's tokens.

    Returns:
        Distinct hashes in ascending order.
    """
    import numpy as np

    hashes = np.fromiter(map(_token_hash, tokens), np.uint64, len(tokens))
    width = min(WIDTH, len(tokens))
    count = len(tokens) - width + 1
    grams = np.zeros(count, np.uint64)
    for start in range(width):
        grams = grams * np.uint64(_FACTOR) + hashes[start : start + count]
    return np.unique(grams)


@lru_cache(1 << 17)
def _token_hash(token: str) -> int:
    return int.from_bytes(blake2b(token.encode(), digest_size=8).digest(), "little")


def jaccard(a: Shingles, b: Shingles) -> float:
    """Return |a ∩ b| / |a ∪ b|."""
    import numpy as np

    shared = len(np.intersect1d(a, b, assume_unique=True))
    return shared / (len(a) + len(b) - shared)


def banding(threshold: float, permutations: int) -> tuple[int, int]:
    """Return bands and rows of a MinHash index that finds nearly all pairs at the threshold.

    Sets of similarity s agree in all rows of some band with probability 1 − (1 − s^rows)^bands. The largest
    number of rows (up to permutations / 2, bands = ⌊permutations / rows⌋) is taken for which that is at least
    0.9999 at s = threshold: more rows give fewer candidates to verify. If there is none, it is 1.

    Args:
        threshold: Similarity that must be found.
        permutations: Length of a signature, at least 2.

    Reference:
        Leskovec, Rajaraman, Ullman: Mining of Massive Datasets, §3.4.2.
    """
    found = (permutations, 1)
    for rows in range(2, permutations // 2 + 1):
        bands = permutations // rows
        if 1 - (1 - threshold**rows) ** bands >= RECALL:
            found = (bands, rows)
    return found


class NearIndex:
    """Sets of shingles that can be asked whether one of them is similar to another set.

    A pair at the threshold is found with a probability of at least 0.9999 (see ``banding``), a more similar
    one with a higher probability; what is found is verified by the exact similarity, so that nothing below
    the threshold counts.
    """

    def __init__(self, threshold: float, permutations: int) -> None:
        """Make an empty index.

        Args:
            threshold: Jaccard similarity from which sets are near duplicates.
            permutations: Length of the MinHash signatures.
        """
        from datasketch import MinHash, MinHashLSH

        self.threshold = threshold
        self._sets: list[Shingles] = []
        # The hashes are random already: datasketch has only to permute them.
        self._empty = MinHash(num_perm=permutations, hashfunc=int)
        self._index = MinHashLSH(num_perm=permutations, params=banding(threshold, permutations))

    def add(self, grams: Shingles) -> None:
        """Add a set."""
        self._index.insert(len(self._sets), self._signature(grams), check_duplication=False)
        self._sets.append(grams)

    def holds(self, grams: Shingles) -> bool:
        """Return whether an added set is at least as similar to ``grams`` as the threshold."""
        if not self._sets:
            return False
        found = self._index.query(self._signature(grams))
        return any(jaccard(grams, self._sets[place]) >= self.threshold for place in found)

    def _signature(self, grams: Shingles) -> MinHash:
        import numpy as np

        signature = self._empty.copy()
        # datasketch's default scheme permutes 32-bit numbers.
        signature.update_batch((grams >> np.uint64(32)).tolist())
        return signature
