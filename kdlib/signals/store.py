"""The store of teacher signals: Parquet shards that many jobs write, read through one manifest."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kdlib.files import DataError, atomic, read_json, read_parquet, sha256, write_json
from kdlib.signals.codec import codec_from

if TYPE_CHECKING:
    import pyarrow as pa

    from kdlib.signals.signal import Signal, SignalKey

GROUP_BYTES = 256 * 1024  # a random access reads one row group: small enough to read, large enough to index
CACHED_GROUPS = 8
SHARED = ("model", "tokenizer", "dataset", "code", "codec", "shards")


@dataclass(frozen=True, slots=True)
class SignalRow:
    """One encoded signal.

    Attributes:
        id: Id of the example.
        target_hash: ``records.target_hash`` of the target's token ids.
        rank: 0 for the gold target, 1…n for the teacher's own beam outputs, best first.
        score: The teacher's log-probability of the whole target.
        positions: Number of target tokens.
        signal: What the codec's ``encode`` returned.
    """

    id: str
    target_hash: str
    rank: int
    score: float
    positions: int
    signal: bytes


@dataclass(frozen=True, slots=True)
class ShardMetadata:
    """Where a shard's signals come from; all but ``split`` and ``shard`` is equal in the shards of a store.

    Attributes:
        model: Digest of the teacher's weights.
        tokenizer: Digest of the tokenizer.
        dataset: Digest of the tokenised dataset.
        code: Digest of the code that extracted them.
        codec: ``metadata()`` of the codec.
        split: Split of the rows.
        shard: Number of the shard within the split.
        shards: Shards per split.
    """

    model: str
    tokenizer: str
    dataset: str
    code: str
    codec: dict[str, Any]
    split: str
    shard: int
    shards: int


def write_shard(path: Path, rows: Iterable[SignalRow], metadata: ShardMetadata) -> None:
    """Write one shard, row group by row group, so that memory does not grow with the rows.

    Blobs are compressed by their codec, so Parquet stores them as they are. Equal rows give equal bytes.

    Args:
        path: Parquet file; it appears only when complete.
        rows: Signals in the order of the dataset; a generator is consumed once.
        metadata: Kept in the file under the key ``kdlib``.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = _schema().with_metadata({"kdlib": json.dumps(asdict(metadata), sort_keys=True)})
    compression = {name: "none" if name == "signal" else "zstd" for name in schema.names}
    with (
        atomic(path) as partial,
        pq.ParquetWriter(
            partial, schema, compression=compression, use_dictionary=False, write_statistics=False
        ) as writer,
    ):
        for group in _groups(rows):
            writer.write_table(pa.Table.from_pylist([asdict(row) for row in group], schema=schema))


def write_manifest(shards: Sequence[Path], manifest: Path) -> None:
    """Check that shards form one store and write what is needed to trust and read it.

    Args:
        shards: All shards of all splits.
        manifest: JSON file; it names the shards relative to its own folder.

    Raises:
        DataError: If there is no shard, a file is no shard, two shards differ in what a store shares, or a
            split lacks a shard or has one twice.
    """
    if not shards:
        raise DataError(f"{manifest}: a store of signals needs at least one shard")
    found = sorted(
        ((_metadata(path), path) for path in shards), key=lambda pair: (pair[0].split, pair[0].shard)
    )
    first, first_path = found[0]
    for metadata, path in found[1:]:
        for field in SHARED:
            ours, theirs = getattr(metadata, field), getattr(first, field)
            if ours != theirs:
                raise DataError(
                    f"{path}: {field} is {ours!r}, but {theirs!r} in {first_path}; "
                    "delete the stale shard and extract again"
                )
    _check_complete([metadata for metadata, _ in found], manifest)
    common = {field: getattr(first, field) for field in SHARED}
    write_json(manifest, {**common, "files": [_entry(path, metadata, manifest) for metadata, path in found]})


