"""What an import of stored logits met, and whether logits and targets fit together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kdlib.files import DataError

MARGIN = 0.1  # share of the tokens by which a neighbouring position must fit better to be the right one


@dataclass(slots=True)
class ImportCounts:
    """Counts of an import.

    Attributes:
        rows: Rows of the file.
        imported: Rows that gave a signal.
        filtered: Reason: rows that gave none.
        bits: Bits of a value: rows.
        tokens: Tokens of the imported targets.
        loss: Sum of their −log p, in nats.
        entropy: Sum of their distributions' entropies, in nats.
        compared: Skipped positions: tokens that were compared with the most probable one.
        agreed: Skipped positions: tokens that are the most probable one.
    """

    rows: int = 0
    imported: int = 0
    filtered: Counter[str] = field(default_factory=Counter)
    bits: Counter[int] = field(default_factory=Counter)
    tokens: int = 0
    loss: float = 0.0
    entropy: float = 0.0
    compared: Counter[int] = field(default_factory=Counter)
    agreed: Counter[int] = field(default_factory=Counter)

    def add(self, bits: int, loss: float, entropy: float, tokens: int) -> None:
        """Count a row that gave a signal, with the sums of its tokens."""
        self.imported += 1
        self.bits[bits] += 1
        self.loss += loss
        self.entropy += entropy
        self.tokens += tokens

    def compare(self, best: Sequence[int], first: int, target_ids: Sequence[int], skip: int) -> None:
        """Count how often a target's token is the most probable one, here and a position before and after.

        Args:
            best: Most probable token of each position, the first of them ``first``.
            first: Number of that position.
            target_ids: The target.
            skip: Position of the target's first token, as far as is known.
        """
        for start in range(first, skip + 2):
            pairs = list(zip(best[start - first :], target_ids, strict=False))
            self.compared[start] += len(pairs)
            self.agreed[start] += sum(token == wanted for token, wanted in pairs)

    def agreement(self, skip: int) -> float:
        """Return the share of tokens that are the most probable ones, for a number of skipped positions."""
        return self.agreed[skip] / self.compared[skip] if self.compared[skip] else 0.0

    def check(self, path: Path, skip: int) -> None:
        """Make sure that there are signals, and that they stand at the right positions.

        Raises:
            DataError: If not.
        """
        if not self.imported:
            reasons = ", ".join(f"{number} {reason}" for reason, number in self.filtered.most_common())
            raise DataError(f"{path}: none of {self.rows} rows gives a signal ({reasons or 'it is empty'})")
        here = self.agreement(skip)
        for other in (skip - 1, skip + 1):
            if self.agreement(other) > here + MARGIN:
                raise DataError(
                    f"{path}: the most probable token is the target's at {here:.0%} of the positions, but at "
                    f"{self.agreement(other):.0%} if {other} are skipped and not {skip}; correct that number"
                )

    def report(self, skip: int) -> dict[str, Any]:
        """Return the counts, and means per token."""
        return {
            "rows": self.rows,
            "filtered": dict(self.filtered.most_common()),
            "bits": {str(bits): number for bits, number in sorted(self.bits.items())},
            "entropy": self.entropy / self.tokens,
            "loss": self.loss / self.tokens,
            "agreement": self.agreement(skip),
        }
