"""Extraction: the teacher's distributions on one shard of a split, on gold targets and on its own outputs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from kdlib.config import Signals
from kdlib.files import DataError, sha256
from kdlib.models.batch import Row, batches, collate, layout_of, read_rows
from kdlib.records import target_hash
from kdlib.signals.codec.codec import Codec, codec_for
from kdlib.signals.memory import LARGEST, rows_that_fit
from kdlib.signals.shard import ShardMetadata, SignalRow, write_shard
from kdlib.signals.shared import read_tensors

if TYPE_CHECKING:
    import torch
    from torch import Tensor
    from transformers import PreTrainedModel

    from kdlib.config.base import Precision
    from kdlib.models.forward import TargetOutput


def extract(
    teacher: Path,
    tokenizer: Path,
    dataset: Path,
    dataset_digest: str,
    codec_file: Path,
    split: str,
    shard: int,
    signals: Signals,
    max_tokens: int,
    threads: int,
    code: str,
    out: Path,
) -> None:
    """Write the teacher's signals on one shard of a split.

    A row's signal is the same, byte for byte, whatever the number of shards and the order of the dataset. The
    batch size changes the order of sums. In float32 no log-probability above log 1e-6 differs by more than
    1e-4; in bfloat16 they differ by 0.01 on the average and 0.25 at most, an L1 of 0.003 per token (measured
    on 135 M parameters). A codec may then round to the next of its levels.

    Args:
        teacher: Folder of the model.
        tokenizer: Folder of the run's tokenizer.
        dataset: Token rows of the split.
        dataset_digest: Digest of the whole dataset (all splits), equal in all shards of a store.
        codec_file: What ``prepare`` wrote.
        split: Its name, kept in the shard.
        shard: Number of this shard, from 0.
        signals: Codec, number of shards, batch size, beams and precision.
        max_tokens: Longest of the teacher's own outputs.
        threads: CPU threads.
        code: Digest of the code that extracts, kept in the shard.
        out: Parquet file.

    Raises:
        DataError: If a file is missing or damaged, the codec was prepared for another model, the teacher
            answers with no number, or the disk is full; nothing is left of the shard then.
    """
    model, precision = open_teacher(teacher, signals.precision, threads)
    shared = read_tensors(codec_file)
    _check_head(model, shared, codec_file)
    codec = codec_for(signals.codec, model.config.vocab_size, shared)
    metadata = ShardMetadata(
        model=sha256(teacher / "model.safetensors"),
        tokenizer=sha256(tokenizer / "tokenizer.json"),
        dataset=dataset_digest,
        code=code,
        codec=codec.metadata(),
        shared=sha256(codec_file),
        precision=str(precision).removeprefix("torch."),
        split=split,
        shard=shard,
        shards=signals.shards,
    )
    chosen = batches_of(model, read_rows(dataset), shard, signals, max_tokens)
    stored = signal_rows(model, chosen, codec, precision, signals.beams, max_tokens)
    write_shard(out, stored, codec.columns, codec.compression, metadata)


def open_teacher(folder: Path, precision: Precision, threads: int) -> tuple[PreTrainedModel, torch.dtype]:
    """Return the model on the best device, and the type in which it computes there.

    Args:
        folder: Folder of the model.
        precision: As configured.
        threads: CPU threads.
    """
    import torch

    from kdlib.models.load import computing_device, dtype_of, load

    torch.set_num_threads(threads)
    device = computing_device()
    return load(folder).to(device), dtype_of(precision, device)


def output_head(model: PreTrainedModel) -> dict[str, Tensor]:
    """Return the ``head`` [vocab, width] of a model and, if it has one, its ``bias`` [vocab]."""
    head = model.get_output_embeddings()
    found = {"head": head.weight, "bias": getattr(head, "bias", None)}
    return {
        name: tensor.detach().float().cpu().contiguous()
        for name, tensor in found.items()
        if tensor is not None
    }


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
        model: In evaluation mode.
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


def teacher_output(model: PreTrainedModel, rows: Sequence[Row], precision: torch.dtype) -> TargetOutput:
    """Return the model's states and logits at the targets of a batch, the logits in single precision.

    Args:
        model: In evaluation mode.
        rows: One batch.
        precision: Type in which all but the output head computes.
    """
    import torch

    from kdlib.models.forward import target_output

    tensors = {name: value.to(model.device) for name, value in collate(rows, layout_of(model.config)).items()}
    with torch.inference_mode(), _computing(model, precision):
        return target_output(model, tensors)


@contextmanager
def _computing(model: PreTrainedModel, precision: torch.dtype) -> Iterator[None]:
    """Let a model compute in a type, but its output head in single precision: 8 bits of a logit are too few.

    The head runs inside the model, for some families cap or scale what it answers.
    """
    import torch

    if precision == torch.float32:
        yield
        return
    head, off = model.get_output_embeddings(), torch.autocast(model.device.type, enabled=False)

    def enter(_: torch.nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor]:
        off.__enter__()
        return (inputs[0].float(),)

    def leave(*_: object) -> None:
        off.__exit__(None, None, None)

    hooks = (head.register_forward_pre_hook(enter), head.register_forward_hook(leave, always_call=True))
    try:
        with torch.autocast(model.device.type, precision):
            yield
    finally:
        for hook in hooks:
            hook.remove()


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
    rows, ranks = [], []
    found = finished_outputs(model, batch, precision, beams, max_tokens)
    for row, outputs in zip(batch, found, strict=True):
        for rank, (ids, _) in enumerate(outputs, 1):
            rows.append(Row(row.id, row.source_ids, ids, target_hash(ids)))
            ranks.append(rank)
    return rows, ranks


def finished_outputs(
    model: PreTrainedModel, batch: Sequence[Row], precision: torch.dtype, beams: int, max_tokens: int
) -> list[list[tuple[list[int], float]]]:
    """Return for each row the teacher's own outputs that came to an end, best first.

    Args:
        model: In evaluation mode.
        batch: Rows; their targets are not looked at.
        precision: Type in which all but the output head computes.
        beams: Beam width, and the outputs of a row at most.
        max_tokens: Longest output.

    Returns:
        Token ids, closed by an end token, and their log-probability.
    """
    from kdlib.models.generate import beam_search

    ends = model.generation_config.eos_token_id
    ends = [ends] if isinstance(ends, int) else ends  # chat models have several
    with _computing(model, precision):
        found = beam_search(model, batch, beams, beams, max_tokens)
    return [[(ids, score) for ids, score in outputs if ids[-1] in ends] for outputs in found]
