"""The manifest of a store: which shards form it, where they come from, and how to trust them."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from pydantic import ValidationError

from kdlib.config.base import Strict
from kdlib.files import DataError, read_json, sha256, write_json
from kdlib.records import digest
from kdlib.signals.shard import ShardContent, ShardMetadata, StoreOrigin, read_shard

SHARED = tuple(StoreOrigin.model_fields)


class StoreFile(Strict):
    """A shard of a store.

    Attributes:
        file: Path of the shard, relative to the manifest's folder and inside it.
        split: Split of its rows.
        shard: Number of the shard within the split.
        sha256: Digest of the file.
        bytes: Size of the file.
        rows: Number of signals.
        positions: Sum of their positions.
        bytes_per_token: Size by positions; None if there is none.
    """

    file: str
    split: str
    shard: int
    sha256: str
    bytes: int
    rows: int
    positions: int
    bytes_per_token: float | None


class Manifest(StoreOrigin):
    """A whole store.

    Attributes:
        codec_file: Path of the codec's tensors, relative to the manifest's folder and inside it.
        codec_bytes: Size of that file.
        rows: Number of signals.
        positions: Sum of their positions.
        bytes: Size of all shards.
        files: The shards, by split and number.
    """

    codec_file: str
    codec_bytes: int
    rows: int
    positions: int
    bytes: int
    files: tuple[StoreFile, ...]


def write_manifest(shards: Sequence[Path], codec: Path, manifest: Path) -> None:
    """Check that shards form one store, and that each is whole; write what is needed to trust and read it.

    Args:
        shards: All shards of all splits.
        codec: File of the codec's tensors that all signals share.
        manifest: JSON file; it names the other files relative to its own folder, which holds them.

    Raises:
        DataError: If there is no shard, a file is damaged or no shard, two shards differ in what a store
            shares, a split lacks a shard or has one twice, or a file lies elsewhere.
    """
    if not shards:
        raise DataError(f"{manifest}: a store of signals needs at least one shard")
    found = [(path, read_shard(path)) for path in shards]
    found.sort(key=lambda pair: (pair[1].metadata.split, pair[1].metadata.shard))
    origin = found[0][1].metadata
    _check_equal_origin(found)
    _check_complete([content.metadata for _, content in found], manifest)
    if not codec.is_file():
        raise DataError(f"{codec}: the file is missing; delete the shards and extract again")
    if (actual := sha256(codec)) != origin.shared:
        raise DataError(
            f"{codec}: sha256 {actual} is not that of the shards, {origin.shared}; "
            "delete the stale shards and extract again"
        )
    files = tuple(_entry(path, content, manifest) for path, content in found)
    store = Manifest(
        **{field: getattr(origin, field) for field in SHARED},
        codec_file=_beside(codec, manifest),
        codec_bytes=codec.stat().st_size,
        rows=sum(entry.rows for entry in files),
        positions=sum(entry.positions for entry in files),
        bytes=sum(entry.bytes for entry in files),
        files=files,
    ).model_dump(mode="json")
    write_json(manifest, {**store, "digest": _digest(store)})


def read_manifest(manifest: Path) -> Manifest:
    """Read a manifest; the files that it names are not looked at.

    Raises:
        DataError: If it is missing, damaged, of another version, or names a file outside its folder.
    """
    if not manifest.is_file():
        raise DataError(f"{manifest}: the manifest is missing; run the rule signals")
    content = read_json(manifest)
    expected = content.pop("digest", None) if isinstance(content, dict) else None
    if expected != _digest(content):
        raise DataError(f"{manifest}: the file is damaged; delete it and run the rule signals again")
    try:
        found = Manifest.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise DataError(f"{manifest}: {where}: {first['msg']}; extract signals again") from None
    for name in (found.codec_file, *(entry.file for entry in found.files)):
        _check_inside(PurePosixPath(name), manifest)
    return found


def _digest(content: object) -> str:
    return digest([json.dumps(content, sort_keys=True)])


def _check_equal_origin(found: Sequence[tuple[Path, ShardContent]]) -> None:
    first_path, first = found[0]
    for path, content in found[1:]:
        for field in SHARED:
            ours = getattr(content.metadata, field)
            theirs = getattr(first.metadata, field)
            if ours != theirs:
                # Where machines differ, auto does too.
                way_out = "set signals.precision" if field == "precision" else "delete the stale shard"
                raise DataError(
                    f"{path}: {field} is {ours!r}, but {theirs!r} in {first_path}; "
                    f"{way_out} and extract again"
                )


def _check_complete(found: Sequence[ShardMetadata], manifest: Path) -> None:
    shards = found[0].shards
    for (split, shard), times in Counter((metadata.split, metadata.shard) for metadata in found).items():
        if times > 1:
            raise DataError(f"{manifest}: shard {shard} of split {split} is given {times} times")
        if not 0 <= shard < shards:
            raise DataError(f"{manifest}: shard {shard} of split {split} is given, of {shards} from 0 on")
    for split, number in Counter(metadata.split for metadata in found).items():
        if number != shards:
            raise DataError(
                f"{manifest}: {number} of {shards} shards of split {split} are given; extract all"
            )


def _beside(path: Path, manifest: Path) -> str:
    name = PurePosixPath(Path(os.path.relpath(path, manifest.parent)).as_posix())
    _check_inside(name, manifest)
    return str(name)


def _check_inside(name: PurePosixPath, manifest: Path) -> None:
    if name.is_absolute() or ".." in name.parts:
        raise DataError(
            f"{manifest}: {name} lies outside its folder, {manifest.parent}; a store is one folder"
        )


def _entry(path: Path, content: ShardContent, manifest: Path) -> StoreFile:
    size = path.stat().st_size
    return StoreFile(
        file=_beside(path, manifest),
        split=content.metadata.split,
        shard=content.metadata.shard,
        sha256=sha256(path),
        bytes=size,
        rows=content.rows,
        positions=content.positions,
        bytes_per_token=size / content.positions if content.positions else None,
    )
