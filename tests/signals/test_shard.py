"""One shard: what is written comes back, equal rows give equal bytes, and no damaged value passes."""

import json
import tracemalloc

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kdlib.files import DataError
from kdlib.signals import shard as module
from kdlib.signals.shard import SignalRow, open_shard, read_shard, write_shard
from tests.signals.small_store import CODEC, a_row, metadata, positions_of, write_codec


@pytest.fixture
def told(tmp_path):
    return metadata(write_codec(tmp_path))


@pytest.fixture
def small_groups(monkeypatch):
    """Row groups of three rows or so."""
    monkeypatch.setattr(module, "GROUP_ROWS", 1)
    monkeypatch.setattr(module, "GROUP_BYTES", 60)


def write(path, rows, told, compression="lz4"):
    write_shard(path, rows, CODEC.columns, compression, told)
    return path


def test_layout(tmp_path, told, small_groups):
    file = pq.ParquetFile(write(tmp_path / "s", (a_row(n) for n in range(10)), told))
    assert file.schema_arrow.names == [
        "id", "target_hash", "rank", "score", "positions", "target_ids", "signal_log_probs"
    ]  # fmt: skip
    assert file.schema_arrow.types == [
        pa.string(), pa.string(), pa.int16(), pa.float32(), pa.int32(), pa.list_(pa.int32()), pa.binary()
    ]  # fmt: skip
    assert json.loads(file.schema_arrow.metadata[b"kdlib"]) == told.model_dump()
    assert file.num_row_groups > 2
    codecs = [file.metadata.row_group(0).column(i).compression for i in range(7)]
    assert codecs == ["ZSTD"] * 6 + ["LZ4"]
    encodings = {e for i in range(7) for e in file.metadata.row_group(0).column(i).encodings}
    assert not {"RLE_DICTIONARY", "PLAIN_DICTIONARY"} & encodings


def test_rows_come_back(tmp_path, told, small_groups):
    rows = [a_row(number, rank) for number in range(10) for rank in (0, 2)]
    found = pq.read_table(write(tmp_path / "s", rows, told)).to_pylist()
    for row, stored in zip(rows, found, strict=True):
        assert stored.pop("signal_log_probs") == row.columns["log_probs"]
        assert stored == {name: getattr(row, name) for name in stored}
        assert len(stored) == 6


@pytest.mark.parametrize(
    ("rows", "size", "groups"),
    [
        (130, 8 * 1024, [64, 64, 2]),  # many rows make a group, if they come to 512 KiB
        (130, 5 * 1024, [103, 27]),
        (20, 300 * 1024, [7, 7, 6]),  # few rows do if they come to 2 MiB
        (3, 3 * 1024 * 1024, [1, 1, 1]),
    ],
)
def test_groups_are_few_and_small(tmp_path, told, rows, size, groups):
    def signals():
        for number in range(rows):
            yield SignalRow(f"id{number}", "h", 0, 0.0, 1, None, {"log_probs": bytes(size)})

    file = pq.ParquetFile(write(tmp_path / "s", signals(), told))
    assert [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)] == groups


@pytest.mark.parametrize("compression", ["lz4", "zstd"])
def test_equal_rows_give_equal_bytes(tmp_path, told, compression):
    first = write(tmp_path / "a", [a_row(n) for n in range(9)], told, compression)
    second = write(tmp_path / "b", (a_row(n) for n in range(9)), told, compression)
    assert first.read_bytes() == second.read_bytes()
    third = write(tmp_path / "c", [a_row(n) for n in range(8)], told, compression)
    assert third.read_bytes() != first.read_bytes()


def test_content_of_a_shard(tmp_path, told, small_groups):
    content = read_shard(write(tmp_path / "s", [a_row(n) for n in range(10)], told))
    assert content.metadata == told
    assert (content.rows, content.positions) == (10, sum(map(positions_of, range(10))))


def test_a_shard_may_be_empty(tmp_path, told):
    content = read_shard(write(tmp_path / "s", [], told))
    assert (content.rows, content.positions) == (0, 0)


def test_an_interrupted_shard_leaves_nothing(tmp_path, told):
    def rows():
        yield a_row(0)
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        write(tmp_path / "folder" / "shard", rows(), told)
    assert list((tmp_path / "folder").iterdir()) == []


def test_writing_keeps_memory_flat(tmp_path, told):
    """Write 128 MiB of signals with an eighth of that in memory."""
    count, size = 1024, 128 * 1024
    allocated = []

    def rows():
        for number in range(count):
            allocated.append(pa.total_allocated_bytes())
            content = np.random.default_rng(number).bytes(size)
            yield SignalRow(f"id{number}", f"hash{number}", 0, 0.0, 1, None, {"log_probs": content})

    tracemalloc.start()
    write(tmp_path / "s", rows(), told)
    python = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(allocated) == count
    assert python + max(allocated) < count * size / 8


