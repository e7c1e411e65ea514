"""Checks before a training starts: rows, processes and memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kdlib.files import DataError
from kdlib.models.load import check_lengths
from kdlib.models.mapped import iter_rows, number_of_rows
from kdlib.models.memory import check_memory

if TYPE_CHECKING:
    from transformers import PreTrainedModel, TrainingArguments

    from kdlib.models.batch import Row


def check_training(
    models: Sequence[PreTrainedModel],
    train: Path,
    validation: Path,
    args: TrainingArguments,
    samples: int | None,
) -> None:
    """Make sure that a training is possible, before anything of it is written.

    Args:
        models: The model that is trained, and an online teacher if there is one, which reads the same rows.
        train: Token rows to train on.
        validation: Token rows to validate on.
        args: The trainer's arguments.
        samples: Number of rows of an epoch, or None for all.

    Raises:
        DataError: If rows do not fit the models or processes, or memory is too small.
    """
    for model in models:
        longest = check_rows(model, iter_rows(train), iter_rows(validation))
    rows = number_of_rows(train)
    check_processes(min(samples or rows, rows), args.per_device_train_batch_size, args.world_size)
    at_once = min(args.per_device_train_batch_size, rows)
    # The trainer has not enabled activation checkpointing in the model yet.
    check_memory(models[0], at_once, *longest, args.device, args.activation_checkpointing)


def check_rows(model: PreTrainedModel, rows: Iterable[Row], validation: Iterable[Row]) -> tuple[int, int]:
    """Make sure that there are rows to train and to validate on, and that they fit into the model.

    Args:
        model: The model.
        rows: Training rows.
        validation: Validation rows.

    Returns:
        Tokens of the longest prompt and of the longest target.

    Raises:
        DataError: If a split has no rows, no target is whole, or a row does not fit into the model.
    """
    ends = model.generation_config.eos_token_id
    ends = set(ends) if isinstance(ends, list) else {ends}
    longest_source = 0
    longest_target = 0
    whole = False
    for split, part in (("training", rows), ("validation", validation)):
        empty = True
        for row in part:
            empty = False
            longest_source = max(longest_source, len(row.source_ids))
            longest_target = max(longest_target, len(row.target_ids))
            whole |= split == "training" and not ends.isdisjoint(row.target_ids[-1:])
        if empty:
            raise DataError(f"there are no {split} rows; take more sources, or other shares in split")
    if not whole:
        raise DataError(
            "no target of the training rows ends with the end token: all were cut, and a model would never "
            "learn to stop; raise dataset.max_target_tokens"
        )
    check_lengths(model, longest_source, longest_target)
    return longest_source, longest_target


def check_processes(samples: int, batch_size: int, processes: int) -> None:
    """Make sure that several processes have enough rows for one forward pass each.

    Args:
        samples: Number of rows of an epoch.
        batch_size: Rows per forward pass of one process.
        processes: Number of processes that train together.

    Raises:
        DataError: If an epoch would have no step.
    """
    if processes > 1 and samples < batch_size * processes:
        raise DataError(
            f"{samples} training rows are fewer than the {batch_size * processes} that {processes} processes "
            f"with batch_size {batch_size} read at a time; lower training.batch_size or take fewer processes"
        )
