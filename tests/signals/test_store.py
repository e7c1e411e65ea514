"""A store answers for every key in any order, with little in memory, and never from a damaged file."""

import json
import shutil
import tracemalloc

import numpy as np
import pyarrow as pa
import pytest
import torch

from kdlib.config import Nucleus
from kdlib.files import DataError
from kdlib.signals import shard as shards
from kdlib.signals.codec.codec import codec_for
from kdlib.signals.manifest import SHARED, write_manifest
from kdlib.signals.shard import SignalRow, write_shard
from kdlib.signals.store import CACHED_GROUPS, SignalStore
from kdlib.teacher_signal import SignalKey
from tests.signals.small_store import (
    CODEC,
    a_row,
    key,
    logits_of,
    metadata,
    positions_of,
    write_codec,
    write_store,
)


@pytest.fixture
def small_groups(monkeypatch):
    """Row groups of a row or two."""
    monkeypatch.setattr(shards, "GROUP_ROWS", 1)
    monkeypatch.setattr(shards, "GROUP_BYTES", 40)


@pytest.fixture
def manifest(tmp_path, small_groups):
    """Two shards of 10 rows, in row groups of few rows."""
    return write_store(tmp_path, map(a_row, range(10)), map(a_row, range(10, 20)))


def expected(number, temperature):
    return torch.log_softmax(logits_of(number) / temperature, dim=-1).float()


@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_every_signal_comes_back_in_any_order(manifest, temperature):
    store = SignalStore(manifest)
    assert len(store) == 20
    for number in np.random.default_rng(1).permutation(20).tolist():
        signal = store.signal(key(number), temperature)
        torch.testing.assert_close(signal.log_probs, expected(number, temperature), rtol=1e-3, atol=1e-3)


def test_many_signals_are_read_at_once_in_the_order_asked_for(manifest):
    store, numbers = SignalStore(manifest), [17, 3, 3, 0, 12]
    columns = store.read([key(number) for number in numbers])
    assert columns.keys() == {"log_probs"}
    parts = store.codec.decode(columns, 1.0).log_probs.split([positions_of(n) for n in numbers])
    for part, number in zip(parts, numbers, strict=True):
        torch.testing.assert_close(part, expected(number, 1.0), rtol=1e-3, atol=1e-3)


def test_targets_come_in_the_order_of_storage(tmp_path, small_groups):
    rows = [a_row(number, rank) for number in range(6) for rank in (0, 1)]
    store = SignalStore(write_store(tmp_path, rows[:4], rows[4:]))
    found = list(store.targets())
    assert [target.key for target in found] == [key(number, rank) for number in range(6) for rank in (0, 1)]
    assert [target.score for target in found] == [row.score for row in rows]
    assert [target.target_ids for target in found] == [row.target_ids for row in rows]


def test_ranks_of_one_example_are_apart(tmp_path):
    store = SignalStore(write_store(tmp_path, [a_row(3), a_row(3, rank=2)]))
    assert len(store) == 2
    assert store.signal(key(3, 2), 1.0).log_probs.shape == (4, 5)
    with pytest.raises(DataError, match="id id3, rank 1;"):
        store.signal(key(3, 1), 1.0)


def test_empty_shards_and_an_empty_store(tmp_path):
    store = SignalStore(write_store(tmp_path / "some", [], [a_row(1)], []))
    assert len(store) == 1
    assert store.signal(key(1), 1.0).log_probs.shape == (2, 5)
    empty = SignalStore(write_store(tmp_path / "none", []))
    assert (len(empty), list(empty.targets())) == (0, [])


def test_a_column_may_be_empty(tmp_path):
    """A certain teacher keeps one token a position, and nucleus stores no step then."""
    codec = codec_for(Nucleus(kind="nucleus", cap=1), 5, {"order": torch.arange(5, dtype=torch.int32)})
    write_codec(tmp_path)
    store = SignalStore(write_store(tmp_path, [a_row(n, codec=codec) for n in range(3)], codec=codec))
    columns = store.read([key(2)])
    assert min(map(len, columns.values())) == 0 < max(map(len, columns.values()))
    signal = store.signal(key(2), 1.0)
    assert signal.ids.flatten().tolist() == logits_of(2).argmax(dim=1).tolist()


def test_a_store_may_be_moved_as_a_whole(manifest, tmp_path):
    moved = tmp_path / "moved"
    moved.mkdir()
    for name in ("manifest.json", "codec.safetensors", "train"):
        shutil.move(manifest.parent / name, moved / name)
    assert len(SignalStore(moved / "manifest.json")) == 20


def test_provenance(manifest):
    told = metadata(manifest.parent / "codec.safetensors", shards=2)
    assert SignalStore(manifest).provenance == {name: getattr(told, name) for name in SHARED}


@pytest.mark.slow
def test_reading_keeps_memory_flat(tmp_path):
    """Read 128 MiB of signals in random order, with little but the cached groups in memory."""
    count, size = 1024, 128 * 1024

    def rows():
        for number in range(count):
            content = np.random.default_rng(number).bytes(size)
            yield SignalRow(f"id{number}", f"hash{number}", 0, 0.0, 1, None, {"log_probs": content})

    store, held = SignalStore(write_store(tmp_path, rows())), []
    tracemalloc.start()
    for number in np.random.default_rng(1).permutation(count)[:300].tolist():
        (column,) = store.read([key(number)]).values()
        assert len(column) == size
        held.append(pa.total_allocated_bytes())
    python = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    cached = CACHED_GROUPS * (shards.LARGEST_GROUP_BYTES + size)
    assert python + max(held) < cached + count * size / 16


