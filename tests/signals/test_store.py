import dataclasses
import json
import tracemalloc

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from kdlib.files import DataError, sha256
from kdlib.signals import store as module
from kdlib.signals.codec import DenseCodec
from kdlib.signals.signal import SignalKey
from kdlib.signals.store import ShardMetadata, SignalRow, SignalStore, write_manifest, write_shard

CODEC = DenseCodec(5, "lz4")
SHARED = {
    "model": "m1",
    "tokenizer": "t1",
    "dataset": "d1",
    "code": "c1",
    "codec": CODEC.metadata(),
    "shards": 2,
}
METADATA = ShardMetadata(**SHARED, split="train", shard=0)


def distributions(number, positions):
    """Return log-probabilities that tell one row from another."""
    rng = np.random.default_rng(number)
    p = rng.dirichlet(np.ones(5), size=positions)
    return np.log(p)


def row(number, rank=0, positions=None):
    positions = number % 4 + 1 if positions is None else positions
    blob = CODEC.encode(distributions(number, positions))
    return SignalRow(f"id{number}", f"hash{number}", rank, -0.5 * number, positions, blob)


def key(number, rank=0):
    return SignalKey(f"id{number}", f"hash{number}", rank)


@pytest.fixture
def shards(tmp_path, monkeypatch):
    """Two shards of 10 rows, in row groups of few rows."""
    monkeypatch.setattr(module, "GROUP_BYTES", 200)
    paths = [tmp_path / "shards" / f"train-{shard}.parquet" for shard in range(2)]
    for shard, path in enumerate(paths):
        rows = (row(number) for number in range(10 * shard, 10 * shard + 10))
        write_shard(path, rows, dataclasses.replace(METADATA, shard=shard))
    return paths


@pytest.fixture
def manifest(shards, tmp_path):
    path = tmp_path / "manifest.json"
    write_manifest(shards, path)
    return path


@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_every_signal_comes_back_in_any_order(manifest, temperature):
    store = SignalStore(manifest)
    assert len(store) == 20
    for number in np.random.default_rng(1).permutation(20).tolist():
        signal = store.signal(key(number), temperature)
        expected = torch.tensor(distributions(number, number % 4 + 1) / temperature).softmax(-1)
        torch.testing.assert_close(signal.log_probs.exp().double(), expected, rtol=1e-2, atol=1e-4)
        assert store.score(key(number)) == -0.5 * number


def test_keys_come_in_the_order_of_storage(manifest):
    assert list(SignalStore(manifest).keys()) == [key(number) for number in range(20)]


def test_ranks_of_one_example_are_apart(tmp_path):
    write_shard(tmp_path / "a", [row(3), row(3, rank=2)], dataclasses.replace(METADATA, shards=1))
    write_manifest([tmp_path / "a"], tmp_path / "m.json")
    store = SignalStore(tmp_path / "m.json")
    assert len(store) == 2
    assert store.signal(key(3, 2), 1.0).log_probs.shape == (4, 5)
    with pytest.raises(DataError, match="id id3, rank 1;"):
        store.signal(key(3, 1), 1.0)


def test_manifest_says_what_the_shards_hold(shards, manifest):
    description = json.loads(manifest.read_text())
    first, second = description.pop("files")
    assert description == SHARED
    positions = sum(number % 4 + 1 for number in range(10))
    size = shards[0].stat().st_size
    assert first == {
        "file": "shards/train-0.parquet",
        "split": "train",
        "shard": 0,
        "sha256": sha256(shards[0]),
        "bytes": size,
        "rows": 10,
        "positions": positions,
        "bytes_per_token": size / positions,
    }
    assert second["shard"] == 1
    assert SignalStore(manifest).provenance == SHARED


def test_manifest_does_not_depend_on_the_order_of_the_shards(shards, manifest, tmp_path):
    other = tmp_path / "other.json"
    write_manifest(shards[::-1], other)
    assert other.read_bytes() == manifest.read_bytes()


def test_layout_of_a_shard(shards):
    file = pq.ParquetFile(shards[0])
    assert file.schema_arrow.names == ["id", "target_hash", "rank", "score", "positions", "signal"]
    assert file.schema_arrow.types == [
        pa.string(), pa.string(), pa.int16(), pa.float32(), pa.int32(), pa.binary()
    ]  # fmt: skip
    assert json.loads(file.schema_arrow.metadata[b"kdlib"]) == dataclasses.asdict(METADATA)
    assert file.num_row_groups > 2
    signal = file.metadata.row_group(0).column(5)
    assert signal.compression == "UNCOMPRESSED"
    assert not {"RLE_DICTIONARY", "PLAIN_DICTIONARY"} & set(signal.encodings)


def test_equal_rows_give_equal_bytes(shards, tmp_path):
    again = tmp_path / "again.parquet"
    again.parent.mkdir(exist_ok=True)
    write_shard(again, [row(number) for number in range(10)], METADATA)
    assert again.read_bytes() == shards[0].read_bytes()


def test_an_interrupted_shard_leaves_nothing(tmp_path):
    def rows():
        yield row(0)
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        write_shard(tmp_path / "folder" / "shard", rows(), METADATA)
    assert list((tmp_path / "folder").iterdir()) == []


