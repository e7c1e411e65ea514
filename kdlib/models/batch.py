"""Rows of a dataset file as padded tensors; the one place where padding is made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from kdlib.files import read_parquet

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray
    from transformers import PreTrainedConfig

IGNORE = -100  # torch's and transformers' label of positions that count for nothing

COLUMNS = ("id", "source_ids", "target_ids", "target_hash", "weight", "rank")  # few files have the last two


@dataclass(frozen=True, slots=True)
class Row:
    """One tokenised example.

    Attributes:
        id: Id of the example.
        source_ids: Prompt, closed by the end token.
        target_ids: Assertion, closed by the end token.
        target_hash: Hash of ``target_ids``, part of the signal key.
        weight: What the target counts in a training, beside others of the same example.
        rank: 0 for the gold target, 1… for the teacher's answers, part of the signal key.
    """

    id: str
    source_ids: list[int]
    target_ids: list[int]
    target_hash: str
    weight: float = 1.0
    rank: int = 0


@dataclass(frozen=True, slots=True)
class Targets:
    """The target ids of a batch's rows; as a list they would be walked through by all that moves a batch.

    Attributes:
        ids: Target ids of each row.
    """

    ids: list[tuple[int, ...]]


def read_rows(path: Path) -> list[Row]:
    """Read the token columns of a dataset file, and weights and ranks of its rows if it has any."""
    table = read_parquet(path, list(COLUMNS))
    return [Row(**row) for row in table.to_pylist()]


@dataclass(frozen=True, slots=True)
class Layout:
    """How a model reads prompt and target.

    Attributes:
        pad: Padding id of the inputs.
        start: First id of the decoder; None for a causal model, whose target follows the prompt.
    """

    pad: int
    start: int | None


def layout_of(config: PreTrainedConfig) -> Layout:
    """Return the layout of a model's configuration."""
    pad = config.pad_token_id
    if not config.is_encoder_decoder:
        # Masked positions may hold any id.
        return Layout(0 if pad is None else pad, None)
    start = getattr(config, "decoder_start_token_id", None)  # not every configuration names it
    return Layout(pad, pad if start is None else start)


def collate(rows: Sequence[Row], layout: Layout) -> dict[str, torch.Tensor]:
    """Return right-padded tensors for teacher forcing.

    ``labels`` [rows, time] holds, at every position of the decoder, the id that it should predict next, and
    ``IGNORE`` at padding and prompt; ``input_ids`` and ``attention_mask`` are [rows, source] for an
    encoder-decoder, with ``decoder_input_ids`` [rows, time], and [rows, time] for a causal model.

    Args:
        rows: At least one row; every source and target has a token.
        layout: How the model reads prompt and target.
    """
    import torch
    from torch.nn.utils.rnn import pad_sequence

    targets = [torch.tensor(row.target_ids) for row in rows]
    if layout.start is not None:
        tensors = prompts([row.source_ids for row in rows], layout.pad, "right")
        labels = pad_sequence(targets, batch_first=True, padding_value=IGNORE)
        shifted = torch.full_like(labels, layout.start)
        shifted[:, 1:] = labels[:, :-1].masked_fill(labels[:, :-1] == IGNORE, layout.pad)
        return {**tensors, "decoder_input_ids": shifted, "labels": labels}
    tensors = prompts([[*row.source_ids, *row.target_ids[:-1]] for row in rows], layout.pad, "right")
    labels = torch.full_like(tensors["input_ids"], IGNORE)
    for line, row, target in zip(labels, rows, targets, strict=True):
        first = len(row.source_ids) - 1
        line[first : first + len(target)] = target
    return {**tensors, "labels": labels}


def prompts(
    sequences: Sequence[Sequence[int]], pad: int, side: Literal["left", "right"]
) -> dict[str, torch.Tensor]:
    """Return padded ``input_ids`` and ``attention_mask``, both [rows, source].

    Args:
        sequences: Token ids, at least one sequence.
        pad: Padding id.
        side: Where padding goes; a causal model generates from prompts that are padded on the left.
    """
    import torch
    from torch.nn.utils.rnn import pad_sequence

    tensors = [torch.tensor(sequence) for sequence in sequences]
    inputs = pad_sequence(tensors, batch_first=True, padding_value=pad, padding_side=side)
    lengths = torch.tensor([len(sequence) for sequence in sequences])[:, None]
    places = torch.arange(inputs.shape[1])
    places = places if side == "right" else inputs.shape[1] - 1 - places
    return {"input_ids": inputs, "attention_mask": (places < lengths).long()}


def by_length(rows: Sequence[Row]) -> NDArray[np.int64]:
    """Return the numbers of the rows, longest source first: the order of batches and of stored signals.

    Rows of equal length are in the order of their ids. Besides the numbers, no more than these ids are in
    memory at a time: the rows may lie on a disk.
    """
    import numpy as np

    lengths = np.fromiter((len(row.source_ids) for row in rows), np.int32, len(rows))
    ordered = np.argsort(-lengths, kind="stable")
    borders = np.flatnonzero(np.diff(lengths[ordered])) + 1
    for equal in np.split(ordered, borders):  # views
        equal[:] = sorted(equal.tolist(), key=lambda number: rows[number].id)
    return ordered


def batches(rows: Sequence[Row], size: int, tokens: int | None = None) -> Iterator[list[Row]]:
    """Yield batches of like length, longest first: little is padding, and memory peaks at once.

    Args:
        rows: May lie on a disk.
        size: Rows of a batch at most.
        tokens: Tokens of the prompts of a batch at most, padding included; a longer prompt is alone. A
            batch then ends before a prompt that would be padded by more than a third of itself.
    """
    ordered = by_length(rows)
    if tokens is None:
        for start in range(0, len(ordered), size):
            yield [rows[i] for i in ordered[start : start + size]]
        return
    batch: list[Row] = []
    for row in (rows[i] for i in ordered):
        longest = len(batch[0].source_ids) if batch else 0
        full = len(batch) == size or longest * (len(batch) + 1) > tokens
        if batch and (full or 4 * len(row.source_ids) < 3 * longest):
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch
