"""Rows of a dataset file as padded tensors; the one place where padding is made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kdlib.files import read_parquet

if TYPE_CHECKING:
    import torch

IGNORE = -100  # torch's and transformers' label of positions that count for nothing


@dataclass(frozen=True, slots=True)
class Row:
    """One tokenised example.

    Attributes:
        id: Id of the example.
        source_ids: Prompt, closed by the end token.
        target_ids: Assertion, closed by the end token.
        target_hash: Hash of ``target_ids``, part of the signal key.
    """

    id: str
    source_ids: list[int]
    target_ids: list[int]
    target_hash: str


def read_rows(path: Path) -> list[Row]:
    """Read the token columns of a dataset file."""
    table = read_parquet(path, ["id", "source_ids", "target_ids", "target_hash"])
    return [Row(**row) for row in table.to_pylist()]


def collate(rows: Sequence[Row], pad: int) -> dict[str, torch.Tensor]:
    """Return ``input_ids``, ``attention_mask`` [rows, source], ``labels`` [rows, target], right-padded.

    Args:
        rows: At least one row.
        pad: Padding id of the inputs; labels are padded with ``IGNORE``.
    """
    import torch
    from torch.nn.utils.rnn import pad_sequence

    sources = [torch.tensor(row.source_ids) for row in rows]
    targets = [torch.tensor(row.target_ids) for row in rows]
    inputs = pad_sequence(sources, batch_first=True, padding_value=pad)
    lengths = torch.tensor([len(source) for source in sources])
    return {
        "input_ids": inputs,
        "attention_mask": (torch.arange(inputs.shape[1]) < lengths[:, None]).long(),
        "labels": pad_sequence(targets, batch_first=True, padding_value=IGNORE),
    }


def batches(rows: Sequence[Row], size: int) -> Iterator[list[Row]]:
    """Yield batches of like length, longest first: little is padding, and memory peaks at once."""
    ordered = sorted(rows, key=lambda row: (-len(row.source_ids), row.id))
    for start in range(0, len(ordered), size):
        yield ordered[start : start + size]