class SignalStore:
    """Random access to the signals of a manifest, with a few row groups in memory at a time.

    Attributes:
        provenance: The manifest's digests of model, tokenizer, dataset and code, the codec's metadata and the
            number of shards, to compare with what a student is trained on.
    """

    def __init__(self, manifest: Path) -> None:
        """Open a store and verify the sha256 of every shard once.

        Args:
            manifest: What ``write_manifest`` wrote.

        Raises:
            DataError: If a shard is missing or damaged, a signal is stored twice, or the codec is unknown.
        """
        import pyarrow.parquet as pq

        description = read_json(manifest)
        self.provenance: dict[str, Any] = {field: description[field] for field in SHARED}
        self._codec = codec_from(self.provenance["codec"])
        self._paths = [manifest.parent / entry["file"] for entry in description["files"]]
        for path, entry in zip(self._paths, description["files"], strict=True):
            _verify(path, entry["sha256"])
        self._files = [pq.ParquetFile(path, memory_map=True) for path in self._paths]
        self._group = lru_cache(maxsize=CACHED_GROUPS)(self._read_group)
        self._places: dict[tuple[str, int], tuple[int, int, int]] = {}
        for place, row in self._walk(["id", "rank"]):
            if self._places.setdefault((row["id"], row["rank"]), place) != place:
                raise DataError(
                    f"{self._paths[place[0]]}: the signal of id {row['id']}, rank {row['rank']} is stored "
                    "twice in this store; delete its shards and extract again"
                )

    def __len__(self) -> int:
        """Return the number of signals."""
        return len(self._places)

    def keys(self) -> Iterator[SignalKey]:
        """Yield the key of every signal, in the order of storage."""
        from kdlib.signals.signal import SignalKey

        for _, row in self._walk(["id", "target_hash", "rank"]):
            yield SignalKey(**row)

    def signal(self, key: SignalKey, temperature: float) -> Signal:
        """Return one signal at a temperature.

        Args:
            key: Example, target and rank.
            temperature: T > 0.

        Raises:
            DataError: If the signal is missing, belongs to another target, is damaged, or is not to be had at
                that temperature.
        """
        row = self._row(key)
        try:
            return self._codec.decode(row["signal"], row["positions"], temperature)
        except DataError as error:
            path = self._paths[self._places[key.id, key.rank][0]]
            raise DataError(f"{path}: id {key.id}, rank {key.rank}: {error}") from None

    def score(self, key: SignalKey) -> float:
        """Return the teacher's log-probability of the whole target; raises as ``signal`` does."""
        return self._row(key)["score"]

    def _row(self, key: SignalKey) -> dict[str, Any]:
        if (key.id, key.rank) not in self._places:
            raise DataError(
                f"no signal is stored for id {key.id}, rank {key.rank}; extract signals of this dataset again"
            )
        shard, group, number = self._places[key.id, key.rank]
        row: dict[str, Any] = self._group(shard, group).slice(number, 1).to_pylist()[0]
        if row["target_hash"] != key.target_hash:
            raise DataError(
                f"the signal of id {key.id}, rank {key.rank} was stored for target {row['target_hash']}, but "
                f"the dataset has target {key.target_hash}; extract signals of this dataset again"
            )
        return row

    def _read_group(self, shard: int, group: int) -> pa.Table:
        # One thread: a data loader's forked worker does not inherit Arrow's thread pool.
        return self._files[shard].read_row_group(group, use_threads=False)

    def _walk(self, columns: list[str]) -> Iterator[tuple[tuple[int, int, int], dict[str, Any]]]:
        """Yield (shard, row group, row) and the named columns of every signal, a row group at a time."""
        for shard, file in enumerate(self._files):
            for group in range(file.num_row_groups):
                table = file.read_row_group(group, columns=columns, use_threads=False)
                for number, row in enumerate(table.to_pylist()):
                    yield (shard, group, number), row


def _schema() -> pa.Schema:
    import pyarrow as pa

    return pa.schema(
        [
            ("id", pa.string()),
            ("target_hash", pa.string()),
            ("rank", pa.int16()),
            ("score", pa.float32()),
            ("positions", pa.int32()),
            ("signal", pa.binary()),
        ]
    )


def _groups(rows: Iterable[SignalRow]) -> Iterator[list[SignalRow]]:
    """Yield rows in runs whose blobs come to ``GROUP_BYTES``, or a single row if it is larger."""
    group: list[SignalRow] = []
    size = 0
    for row in rows:
        group.append(row)
        size += len(row.signal)
        if size >= GROUP_BYTES:
            yield group
            group, size = [], 0
    if group:
        yield group


def _metadata(path: Path) -> ShardMetadata:
    stored = (read_parquet(path, columns=["rank"]).schema.metadata or {}).get(b"kdlib")
    if stored is None:
        raise DataError(f"{path}: is Parquet, but no shard of signals (it lacks the key kdlib)")
    try:
        return ShardMetadata(**json.loads(stored))
    except TypeError as error:  # fields of another version
        raise DataError(f"{path}: unknown metadata ({error}); delete it and extract again") from None


def _check_complete(found: list[ShardMetadata], manifest: Path) -> None:
    for (split, shard), times in Counter((metadata.split, metadata.shard) for metadata in found).items():
        if times > 1:
            raise DataError(f"{manifest}: shard {shard} of split {split} is given {times} times")
    for split, number in Counter(metadata.split for metadata in found).items():
        if number != found[0].shards:
            raise DataError(
                f"{manifest}: {number} of {found[0].shards} shards of split {split} are given; extract all"
            )


def _entry(path: Path, metadata: ShardMetadata, manifest: Path) -> dict[str, Any]:
    positions = read_parquet(path, columns=["positions"])["positions"].to_numpy()
    tokens, size = int(positions.sum()), path.stat().st_size
    return {
        "file": Path(os.path.relpath(path, manifest.parent)).as_posix(),
        "split": metadata.split,
        "shard": metadata.shard,
        "sha256": sha256(path),
        "bytes": size,
        "rows": len(positions),
        "positions": tokens,
        "bytes_per_token": size / tokens if tokens else None,
    }


def _verify(path: Path, expected: str) -> None:
    if not path.is_file():
        raise DataError(f"{path}: the shard is missing; extract it again")
    actual = sha256(path)
    if actual != expected:
        raise DataError(
            f"{path}: the shard is damaged (sha256 {actual}, in the manifest {expected}); "
            "delete it and extract again"
        )
