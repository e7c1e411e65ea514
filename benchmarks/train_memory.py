"""How much more memory a training takes on ten times the rows, with the same rows an epoch.

What counts is anonymous memory, at its highest from the first check to the last step: files that are mapped
can be dropped by the system at any time. Everything that is read in the size of the dataset is there: rows,
stored signals of a teacher and vectors of gold assertions. Rows and signals are random; no size of theirs
depends on what they say.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa
    import torch

    from kdlib.signals.codec.codec import Codec
    from kdlib.signals.shard import SignalRow

SIZES = (10_000, 100_000)
TOKENS, SOURCE, TARGET = 300, (64, 192), (8, 24)  # vocabulary; shortest and longest row
EPOCHS, SAMPLES, BATCH = 3, 512, 16
SHAPE = {"d_model": 64, "d_ff": 128, "encoder_layers": 1, "decoder_layers": 1, "heads": 2}
EVERY = 0.1  # seconds between readings


def memory_growth(sizes: tuple[int, int] = SIZES) -> float:
    """Return by which share a student's training takes more memory on ten times the rows.

    Args:
        sizes: Rows of the two datasets.
    """
    peaks = []
    for rows in sizes:
        with tempfile.TemporaryDirectory() as folder:
            for step in ("make", "train"):  # the memory of making the data is not that of training
                code = f"from benchmarks import train_memory as m; m.{step}({rows}, m.Path({folder!r}))"
                done = subprocess.run(
                    [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True
                )
        peaks.append(float(done.stdout.splitlines()[-1]))
        print(f"{rows:,} rows: {peaks[-1]:.1f} MB", file=sys.stderr)
    return peaks[1] / peaks[0] - 1


def anonymous_mb() -> float:
    """Return this process's memory that no file backs."""
    for line in Path("/proc/self/smaps_rollup").read_text().splitlines():
        name, _, rest = line.partition(":")
        if name == "Anonymous":
            return int(rest.split()[0]) / 1024
    raise OSError("/proc/self/smaps_rollup tells no anonymous memory")


def make(rows: int, folder: Path) -> None:
    """Write a dataset, a teacher and its signals.

    Args:
        rows: Training rows.
        folder: Where to write.
    """
    from kdlib.config import Size, Tokenizer
    from kdlib.files import write_parquet
    from kdlib.models.scratch import build
    from kdlib.models.tokenizer import load_tokenizer, train_tokenizer

    texts = [f"assertEquals({number}, box.get{number * 7 % 97}());" for number in range(500)]
    train_tokenizer(texts, Tokenizer(vocab_size=TOKENS), folder / "tokenizer")
    words = load_tokenizer(folder / "tokenizer")
    for split, number in (("train", rows), ("validation", 64)):
        write_parquet(folder / f"{split}.parquet", table(number, len(words), words.eos_token_id))
    model = build(Size(**SHAPE), words, 0.0, 0)
    model.save_pretrained(folder / "teacher")
    _store(folder)


def table(rows: int, tokens: int, end: int) -> pa.Table:
    """Return random token rows, closed by the end token, as the dataset stage writes them."""
    import pyarrow as pa

    from kdlib.records import target_hash

    rng = np.random.default_rng(rows)
    targets = _lists(rng, rows, TARGET, tokens, end)
    ids = [hashlib.sha256(b"%d" % number).hexdigest() for number in range(rows)]
    return pa.table(
        {
            "id": ids,
            "prompt": [f"the prompt of {identity}" for identity in ids],
            "target": [f"the target of {identity}" for identity in ids],
            "source_ids": _lists(rng, rows, SOURCE, tokens, end),
            "target_ids": targets,
            "target_hash": [target_hash(target.as_py()) for target in targets],
        }
    )


def _lists(
    rng: np.random.Generator, rows: int, lengths: tuple[int, int], tokens: int, end: int
) -> pa.ListArray:
    import pyarrow as pa

    ends = np.concatenate([[0], rng.integers(*lengths, rows, endpoint=True).cumsum()])
    values = rng.integers(3, tokens, ends[-1], dtype=np.int32)
    values[ends[1:] - 1] = end
    return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), pa.array(values))


def _store(folder: Path) -> None:
    """Write random hidden states as the teacher's signals on the training rows."""
    from kdlib.config import Hidden
    from kdlib.files import sha256
    from kdlib.models.load import load
    from kdlib.signals.codec.codec import codec_for
    from kdlib.signals.manifest import write_manifest
    from kdlib.signals.shard import ShardMetadata, write_shard
    from kdlib.signals.shared import write_tensors
    from kdlib.training.teacher.stored import origin_of

    head = load(folder / "teacher").get_output_embeddings().weight.detach()
    codec = codec_for(Hidden(kind="hidden"), len(head), {"head": head})
    shared, shard = folder / "signals" / "codec.safetensors", folder / "signals" / "0.parquet"
    shared.parent.mkdir()
    write_tensors(shared, codec.tensors())
    files = (
        folder / "train.parquet",
        folder / "validation.parquet",
        folder / "tokenizer",
        folder / "teacher",
    )
    metadata = ShardMetadata(
        **origin_of(*files),
        code="0" * 64,
        codec=codec.metadata(),
        shared=sha256(shared),
        precision="float32",
        split="train",
        shard=0,
        shards=1,
    )
    signals = _signals(folder / "train.parquet", codec, head)
    write_shard(shard, signals, codec.columns, codec.compression, metadata)
    write_manifest([shard], shared, folder / "signals" / "manifest.json")


def _signals(train: Path, codec: Codec, head: torch.Tensor) -> Iterator[SignalRow]:
    """Yield a signal for every row, longest row first, as extraction does."""
    import torch

    from kdlib.models.batch import batches, read_rows
    from kdlib.signals.shard import SignalRow
    from kdlib.teacher_signal import SignalKey

    generator = torch.Generator().manual_seed(0)
    for batch in batches(read_rows(train), 256):
        lengths = [len(row.target_ids) for row in batch]
        states = torch.randn(sum(lengths), head.shape[1], generator=generator)
        keys = [SignalKey(row.id, row.target_hash, 0) for row in batch]
        contents = codec.encode(states, states @ head.T, keys, lengths)
        for row, length, content in zip(batch, lengths, contents, strict=True):
            yield SignalRow(row.id, row.target_hash, 0, 0.0, length, None, content)


def train(rows: int, folder: Path) -> None:
    """Train a student with the losses of Trident, and print the highest memory in MB.

    Args:
        rows: Rows of the dataset.
        folder: What ``make`` wrote.
    """
    from kdlib.config import Student
    from kdlib.training.distill import distill
    from kdlib.training.inputs import StudentInputs
    from kdlib.training.loop.job import Job

    training = {"epochs": EPOCHS, "epoch_samples": SAMPLES, "batch_size": BATCH}
    student = Student.model_validate({"teacher": "t", "size": SHAPE, "training": training})
    inputs = StudentInputs(
        train=folder / "train.parquet",
        validation=folder / "validation.parquet",
        tokenizer=folder / "tokenizer",
        gold_embeddings=folder / "gold_embeddings",
        signals=folder / "signals" / "manifest.json",
        teacher=folder / "teacher",
    )
    found, over = [anonymous_mb()], threading.Event()

    def watch() -> None:
        while not over.wait(EVERY):
            found.append(anonymous_mb())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        distill("s", student, inputs, Job(folder / "out", folder / "checkpoints", threads=1))
    finally:
        over.set()
        watcher.join()
    print(f"{rows} rows, peak of {len(found)} readings", file=sys.stderr)
    print(max(found))
