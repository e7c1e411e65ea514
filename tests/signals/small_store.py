"""Stores of a few rows with distributions that tell one row from another, without a model."""

import numpy as np
import torch

from kdlib.files import sha256
from kdlib.signals.codec.dense import DenseCodec
from kdlib.signals.manifest import write_manifest
from kdlib.signals.shard import ShardMetadata, SignalRow, write_shard
from kdlib.signals.shared import write_tensors
from kdlib.teacher_signal import SignalKey

CODEC = DenseCodec(5, "lz4")


def positions_of(number):
    return number % 4 + 1


def logits_of(number):
    """Return [positions, 5] logits of a row."""
    rng = np.random.default_rng(number)
    return torch.tensor(rng.normal(size=(positions_of(number), 5)) * 2)


def key(number, rank=0):
    return SignalKey(f"id{number}", f"hash{number}", rank)


def a_row(number, rank=0, codec=CODEC):
    logits = logits_of(number)
    (columns,) = codec.encode(torch.zeros(len(logits), 2), logits, [key(number, rank)], [len(logits)])
    ids = list(range(len(logits))) if rank else None
    return SignalRow(f"id{number}", f"hash{number}", rank, -0.5 * number, len(logits), ids, columns)


def write_codec(folder):
    folder.mkdir(parents=True, exist_ok=True)
    write_tensors(folder / "codec.safetensors", CODEC.tensors())
    return folder / "codec.safetensors"


def metadata(codec_file, **changes):
    """Return the metadata of a shard, by default of shard 0 of 1 of split train."""
    standard = {
        "model": "m1",
        "tokenizer": "t1",
        "dataset": "d1",
        "code": "c1",
        "codec": CODEC.metadata(),
        "shared": sha256(codec_file),
        "precision": "float32",
        "shards": 1,
        "split": "train",
        "shard": 0,
    }
    return ShardMetadata(**{**standard, **changes})


def write_store(folder, *shards, codec=CODEC):
    """Write shards of rows and their manifest; return it."""
    shared, paths = write_codec(folder), []
    for number, rows in enumerate(shards):
        paths.append(folder / "train" / f"{number}.parquet")
        told = metadata(shared, shard=number, shards=len(shards), codec=codec.metadata())
        write_shard(paths[-1], rows, codec.columns, codec.compression, told)
    write_manifest(paths, shared, folder / "manifest.json")
    return folder / "manifest.json"
