"""Renaming augmentation: word pieces that prompt and assertion share are replaced in both, consistently.

A model memorises the names of a small corpus. When the names change from epoch to epoch and agree between
prompt and target, only copying them is right, and copying generalises to unseen classes.
"""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from kdlib.models.batch import Row

# Pieces in more than this share of the targets belong to the language of assertions, not to one class.
COMMON = 0.02
# "Ġ" is the byte-level alphabet's blank.
WORD = re.compile(r"(Ġ?)([A-Z]?)[a-z]+")


@dataclass(frozen=True)
class Renaming:
    """Which pieces may stand for which.

    Attributes:
        share: Probability that a row is renamed when it is drawn.
        seed: Seed that, with epoch and row number, determines the new names of a row.
        shape_of: Piece id: its shape (leading blank, capital).
        pieces: Shape: ids of that shape.
    """

    share: float
    seed: int
    shape_of: Mapping[int, tuple[bool, bool]]
    pieces: Mapping[tuple[bool, bool], Sequence[int]]

    def apply(self, row: Row, index: int, epoch: int) -> Row:
        """Return a row with other names, or the row itself; the same for the same seed, index and epoch.

        A renamed row belongs to no stored signal: its ``target_hash`` is empty.
        """
        rng = random.Random(f"{self.seed}:{epoch}:{index}")
        if rng.random() >= self.share:
            return row
        shared = sorted(set(row.source_ids) & set(row.target_ids) & self.shape_of.keys())
        new = {piece: rng.choice(self.pieces[self.shape_of[piece]]) for piece in shared}
        return replace(
            row,
            source_ids=[new.get(piece, piece) for piece in row.source_ids],
            target_ids=[new.get(piece, piece) for piece in row.target_ids],
            target_hash="",
        )


def renaming(vocabulary: Mapping[str, int], rows: Sequence[Row], share: float, seed: int) -> Renaming:
    """Return the renaming of a tokenizer's word pieces that are not common in the rows' targets.

    Args:
        vocabulary: Piece to id.
        rows: Training rows.
        share: Probability that a row is renamed.
        seed: Seed of all choices.
    """
    counts = Counter(piece for row in rows for piece in set(row.target_ids))
    shape_of: dict[int, tuple[bool, bool]] = {}
    pieces: dict[tuple[bool, bool], list[int]] = defaultdict(list)
    for text, piece in sorted(vocabulary.items(), key=lambda item: item[1]):
        match = WORD.fullmatch(text)
        if match and counts[piece] <= COMMON * len(rows):
            shape = (bool(match[1]), bool(match[2]))
            shape_of[piece] = shape
            pieces[shape].append(piece)
    return Renaming(share, seed, shape_of, dict(pieces))
