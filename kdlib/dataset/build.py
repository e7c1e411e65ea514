"""Builds the token rows that all models of a run share."""

from __future__ import annotations

import sys
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kdlib.config import Dataset
from kdlib.files import DataError, iter_examples, read_parquet, write_json, write_parquet
from kdlib.models.tokenizer import copy_tokenizer, decode, train_tokenizer
from kdlib.records import MARKER, SPLITS, Example, Split, target_hash
from kdlib.tasks import assertion

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

Encode = Callable[[str], list[int]]
# More texts take longer and hardly change the merges.
TOKENIZER_EXAMPLES = 20_000


def build(
    examples: Path,
    splits: Path,
    config: Dataset,
    seed: int,
    tokenizer_folder: Path,
    out: Mapping[Split, Path],
    counts: Path,
    pretrained: Path | None = None,
) -> None:
    """Train the tokenizer on the training split, or take a pretrained one, and write the splits' token rows.

    The examples of a split are tokenized in the order of sha256(seed:id) until as many rows are kept as are
    wanted: so a subset is random, a larger limit keeps every row of a smaller one, and a small dataset of a
    large corpus takes seconds. The tokenizer learns from the first 20,000 training examples of that order,
    whatever the limits.

    Args:
        examples: Parquet file of the corpus.
        splits: Split of every example's id.
        config: Lengths, subset sizes and tokenizer.
        seed: Seed of the subsets.
        tokenizer_folder: Folder to which the tokenizer is written.
        out: Split name to Parquet file (id, prompt, target, source_ids, target_ids, target_hash), in order of
            ids.
        counts: JSON file of counts per split, see ``Chosen``.
        pretrained: Folder of a staged model whose tokenizer is taken.

    Raises:
        DataError: If a split has no rows that are short enough, or the tokenizer loses something of a target.
    """
    table = read_parquet(splits)
    ids: dict[Split, list[str]] = {split: [] for split in SPLITS}
    for key, split in zip(table["id"].to_pylist(), table["split"].to_pylist(), strict=True):
        ids[split].append(key)
    order = {split: ranked(ids[split], seed) for split in SPLITS}
    learnt = set() if pretrained else set(order["train"][:TOKENIZER_EXAMPLES])
    if pretrained:
        tokenizer = copy_tokenizer(pretrained, tokenizer_folder)
    else:
        tokenizer = train_tokenizer(
            _training_texts(example for example in iter_examples(examples) if example.id in learnt),
            config.tokenizer,
            tokenizer_folder,
        )
    report: dict[str, Any] = {"tokenizer": {"entries": len(tokenizer), "examples": len(learnt)}}
    for split in SPLITS:
        limit = getattr(config, f"max_{split}_samples") or len(ids[split])
        chosen = choose(_in_order(examples, order[split], limit), tokenizer, config, limit)
        if not chosen.rows:
            lengths = f"{config.max_target_tokens} target tokens"
            if config.long_prompts == "drop":
                lengths += f" and {config.max_source_tokens} prompt tokens"
            raise DataError(f"split {split} has no rows of at most {lengths}")
        _write(out[split], sorted(chosen.rows, key=lambda row: str(row["id"])))
        report[split] = chosen.counts(len(ids[split]))
    write_json(counts, report)


def ranked(ids: Iterable[str], seed: int) -> list[str]:
    """Return ids in the order of sha256(seed:id): random, and the same whatever else is there."""
    return sorted(ids, key=lambda key: sha256(f"{seed}:{key}".encode()).digest())


def _training_texts(examples: Iterable[Example]) -> Iterator[str]:
    # The marker is an entry of its own: merges of its letters would only take the place of others.
    for example in examples:
        yield assertion.prompt(example).replace(MARKER, "")
        yield assertion.target(example)


def _in_order(examples: Path, order: Sequence[str], limit: int) -> Iterator[Example]:
    """Yield examples in the order of ids, reading the file once, or again where many of them are too long."""
    step = limit + limit // 4 + 64
    for first in range(0, len(order), step):
        wanted = order[first : first + step]
        left = set(wanted)
        # Where an example stands is of no use here, and large.
        found = {
            example.id: replace(example, occurrences=())
            for example in iter_examples(examples)
            if example.id in left
        }
        yield from (found.pop(key) for key in wanted)