def test_a_shard_may_be_empty(tmp_path):
    write_shard(tmp_path / "a", [], dataclasses.replace(METADATA, shards=1))
    write_manifest([tmp_path / "a"], tmp_path / "m.json")
    assert json.loads((tmp_path / "m.json").read_text())["files"][0]["bytes_per_token"] is None
    assert len(SignalStore(tmp_path / "m.json")) == 0


def test_memory_stays_flat(tmp_path):
    """Write and read 64 MiB of blobs with a fraction of that in memory."""
    count, size = 512, 128 * 1024

    def rows():
        for number in range(count):
            blob = np.random.default_rng(number).bytes(size)
            yield SignalRow(f"id{number}", f"hash{number}", 0, 0.0, 1, blob)

    def peak(allocations):
        """Return the most that Python and Arrow held while the iterator ran."""
        tracemalloc.start()
        arrow = max(allocations)
        python = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return python + arrow

    def write():
        allocated = []

        def watched():
            for item in rows():
                allocated.append(pa.total_allocated_bytes())
                yield item

        write_shard(tmp_path / "a", watched(), dataclasses.replace(METADATA, shards=1))
        yield from allocated

    def read():
        store = SignalStore(tmp_path / "m.json")
        for number in range(count):
            store.score(key(number))
            yield pa.total_allocated_bytes()

    assert peak(write()) < count * size / 8
    write_manifest([tmp_path / "a"], tmp_path / "m.json")
    assert peak(read()) < count * size / 8


def test_a_wrong_target_is_named_with_both_hashes(manifest):
    with pytest.raises(
        DataError, match="id id3, rank 0 was stored for target hash3, but the dataset has target other"
    ):
        SignalStore(manifest).signal(SignalKey("id3", "other", 0), 1.0)


def test_a_missing_signal_is_named(manifest):
    with pytest.raises(DataError, match="no signal is stored for id id99, rank 0"):
        SignalStore(manifest).signal(key(99), 1.0)


def test_a_damaged_shard_is_named(manifest, shards):
    content = bytearray(shards[1].read_bytes())
    content[50] ^= 1
    shards[1].write_bytes(content)
    with pytest.raises(DataError, match=r"train-1\.parquet: the shard is damaged"):
        SignalStore(manifest)


def test_a_missing_shard_is_named(manifest, shards):
    shards[0].unlink()
    with pytest.raises(DataError, match=r"train-0\.parquet: the shard is missing"):
        SignalStore(manifest)


def test_a_damaged_blob_is_named_with_its_row(tmp_path):
    broken = dataclasses.replace(row(1), signal=row(1).signal[:-1])
    write_shard(tmp_path / "a", [row(0), broken], dataclasses.replace(METADATA, shards=1))
    write_manifest([tmp_path / "a"], tmp_path / "m.json")
    with pytest.raises(DataError, match="a: id id1, rank 0: "):
        SignalStore(tmp_path / "m.json").signal(key(1), 1.0)


def test_a_signal_stored_twice_is_named(tmp_path):
    for shard in range(2):
        write_shard(tmp_path / f"{shard}", [row(7)], dataclasses.replace(METADATA, shard=shard))
    write_manifest([tmp_path / "0", tmp_path / "1"], tmp_path / "m.json")
    with pytest.raises(DataError, match="id id7, rank 0 is stored twice"):
        SignalStore(tmp_path / "m.json")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("model", "m2"),
        ("tokenizer", "t2"),
        ("dataset", "d2"),
        ("code", "c2"),
        ("codec", DenseCodec(5, "zstd").metadata()),
        ("shards", 3),
    ],
)
def test_shards_of_different_origin_are_no_store(shards, tmp_path, field, value):
    write_shard(shards[1], [row(11)], dataclasses.replace(METADATA, shard=1, **{field: value}))
    with pytest.raises(DataError, match=rf"train-1\.parquet: {field} is .*train-0\.parquet"):
        write_manifest(shards, tmp_path / "m.json")
    assert not (tmp_path / "m.json").exists()


def test_a_store_has_every_shard_of_every_split_once(shards, tmp_path):
    with pytest.raises(DataError, match="1 of 2 shards of split train"):
        write_manifest(shards[:1], tmp_path / "m.json")
    with pytest.raises(DataError, match="shard 0 of split train is given 2 times"):
        write_manifest([shards[0], shards[0]], tmp_path / "m.json")
    with pytest.raises(DataError, match="at least one"):
        write_manifest([], tmp_path / "m.json")
    validation = tmp_path / "validation"
    write_shard(validation, [row(30)], dataclasses.replace(METADATA, split="validation"))
    with pytest.raises(DataError, match="1 of 2 shards of split validation"):
        write_manifest([*shards, validation], tmp_path / "m.json")


def test_a_file_that_is_no_shard_is_named(tmp_path):
    table = tmp_path / "table.parquet"
    pq.write_table(pa.table({"a": [1]}), table)
    with pytest.raises(DataError, match=r"table\.parquet: is Parquet, but no shard"):
        write_manifest([table], tmp_path / "m.json")
    table.write_bytes(b"PAR1")
    with pytest.raises(DataError, match=r"table\.parquet: cannot be read as Parquet"):
        write_manifest([table], tmp_path / "m.json")
    pq.write_table(pa.table({"rank": [1]}).replace_schema_metadata({"kdlib": '{"modell": "m"}'}), table)
    with pytest.raises(DataError, match=r"table\.parquet: unknown metadata .*modell"):
        write_manifest([table], tmp_path / "m.json")
