"""Extraction: the teacher's distributions on one shard of a split, under teacher forcing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kdlib.config import Signals
from kdlib.files import sha256
from kdlib.models.batch import Row, batches, read_rows
from kdlib.signals.codec import Codec, codec_for
from kdlib.signals.store import ShardMetadata, SignalRow, write_shard

if TYPE_CHECKING:
    from transformers import T5ForConditionalGeneration


def extract(
    teacher: Path,
    tokenizer: Path,
    dataset: Path,
    dataset_digest: str,
    split: str,
    shard: int,
    signals: Signals,
    threads: int,
    code: str,
    out: Path,
) -> None:
    """Write the teacher's signals on the gold targets of one shard.

    Args:
        teacher: Folder of the model.
        tokenizer: Folder of the run's tokenizer.
        dataset: Token rows of the split.
        dataset_digest: Digest of the whole dataset (all splits), equal in all shards of a store.
        split: Its name, kept in the shard.
        shard: Number of this shard, from 0.
        signals: Codec, number of shards and batch size.
        threads: CPU threads.
        code: Digest of the code that extracts, kept in the shard.
        out: Parquet file.
    """
    import torch

    from kdlib.models.seq2seq import load

    torch.set_num_threads(threads)
    model = load(teacher)
    rows = shard_of(read_rows(dataset), shard, signals.shards)
    codec = codec_for(signals.codec, model.config.vocab_size)
    metadata = ShardMetadata(
        model=sha256(teacher / "model.safetensors"),
        tokenizer=sha256(tokenizer / "tokenizer.json"),
        dataset=dataset_digest,
        code=code,
        codec=codec.metadata(),
        split=split,
        shard=shard,
        shards=signals.shards,
    )
    write_shard(out, signal_rows(model, rows, codec, signals.batch_size), metadata)


def shard_of(rows: Sequence[Row], shard: int, shards: int) -> list[Row]:
    """Return a contiguous part of the rows; the parts' sizes differ by one at most.

    Raises:
        ValueError: If the shard does not exist.
    """
    if not 0 <= shard < shards:
        raise ValueError(f"shard must be in 0…{shards - 1}, got {shard}")
    return list(rows[shard * len(rows) // shards : (shard + 1) * len(rows) // shards])


def signal_rows(
    model: T5ForConditionalGeneration, rows: Sequence[Row], codec: Codec, batch_size: int
) -> Iterator[SignalRow]:
    """Yield the encoded signal of every row's gold target, in the order of the batches."""
    from kdlib.models.generate import log_probabilities

    pad = model.config.pad_token_id
    for batch in batches(rows, batch_size):
        for row, log_probs in zip(batch, log_probabilities(model, batch, pad), strict=True):
            values = log_probs.cpu().numpy()
            gold = values[range(len(row.target_ids)), row.target_ids]
            yield SignalRow(
                id=row.id,
                target_hash=row.target_hash,
                rank=0,
                score=float(gold.sum()),
                positions=len(row.target_ids),
                signal=codec.encode(values),
            )