def test_reading_from_end_to_end_keeps_memory_flat(tmp_path, told):
    count, size = 1024, 128 * 1024

    def rows():
        for number in range(count):
            content = np.random.default_rng(number).bytes(size)
            yield SignalRow(f"id{number}", f"hash{number}", 0, 0.0, 1, None, {"log_probs": content})

    path = write(tmp_path / "s", rows(), told)
    # Arrow's own pool counts its peak since the process began, so a pool of this test's own is read.
    before = pa.default_memory_pool()
    pool = pa.system_memory_pool()
    pa.set_memory_pool(pool)
    tracemalloc.start()
    try:
        assert read_shard(path).rows == count
    finally:
        pa.set_memory_pool(before)
    python = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert pool.max_memory() > 0
    assert python + pool.max_memory() < count * size / 8


def same(path, rows):
    """Tell whether a damaged shard still says all that was written."""
    file = open_shard(path)
    groups = range(file.num_row_groups)
    found = [row for group in groups for row in file.read_row_group(group).to_pylist()]
    return found == [
        {**{name: getattr(row, name) for name in module.FIELDS}, "signal_log_probs": row.columns["log_probs"]}
        for row in rows
    ]


@pytest.mark.slow
@pytest.mark.parametrize("compression", ["lz4", "zstd"])
def test_a_changed_byte_is_found_or_changes_nothing(tmp_path, told, small_groups, compression):
    rows = [a_row(number, rank=number % 2) for number in range(2)]
    path = write(tmp_path / "good.parquet", rows, told, compression)
    content, expected, damaged = path.read_bytes(), read_shard(path), tmp_path / "damaged.parquet"
    messages = []
    for position in range(len(content)):
        changed = bytearray(content)
        changed[position] ^= 1 << position * 5 % 8
        damaged.write_bytes(changed)
        try:
            content_read = read_shard(damaged)
        except DataError as error:
            messages.append(str(error))
        else:
            assert content_read == expected
            assert same(damaged, rows), position
    assert all(message.startswith(f"{damaged}: ") for message in messages)
    # What says how to read a file, such as sizes that nobody needs, may change without harm.
    assert len(messages) > len(content) / 2


def test_a_truncated_shard_is_named(tmp_path, told):
    path = write(tmp_path / "good.parquet", [a_row(n) for n in range(4)], told)
    content, damaged = path.read_bytes(), tmp_path / "damaged.parquet"
    for length in range(0, len(content), 7):
        damaged.write_bytes(content[:length])
        with pytest.raises(DataError, match=r"damaged\.parquet: .*; delete it and extract again"):
            read_shard(damaged)


def test_a_file_that_is_no_shard_is_named(tmp_path):
    path = tmp_path / "table.parquet"
    pq.write_table(pa.table({"a": [1]}), path)
    with pytest.raises(DataError, match=r"table\.parquet: is Parquet, but no shard"):
        read_shard(path)
    path.write_bytes(b"PAR1")
    with pytest.raises(DataError, match=r"table\.parquet: cannot be read as Parquet"):
        read_shard(path)
    with pytest.raises(DataError, match=r"none\.parquet: cannot be read as Parquet"):
        read_shard(tmp_path / "none.parquet")


@pytest.mark.parametrize(
    ("change", "field"),
    [({"modell": "m"}, "modell"), ({"shards": "many"}, "shards"), ({"model": None}, "model")],
)
def test_metadata_of_another_version_is_named(tmp_path, told, change, field):
    class Other(type(told)):
        def model_dump(self):
            return {**super().model_dump(), **change}

    path = write(tmp_path / "s.parquet", [a_row(0)], Other(**told.model_dump()))
    with pytest.raises(DataError, match=rf"s\.parquet: unknown metadata .*{field}"):
        read_shard(path)


def test_the_page_checks_are_not_the_only_ones(tmp_path, told):
    """A file rewritten with other values is whole as Parquet, and still not what was extracted."""
    path = write(tmp_path / "s.parquet", [a_row(n) for n in range(4)], told)
    table = pq.read_table(path)
    scores = pa.array([-9.0] * 4, pa.float32())
    pq.write_table(table.set_column(3, "score", scores), path)
    with pytest.raises(DataError, match=r"s\.parquet: the file is damaged"):
        read_shard(path)
