"""Builds the token rows that all models of a run share."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kdlib.config import Dataset
from kdlib.files import DataError, read_examples, read_parquet, write_json, write_parquet
from kdlib.models.tokenizer import decode, train_tokenizer
from kdlib.records import MARKER, SPLITS, Example, target_hash
from kdlib.tasks import assertion

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast


def build(
    examples: Path,
    splits: Path,
    config: Dataset,
    seed: int,
    tokenizer_folder: Path,
    out: dict[str, Path],
    card: Path,
) -> None:
    """Train the tokenizer on the training split and write one file of token rows per split.

    Args:
        examples: What the corpus stage kept.
        splits: Split of every example's id.
        config: Lengths, subset sizes and tokenizer.
        seed: Seed of the subsets.
        tokenizer_folder: Where the tokenizer is written.
        out: Split name to Parquet file (id, prompt, target, source_ids, target_ids, target_hash).
        card: JSON of counts per split.
    """
    table = read_parquet(splits)
    split_of = dict(zip(table["id"].to_pylist(), table["split"].to_pylist(), strict=True))
    parts: dict[str, list[Example]] = {split: [] for split in SPLITS}
    for example in read_examples(examples):
        parts[split_of[example.id]].append(example)
    tokenizer = train_tokenizer(
        (text for e in parts["train"] for text in (assertion.prompt(e), assertion.target(e))),
        config.tokenizer,
        tokenizer_folder,
    )
    counts: dict[str, Any] = {"tokenizer": {"entries": len(tokenizer)}}
    for split in SPLITS:
        limit = getattr(config, f"max_{split}_samples")
        rows = [token_row(example, tokenizer, config.max_source_tokens) for example in parts[split]]
        kept = [row for row in rows if len(row["target_ids"]) <= config.max_target_tokens]
        chosen = subset(kept, limit, seed)
        if not chosen:
            raise DataError(f"split {split} has no rows of at most {config.max_target_tokens} target tokens")
        _write(out[split], chosen)
        counts[split] = {
            "examples": len(rows),
            "too_long": len(rows) - len(kept),
            "not_sampled": len(kept) - len(chosen),
            "rows": len(chosen),
            "source_tokens": sum(len(row["source_ids"]) for row in chosen),
            "target_tokens": sum(len(row["target_ids"]) for row in chosen),
            "truncated_prompts": sum(len(row["source_ids"]) == config.max_source_tokens for row in chosen),
        }
    write_json(card, counts)


def token_row(example: Example, tokenizer: PreTrainedTokenizerFast, max_source: int) -> dict[str, Any]:
    """Return one row; its target decodes to the very text that it encodes."""

    def encode(text: str) -> list[int]:
        return list(tokenizer.encode(text, add_special_tokens=False))

    eos: int = tokenizer.eos_token_id
    marker: int = tokenizer.convert_tokens_to_ids(MARKER)
    target = assertion.target(example)
    target_ids = [*encode(target), eos]
    if decode(tokenizer, target_ids) != target:
        raise DataError(f"example {example.id}: the tokenizer does not give back {target!r}")
    return {
        "id": example.id,
        "prompt": assertion.prompt(example),
        "target": target,
        "source_ids": assertion.prompt_ids(example, encode, marker, eos, max_source),
        "target_ids": target_ids,
        "target_hash": target_hash(target_ids),
    }


def subset(rows: Sequence[dict[str, Any]], limit: int | None, seed: int) -> list[dict[str, Any]]:
    """Return a random subset in order of id; a larger limit keeps every row of a smaller one."""
    ranked = sorted(rows, key=lambda row: hashlib.sha256(f"{seed}:{row['id']}".encode()).digest())
    return sorted(ranked[:limit], key=lambda row: str(row["id"]))


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    import pyarrow as pa

    ids = pa.list_(pa.int32())
    schema = pa.schema(
        [
            ("id", pa.string()),
            ("prompt", pa.string()),
            ("target", pa.string()),
            ("source_ids", ids),
            ("target_ids", ids),
            ("target_hash", pa.string()),
        ]
    )
    write_parquet(path, pa.Table.from_pylist(rows, schema=schema))