@dataclass(slots=True)
class Chosen:
    """The rows of a split and what was met on the way.

    Attributes:
        rows: Token rows.
        met: Of the examples looked at, those with too long a target, those with too long a prompt (dropped),
            and the truncated prompts among the rows.
        looked_at: Number of examples that were tokenized.
    """

    rows: list[dict[str, Any]] = field(default_factory=list)
    met: Counter[str] = field(default_factory=Counter)
    looked_at: int = 0

    def counts(self, examples: int) -> dict[str, int]:
        """Return the counts of the card, given the number of examples of the split."""
        return {
            "examples": examples,
            "looked_at": self.looked_at,
            "too_long": self.met["too_long"],
            "too_long_prompt": self.met["too_long_prompt"],
            "not_sampled": examples - self.looked_at,
            "rows": len(self.rows),
            "source_tokens": sum(len(row["source_ids"]) for row in self.rows),
            "target_tokens": sum(len(row["target_ids"]) for row in self.rows),
            "truncated_prompts": self.met["truncated_prompts"],
        }


def choose(
    examples: Iterable[Example], tokenizer: PreTrainedTokenizerFast, config: Dataset, limit: int
) -> Chosen:
    """Tokenize examples until ``limit`` rows are kept.

    Args:
        examples: Examples in order of preference; no more are read than needed.
        tokenizer: The run's tokenizer.
        config: Lengths, and whether prompts that are too long are truncated or dropped.
        limit: Largest number of rows.
    """
    chosen = Chosen()
    encode = encoder(tokenizer)
    for example in examples:
        chosen.looked_at += 1
        row = token_row(example, tokenizer, encode, config.max_source_tokens)
        whole = _prompt_ids(example, tokenizer, encode, sys.maxsize)
        if len(row["target_ids"]) > config.max_target_tokens:
            chosen.met["too_long"] += 1
        elif len(whole) > config.max_source_tokens and config.long_prompts == "drop":
            chosen.met["too_long_prompt"] += 1
        else:
            chosen.met["truncated_prompts"] += len(whole) > config.max_source_tokens
            chosen.rows.append(row)
        if len(chosen.rows) == limit:
            break
    return chosen


def encoder(tokenizer: PreTrainedTokenizerFast) -> Encode:
    """Return a function from text to token ids, none of them special, that remembers the latest texts."""

    @lru_cache(1 << 10)
    def encode(text: str) -> list[int]:
        return list(tokenizer.encode(text, add_special_tokens=False))

    return encode


def token_row(
    example: Example, tokenizer: PreTrainedTokenizerFast, encode: Encode, max_source: int
) -> dict[str, Any]:
    """Return one row; its target decodes to the very text that it encodes.

    Args:
        example: Example to tokenize.
        tokenizer: The run's tokenizer.
        encode: ``encoder`` of the tokenizer.
        max_source: Largest number of prompt tokens.
    """
    target = assertion.target(example)
    target_ids = [*encode(target), int(tokenizer.eos_token_id)]
    if decode(tokenizer, target_ids) != target:
        raise DataError(
            f"example {example.id}: the tokenizer does not give back {target!r}; "
            "name another model in dataset.tokenizer.model, or none to train one"
        )
    return {
        "id": example.id,
        "prompt": assertion.prompt(example),
        "target": target,
        # A list of Python's integers takes nine times as much memory.
        "source_ids": array("i", _prompt_ids(example, tokenizer, encode, max_source)),
        "target_ids": target_ids,
        "target_hash": target_hash(target_ids),
    }


def _prompt_ids(
    example: Example, tokenizer: PreTrainedTokenizerFast, encode: Encode, limit: int
) -> list[int]:
    # Our own tokenizer has an entry for the marker, a pretrained one writes it out.
    entry = tokenizer.backend_tokenizer.token_to_id(MARKER)
    marker = encode(MARKER) if entry is None else [entry]
    return assertion.prompt_ids(example, encode, marker, int(tokenizer.eos_token_id), limit)


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
