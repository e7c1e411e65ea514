"""Held-out rows of a fine-tuned teacher, and what codecs keep of its distributions on them."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from transformers import PreTrainedModel

from kdlib.config import Codec as Options
from kdlib.config import Dense, Hidden
from kdlib.files import sha256
from kdlib.losses.cross_entropy import cross_entropy
from kdlib.models.batch import Row, batches
from kdlib.signals.codec.codec import Codec, codec_for
from kdlib.signals.comparison import TokenFidelity, compare
from kdlib.signals.manifest import write_manifest
from kdlib.signals.shard import ShardMetadata, SignalRow, write_shard
from kdlib.signals.shared import write_tensors
from kdlib.signals.store import SignalStore
from kdlib.signals.teacher import teacher_output
from kdlib.teacher_signal import SignalKey

OVERLAYS = [Path(f"config/{name}.yaml") for name in ("config", "debian", "smollm2")]
RUN = Path("results/smollm2")
STORE = RUN / "signals/base"
BATCH = 8
TEMPERATURES = (1.0, 2.0, 4.0)


@dataclass(frozen=True, eq=False)
class Held:
    """Rows and what the teacher says on their targets.

    Attributes:
        rows: In batches of like length.
        states: One ``[positions, width]`` per row.
        head: ``[vocab, width]``.
    """

    rows: list[Row]
    states: list[torch.Tensor]
    head: torch.Tensor

    def logits(self, first: int, last: int) -> torch.Tensor:
        """Return ``[positions, vocab]`` of rows first…last−1."""
        return torch.cat(self.states[first:last]) @ self.head.T

    def tokens(self) -> int:
        """Return the number of target tokens."""
        return sum(map(len, self.states))


@dataclass(frozen=True)
class Kept:
    """What a codec keeps of the held-out rows.

    Attributes:
        bytes: Of its file, per token.
        l1: Temperature: mean Σ|p − p̂|.
        top1: Share of tokens with the teacher's most probable token.
        entropy: The teacher's, in nats.
    """

    bytes: float
    l1: dict[float, float]
    top1: float
    entropy: float


def make() -> None:
    """Let the workflow make teacher, dataset and store; nothing is done if they are there."""
    command = [sys.executable, "-m", "snakemake", "--profile", "profiles/local", "--quiet", "rules"]
    overlays = ["--configfile", *map(str, OVERLAYS)]
    subprocess.run([*command, *overlays, "--", str(STORE / "manifest.json")], check=True, stdout=sys.stderr)


def held_out(model: PreTrainedModel, precision: torch.dtype, rows: Sequence[Row]) -> Held:
    """Run the teacher on rows once."""
    ordered, states = [], []
    for batch in batches(rows, BATCH):
        output = teacher_output(model, batch, precision)
        ordered += batch
        states += output.states.split([len(row.target_ids) for row in batch])
    return Held(ordered, states, model.get_output_embeddings().weight.detach())


def key_of(row: Row) -> SignalKey:
    """Return the key of a row's gold signal."""
    return SignalKey(row.id, row.target_hash, 0)


def encoded(codec: Codec, held: Held) -> Iterator[SignalRow]:
    """Yield every row's signal as extraction would write it."""
    for first in range(0, len(held.rows), BATCH):
        last = min(first + BATCH, len(held.rows))
        part, logits = held.rows[first:last], held.logits(first, last)
        lengths = [len(row.target_ids) for row in part]
        gold = torch.tensor([token for row in part for token in row.target_ids])
        scores = [-float(x.sum()) for x in cross_entropy(logits, gold).split(lengths)]
        states = torch.cat(held.states[first:last])
        columns = codec.encode(states, logits, [key_of(row) for row in part], lengths)
        for row, score, length, content in zip(part, scores, lengths, columns, strict=True):
            yield SignalRow(row.id, row.target_hash, 0, score, length, None, content)


def store_of(codec: Codec, rows: Iterator[SignalRow], folder: Path) -> Path:
    """Write a store of one shard and return its manifest."""
    folder.mkdir(parents=True)
    shared, shard, manifest = folder / "codec.safetensors", folder / "0.parquet", folder / "manifest.json"
    write_tensors(shared, codec.tensors())
    names = ("model", "tokenizer", "dataset", "code")
    provenance = dict.fromkeys(names, "0" * 64)
    metadata = ShardMetadata(
        **provenance,
        codec=codec.metadata(),
        shared=sha256(shared),
        precision="bfloat16",
        split="test",
        shard=0,
        shards=1,
    )
    write_shard(shard, rows, codec.columns, codec.compression, metadata)
    write_manifest([shard], shared, manifest)
    return manifest


def kept(options: Options, held: Held, shared: dict[str, torch.Tensor], folder: Path) -> Kept:
    """Store the held-out rows with a codec, read them back from the disk and compare."""
    codec = codec_for(options, len(held.head), shared)
    manifest = store_of(codec, encoded(codec, held), folder)
    store, size = SignalStore(manifest), (folder / "0.parquet").stat().st_size
    asked = TEMPERATURES if isinstance(options, Hidden | Dense) else (1.0,)
    found: dict[float, list[TokenFidelity]] = {temperature: [] for temperature in asked}
    for number, row in enumerate(held.rows):
        logits, gold = held.logits(number, number + 1), torch.tensor(row.target_ids)
        for temperature, parts in found.items():
            parts.append(compare(logits, store.signal(key_of(row), temperature), gold))
    mean = {
        name: {
            T: float(torch.cat([getattr(part, name) for part in parts]).mean()) for T, parts in found.items()
        }
        for name in ("l1", "top1", "entropy")
    }
    return Kept(size / held.tokens(), mean["l1"], mean["top1"][1.0], mean["entropy"][1.0])


def bytes_at(l1: float, curve: Sequence[Kept]) -> float:
    """Return the bytes at which a curve reaches an L1, interpolated in logarithms; outside of it, NaN."""
    points = sorted((math.log(one.l1[1.0]), math.log(one.bytes)) for one in curve)
    distances, sizes = zip(*points, strict=True)
    return math.exp(np.interp(math.log(l1), distances, sizes, left=math.nan, right=math.nan))
