"""One shard of a store: a Parquet file of encoded signals that says where they come from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from kdlib.config.base import Strict
from kdlib.files import DataError, atomic

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from kdlib.config.signals import Compression

# A random access reads one row group, so small is fast; but every group of an open file takes some 3 kB a
# column, so groups of large signals may grow.
GROUP_ROWS = 64
GROUP_BYTES = 512 * 1024
LARGEST_GROUP_BYTES = 4 * GROUP_BYTES
PREFIX = "signal_"  # of the codec's columns
# Arrow's default of 1 leaves a tenth of the bytes on the table, and from 9 on nothing more is won.
ZSTD_LEVEL = 9
FIELDS = ("id", "target_hash", "rank", "score", "positions", "target_ids")


@dataclass(frozen=True, slots=True)
class SignalRow:
    """One encoded signal.

    Attributes:
        id: Id of the example.
        target_hash: ``records.target_hash`` of the target's token ids.
        rank: 0 for the gold target, 1…n for the teacher's own beam outputs, best first.
        score: The teacher's log-probability of the whole target, in nats.
        positions: Number of target tokens.
        target_ids: Token ids of the teacher's own outputs; None for gold targets, which the dataset holds.
        columns: What the codec's ``encode`` returned.
    """

    id: str
    target_hash: str
    rank: int
    score: float
    positions: int
    target_ids: list[int] | None
    columns: dict[str, bytes]


class StoreOrigin(Strict):
    """Where signals come from; equal in all shards of a store.

    Attributes:
        model: Digest of the teacher's weights.
        tokenizer: Digest of the tokenizer.
        dataset: Digest of the tokenised dataset.
        code: Digest of the code that extracted them.
        codec: ``metadata()`` of the codec.
        shared: Digest of the file of the codec's ``tensors()``.
        precision: Type in which the teacher computed, e.g. ``bfloat16``.
        shards: Shards per split.
    """

    model: str
    tokenizer: str
    dataset: str
    code: str
    codec: dict[str, Any]
    shared: str
    precision: str
    shards: int


class ShardMetadata(StoreOrigin):
    """What a shard says of itself.

    Attributes:
        split: Split of the rows.
        shard: Number of the shard within the split.
    """

    split: str
    shard: int


@dataclass(frozen=True, slots=True)
class ShardContent:
    """What a shard holds, after every value was checked.

    Attributes:
        metadata: What it says of itself.
        rows: Number of signals.
        positions: Sum of their positions.
    """

    metadata: ShardMetadata
    rows: int
    positions: int


def write_shard(
    path: Path,
    rows: Iterable[SignalRow],
    columns: tuple[str, ...],
    compression: Compression,
    metadata: ShardMetadata,
) -> None:
    """Write one shard, row group by row group, so that memory does not grow with the rows.

    Equal rows give equal bytes. The file carries a digest of all its values: until a manifest knows its
    bytes, nothing else shows that it is whole.

    Args:
        path: Parquet file; it appears only when complete.
        rows: Signals in the order of the dataset; a generator is consumed once.
        columns: Names of the codec's columns.
        compression: Compression of these columns; all others are small and take zstd.
        metadata: Kept in the file under the key ``kdlib``.

    Raises:
        DataError: If the disk is full.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    description = json.dumps(metadata.model_dump(), sort_keys=True)
    schema = _schema(columns).with_metadata({"kdlib": description})
    leaves = [*FIELDS[:-1], "target_ids.list.element"]
    signal = [PREFIX + name for name in columns]
    options = {
        "compression": {**dict.fromkeys(leaves, "zstd"), **dict.fromkeys(signal, compression)},
        # lz4 has no levels.
        "compression_level": dict.fromkeys(
            [*leaves, *signal] if compression == "zstd" else leaves, ZSTD_LEVEL
        ),
        "use_dictionary": False,
        "write_statistics": False,
    }
    content = _begun(description.encode(), schema)
    with atomic(path) as partial, pq.ParquetWriter(partial, schema, **options) as writer:
        for group in _groups(rows):
            table = pa.Table.from_pylist([_flat(row) for row in group], schema=schema)
            writer.write_table(table)
            _add(content, table)
        writer.add_key_value_metadata({"sha256": content.hexdigest()})


def open_shard(path: Path) -> pq.ParquetFile:
    """Open a shard; its pages are read, and found to be whole, later.

    Raises:
        DataError: If the file is damaged or no shard.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path, memory_map=True)
        schema = file.schema_arrow.remove_metadata()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read as Parquet ({error}); delete it and extract again") from None
    columns = tuple(name.removeprefix(PREFIX) for name in schema.names if name.startswith(PREFIX))
    if not schema.equals(_schema(columns)) or b"kdlib" not in (file.metadata.metadata or {}):
        raise DataError(f"{path}: is Parquet, but no shard of signals; delete it and extract again")
    return file


def read_shard(path: Path) -> ShardContent:
    """Read a shard from end to end, and return what it holds.

    Raises:
        DataError: If the file is no shard or one of another version, or any of its values is damaged.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    file = open_shard(path)
    description = file.metadata.metadata[b"kdlib"]
    content = _begun(description, file.schema_arrow)
    rows = 0
    positions = 0
    try:
        for group in range(file.num_row_groups):
            table = file.read_row_group(group, use_threads=False)
            _add(content, table)
            rows += len(table)
            positions += pc.sum(table["positions"]).as_py() or 0  # damage may have left nulls
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DataError(f"{path}: the file is damaged ({error}); delete it and extract again") from None
    if file.metadata.metadata.get(b"sha256") != content.hexdigest().encode():
        raise DataError(
            f"{path}: the file is damaged (its content's sha256 is {content.hexdigest()}); "
            "delete it and extract again"
        )
    try:
        return ShardContent(ShardMetadata.model_validate_json(description), rows, positions)
    except ValidationError as error:  # fields of another version
        raise DataError(
            f"{path}: unknown metadata ({error.errors()[0]['msg']}: {error.errors()[0]['loc']}); "
            "delete it and extract again"
        ) from None


def _schema(columns: tuple[str, ...]) -> pa.Schema:
    import pyarrow as pa

    types = (pa.string(), pa.string(), pa.int16(), pa.float32(), pa.int32(), pa.list_(pa.int32()))
    fields = zip(FIELDS, types, strict=True)
    return pa.schema([*fields, *((PREFIX + name, pa.binary()) for name in columns)])


def _flat(row: SignalRow) -> dict[str, Any]:
    fields = asdict(row)
    return {**fields, **{PREFIX + name: content for name, content in fields.pop("columns").items()}}


def _begun(description: bytes, schema: pa.Schema) -> hashlib._Hash:
    """Return a digest of what a shard says of itself and of its columns' names."""
    return hashlib.sha256(description + repr(schema.names).encode())


def _add(content: hashlib._Hash, table: pa.Table) -> None:
    """Add every value of a table to a digest, each with its length so that no two tables collide."""
    for row in table.to_pylist():
        for value in row.values():
            part = value if isinstance(value, bytes) else repr(value).encode()
            content.update(len(part).to_bytes(8))
            content.update(part)


def _groups(rows: Iterable[SignalRow]) -> Iterator[list[SignalRow]]:
    """Yield rows in runs of ``GROUP_ROWS`` or more whose signals come to ``GROUP_BYTES`` or somewhat more."""
    group: list[SignalRow] = []
    size = 0
    for row in rows:
        group.append(row)
        size += sum(map(len, row.columns.values()))
        if size >= (GROUP_BYTES if len(group) >= GROUP_ROWS else LARGEST_GROUP_BYTES):
            yield group
            group = []
            size = 0
    if group:
        yield group
