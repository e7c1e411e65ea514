"""Extraction: the teacher's distributions on one shard of a split, on gold targets and on its own outputs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kdlib.config import Signals
from kdlib.files import DataError, sha256
from kdlib.models.batch import Row, batches, read_rows
from kdlib.models.memory import LARGEST, rows_that_fit
from kdlib.records import target_hash
from kdlib.signals.codec.codec import Codec, codec_for
from kdlib.signals.shard import ShardMetadata, SignalRow, write_shard
from kdlib.signals.shared import read_tensors
from kdlib.signals.teacher import finished_outputs, open_teacher, output_head, teacher_output

if TYPE_CHECKING:
    import torch
    from torch import Tensor
    from transformers import PreTrainedModel


@dataclass(frozen=True, slots=True)
class ExtractionJob:
    """What makes the signals of a store, the same for all of its shards.

    Attributes:
        teacher: Folder of the model.
        tokenizer: Folder of the run's tokenizer.
        signals: Codec, number of shards, batch size, beams and precision.
        max_tokens: Tokens of the longest of the teacher's own outputs.
        threads: CPU threads.
        code: Digest of the code that extracts, kept in the shards.
    """

    teacher: Path
    tokenizer: Path
    signals: Signals
    max_tokens: int
    threads: int
    code: str


def extract(
    job: ExtractionJob,
    dataset: Path,
    dataset_digest: str,
    codec_file: Path,
    split: str,
    shard: int,
    out: Path,
) -> None:
    """Write the teacher's signals on one shard of a split.

    A row's signal is the same, byte for byte, whatever the number of shards and the order of the dataset. The
    batch size changes the order of sums. In float32 no log-probability above log 1e-6 differs by more than
    1e-4; in bfloat16 they differ by 0.01 on the average and 0.25 at most, an L1 of 0.003 per token (measured
    on 135 M parameters). A codec may then round to the next of its levels.

    Args:
        job: What makes the signals.
        dataset: Token rows of the split.
        dataset_digest: Digest of the whole dataset (all splits), equal in all shards of a store.
        codec_file: What ``prepare`` wrote.
        split: Name of the split, kept in the shard.
        shard: Number of this shard, from 0.
        out: Parquet file.

    Raises:
        DataError: If a file is missing or damaged, the codec was prepared for another model, the teacher's
            logits are not numbers, or the disk is full; nothing is left of the shard then.
    """
    signals = job.signals
    model, precision = open_teacher(job.teacher, signals.precision, job.threads)
    shared = read_tensors(codec_file)
    _check_head(model, shared, codec_file)
    codec = codec_for(signals.codec, model.config.vocab_size, shared)
    metadata = ShardMetadata(
        model=sha256(job.teacher / "model.safetensors"),
        tokenizer=sha256(job.tokenizer / "tokenizer.json"),
        dataset=dataset_digest,
        code=job.code,
        codec=codec.metadata(),
        shared=sha256(codec_file),
        precision=str(precision).removeprefix("torch."),
        split=split,
        shard=shard,
        shards=signals.shards,
    )
    chosen = batches_of(model, read_rows(dataset), shard, signals, job.max_tokens)
    stored = signal_rows(model, chosen, codec, precision, signals.beams, job.max_tokens)
    write_shard(out, stored, codec.columns, codec.compression, metadata)


def batches_of(
    model: PreTrainedModel, rows: Sequence[Row], shard: int, signals: Signals, max_tokens: int
) -> list[list[Row]]:
    """Return the batches of a shard.

    Where the batch size is found from the free memory, it differs from job to job. So the rows of a shard are
    chosen by a size that does not, and only then cut into what fits.

    Args:
        model: On its device.
        rows: All rows of the split.
        shard: Number of the shard, from 0.
        signals: Number of shards, batch size and beams.
        max_tokens: Longest of the teacher's own outputs.
    """
    blocks = shard_of(list(batches(rows, signals.batch_size or LARGEST)), shard, signals.shards)
    size = signals.batch_size or rows_that_fit(model, rows, signals.beams, max_tokens)
    return [batch for block in blocks for batch in batches(block, size)]


def shard_of(all_batches: Sequence[list[Row]], shard: int, shards: int) -> list[list[Row]]:
    """Return every n-th batch: whole batches, so that a signal is the same whatever the number of shards.

    Raises:
        ValueError: If the shard does not exist.
    """
    if not 0 <= shard < shards:
        raise ValueError(f"shard must be in 0…{shards - 1}, got {shard}")
    return list(all_batches[shard::shards])


def signal_rows(
    model: PreTrainedModel,
    chosen: Iterable[list[Row]],
    codec: Codec,
    precision: torch.dtype,
    beams: int = 0,
    max_tokens: int = 0,
) -> Iterator[SignalRow]:
    """Yield the encoded signal of every row's gold target, batch by batch, each followed by its beams.

    Args:
        model: Model in evaluation mode.
        chosen: Batches.
        codec: Encodes what the model says.
        precision: Type in which the model computes.
        beams: The teacher's own outputs a row, best per token first; those that do not end are left out.
        max_tokens: Longest of these.

    Raises:
        DataError: If the model answers with no number.
    """
    from tqdm import tqdm

    for batch in tqdm(chosen, unit="batch", disable=None):
        yield from _encoded(model, batch, [0] * len(batch), codec, precision)
        if beams:
            outputs, ranks = _own_outputs(model, batch, precision, beams, max_tokens)
            for first in range(0, len(outputs), len(batch)):
                part = slice(first, first + len(batch))
                yield from _encoded(model, outputs[part], ranks[part], codec, precision)


def _check_head(model: PreTrainedModel, shared: Mapping[str, Tensor], path: Path) -> None:
    import torch

    for name, tensor in output_head(model).items():
        if name in shared and not torch.equal(shared[name], tensor):
            raise DataError(f"{path}: its {name} is not that of the teacher; delete it and prepare it again")


def _encoded(
    model: PreTrainedModel, rows: Sequence[Row], ranks: Sequence[int], codec: Codec, precision: torch.dtype
) -> list[SignalRow]:
    import torch

    from kdlib.teacher_signal import SignalKey

    output = teacher_output(model, rows, precision)
    lengths = [len(row.target_ids) for row in rows]
    gold = torch.tensor([token for row in rows for token in row.target_ids], device=output.logits.device)
    log_probs = -torch.nn.functional.cross_entropy(output.logits, gold, reduction="none").double()
    # NaN wherever a logit is NaN or infinitely large.
    scores = torch.stack([part.sum() for part in log_probs.split(lengths)])
    if bad := [row.id for row, wrong in zip(rows, scores.isnan().tolist(), strict=True) if wrong]:
        raise DataError(f"id {bad[0]}: the teacher's logits are no numbers; its training may have diverged")
    keys = [SignalKey(row.id, row.target_hash, rank) for row, rank in zip(rows, ranks, strict=True)]
    columns = codec.encode(output.states, output.logits, keys, lengths)
    return [
        SignalRow(row.id, row.target_hash, rank, score, length, row.target_ids if rank else None, content)
        for row, rank, score, length, content in zip(
            rows, ranks, scores.tolist(), lengths, columns, strict=True
        )
    ]


def _own_outputs(
    model: PreTrainedModel, batch: Sequence[Row], precision: torch.dtype, beams: int, max_tokens: int
) -> tuple[list[Row], list[int]]:
    """Return the teacher's finished outputs as rows, and their ranks."""
    rows = []
    ranks = []
    found = finished_outputs(model, batch, precision, beams, max_tokens)
    for row, outputs in zip(batch, found, strict=True):
        for rank, (ids, _) in enumerate(outputs, 1):
            rows.append(Row(row.id, row.source_ids, ids, target_hash(ids)))
            ranks.append(rank)
    return rows, ranks