def test_the_cache_is_bounded(manifest):
    store = SignalStore(manifest)
    for number in range(20):
        store.read([key(number)])
    info = store._group.cache_info()
    assert info.maxsize == CACHED_GROUPS
    assert info.hits > 0


def test_a_wrong_target_is_named_with_both_hashes(manifest):
    with pytest.raises(
        DataError,
        match=r"manifest\.json: the signal of id id3, rank 0 was stored for target hash3, "
        "but the dataset has target other",
    ):
        SignalStore(manifest).signal(SignalKey("id3", "other", 0), 1.0)


def test_a_missing_signal_is_named(manifest):
    store = SignalStore(manifest)
    for ask in (lambda: store.signal(key(99), 1.0), lambda: store.read([key(0), key(99)])):
        with pytest.raises(DataError, match=r"manifest\.json: no signal is stored for id id99, rank 0"):
            ask()


def test_check_of_what_a_store_is_for(manifest):
    store, keys = SignalStore(manifest), [key(number) for number in range(20)]
    right = {"model": "m1", "tokenizer": "t1", "dataset": "d1"}
    store.check(right, keys)
    for name in right:
        with pytest.raises(DataError, match=rf"manifest\.json: .* another {name} \(.1, now x\)"):
            store.check({**right, name: "x"}, keys)
    with pytest.raises(DataError, match="no signal is stored for id id20"):
        store.check(right, [*keys, key(20)])
    with pytest.raises(DataError, match="was stored for target hash3"):
        store.check(right, [SignalKey("id3", "other", 0)])


def test_a_signal_stored_twice_is_named(tmp_path):
    manifest = write_store(tmp_path, [a_row(6), a_row(7)], [a_row(7)])
    with pytest.raises(DataError, match=r"1\.parquet: the signal of id id7, rank 0 is stored twice"):
        SignalStore(manifest)


FILES = ("train/0.parquet", "train/1.parquet", "codec.safetensors")


@pytest.mark.parametrize("file", FILES)
def test_a_missing_file_is_named(manifest, file):
    (manifest.parent / file).unlink()
    with pytest.raises(DataError, match=rf"{file}: the file is missing"):
        SignalStore(manifest)


def test_a_missing_manifest_is_named(tmp_path):
    with pytest.raises(DataError, match=r"manifest\.json: the manifest is missing"):
        SignalStore(tmp_path / "manifest.json")


@pytest.mark.slow
@pytest.mark.parametrize("file", FILES)
def test_a_changed_byte_anywhere_is_named(manifest, file):
    path = manifest.parent / file
    content = path.read_bytes()
    for position in range(0, len(content), 13):
        changed = bytearray(content)
        changed[position] ^= 1 << position * 3 % 8
        path.write_bytes(changed)
        with pytest.raises(DataError, match=rf"{file}: the file is damaged"):
            SignalStore(manifest)
    path.write_bytes(content)
    assert len(SignalStore(manifest)) == 20


@pytest.mark.slow
@pytest.mark.parametrize("file", FILES)
def test_a_truncated_or_longer_file_is_named(manifest, file):
    path = manifest.parent / file
    content = path.read_bytes()
    for wrong in (*(content[:length] for length in range(0, len(content), 11)), content + b"\0"):
        path.write_bytes(wrong)
        with pytest.raises(DataError, match=rf"{file}: the file is damaged"):
            SignalStore(manifest)


def test_a_manifest_with_another_files_digest_is_damaged(manifest):
    content = json.loads(manifest.read_text())
    content["files"][0]["sha256"] = content["files"][1]["sha256"]
    manifest.write_text(json.dumps(content))
    with pytest.raises(DataError, match=r"manifest\.json: the file is damaged"):
        SignalStore(manifest)


def test_a_damaged_signal_is_named(tmp_path):
    """Bytes that no codec wrote, in a file that is whole."""
    row = a_row(1)
    broken = SignalRow("id1", "hash1", 0, 0.0, 2, None, {"log_probs": row.columns["log_probs"][:-1]})
    manifest = write_store(tmp_path, [a_row(0), broken])
    with pytest.raises(DataError, match=r"manifest\.json: id id1, rank 0: its columns do not fit"):
        SignalStore(manifest).signal(key(1), 1.0)


def test_an_unknown_codec_is_named_with_its_file(tmp_path):
    shared = write_codec(tmp_path)
    told = metadata(shared, codec={"kind": "fractal", "vocab_size": 5})
    write_shard(tmp_path / "s", [a_row(0)], CODEC.columns, "lz4", told)
    write_manifest([tmp_path / "s"], shared, tmp_path / "m.json")
    with pytest.raises(DataError, match=r"m\.json: unknown codec .*fractal"):
        SignalStore(tmp_path / "m.json")


def test_columns_of_another_codec_are_named(tmp_path):
    shared = write_codec(tmp_path)
    other = codec_for(Nucleus(kind="nucleus"), 5, {"order": torch.arange(5, dtype=torch.int32)})
    write_shard(tmp_path / "s", [a_row(0)], CODEC.columns, "lz4", metadata(shared, codec=other.metadata()))
    write_manifest([tmp_path / "s"], shared, tmp_path / "m.json")
    with pytest.raises(DataError, match="s: has the columns"):
        SignalStore(tmp_path / "m.json")
