"""What a model learns from: rows, and what its losses compare it with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kdlib.models.batch import Row

if TYPE_CHECKING:
    from kdlib.signals.store import SignalStore
    from kdlib.training.teacher.online import OnlineTeacher


@dataclass(frozen=True, eq=False)
class TrainingData:
    """The data of one training.

    Attributes:
        rows: Training rows.
        validation: Rows whose negative log-likelihood chooses the best epoch and stops early.
        vocabulary: Pieces of the tokenizer and their ids; renaming exchanges pieces.
        signals: Stored teacher signals of all rows, for losses that compare with them.
        teacher: The teacher itself, in place of its stored signals.
        token_weights: Factors on ce and focal, one per target token of every row; None for 1.
        references: Counts of the teacher's beams among the rows, for the report; None without any.
    """

    rows: Sequence[Row]
    validation: Sequence[Row]
    vocabulary: Mapping[str, int]
    signals: SignalStore | None = None
    teacher: OnlineTeacher | None = None
    token_weights: Sequence[Sequence[float]] | None = None
    references: dict[str, int] | None = None
