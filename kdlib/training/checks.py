"""What makes a training impossible, told before it starts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kdlib.files import DataError
from kdlib.models.load import check_lengths

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from kdlib.models.batch import Row


def check_rows(model: PreTrainedModel, rows: Sequence[Row], validation: Sequence[Row]) -> tuple[int, int]:
    """Make sure that there is something to learn and to validate on, and that it fits into the model.

    Args:
        model: The model.
        rows: Training rows.
        validation: Validation rows.

    Returns:
        Tokens of the longest prompt and of the longest target.

    Raises:
        DataError: If a split has no rows, no target is whole, or a row does not fit into the model.
    """
    for split, part in (("training", rows), ("validation", validation)):
        if not part:
            raise DataError(f"there are no {split} rows; take more sources, or other shares in split")
    ends = model.generation_config.eos_token_id
    ends = set(ends) if isinstance(ends, list) else {ends}
    if not any(row.target_ids and row.target_ids[-1] in ends for row in rows):
        raise DataError(
            "no target of the training rows ends with the end token: all were cut, and a model would never "
            "learn to stop; raise dataset.max_target_tokens"
        )
    everything = [*rows, *validation]
    longest = max(len(row.source_ids) for row in everything), max(len(row.target_ids) for row in everything)
    check_lengths(model, *longest)
    return longest


def check_processes(samples: int, batch_size: int, processes: int) -> None:
    """Make sure that several processes have enough rows for one pass of them all.

    Args:
        samples: Rows of an epoch.
        batch_size: Rows of one process's pass.
        processes: How many train together.

    Raises:
        DataError: If an epoch would have no step.
    """
    if processes > 1 and samples < batch_size * processes:
        raise DataError(
            f"{samples} training rows are fewer than the {batch_size * processes} that {processes} processes "
            f"with batch_size {batch_size} read at a time; lower training.batch_size or take fewer processes"
        )
