"""Batches of a training: the rows' tensors with everything that losses read of them from the dataset."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from kdlib.models.batch import Layout, Targets, collate
from kdlib.teacher_signal import SignalKey
from kdlib.training.loop.data import TrainingData
from kdlib.training.loop.renaming import Renaming


@dataclass(frozen=True, eq=False)
class Collator:
    """Makes batches of training rows.

    Attributes:
        data: Rows, with their signals and token weights.
        renaming: Replaces names in some rows.
        layout: How the student reads prompt and target.
        epoch: Returns the number of the current epoch, which determines the new names.
    """

    data: TrainingData
    renaming: Renaming
    layout: Layout
    epoch: Callable[[], int]

    def __call__(self, index: Sequence[int]) -> dict[str, Any]:
        """Return a batch with the stored bytes of its signals: a worker reads, the model's device decodes.

        Args:
            index: Numbers of the rows.
        """
        epoch = self.epoch()
        rows = [self.renaming.apply(self.data.rows[i], i, epoch) for i in index]
        batch: dict[str, Any] = collate(rows, self.layout)
        batch["targets"] = Targets([tuple(row.target_ids) for row in rows])
        weights = [row.weight for row in rows]
        if set(weights) != {1.0}:
            batch["reference_weights"] = torch.tensor(weights)
        if self.data.token_weights is not None:
            batch["token_weights"] = torch.tensor([w for i in index for w in self.data.token_weights[i]])
        if self.data.teacher is not None and self.data.teacher.layout != self.layout:
            batch["teacher"] = collate(rows, self.data.teacher.layout)
        if self.data.signals is not None:
            keys = [SignalKey(row.id, row.target_hash, row.rank) for row in rows]
            batch["signals"] = self.data.signals.read(keys)
        return batch
