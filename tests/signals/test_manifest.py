"""The manifest: what forms a store, and what does not."""

import json

import pytest

from kdlib.files import DataError, sha256
from kdlib.records import digest
from kdlib.signals.manifest import SHARED, read_manifest, write_manifest
from kdlib.signals.shard import write_shard
from tests.signals.small_store import CODEC, a_row, metadata, positions_of, write_codec


@pytest.fixture
def codec_file(tmp_path):
    return write_codec(tmp_path)


@pytest.fixture
def shards(tmp_path, codec_file):
    """Two shards of 10 rows."""
    paths = [tmp_path / "shards" / f"train-{shard}.parquet" for shard in range(2)]
    for shard, path in enumerate(paths):
        put(path, range(10 * shard, 10 * shard + 10), codec_file, shard=shard)
    return paths


@pytest.fixture
def manifest(tmp_path, shards, codec_file):
    write_manifest(shards, codec_file, tmp_path / "manifest.json")
    return tmp_path / "manifest.json"


def put(path, numbers, codec_file, **changes):
    told = metadata(codec_file, **{"shards": 2, **changes})
    write_shard(path, map(a_row, numbers), CODEC.columns, "lz4", told)


def forged(path, **changes):
    """Change a manifest as somebody would who knows how its digest is made."""
    content = {**json.loads(path.read_text()), **changes}
    content = {name: value for name, value in content.items() if name != "digest" and value is not ...}
    path.write_text(json.dumps({**content, "digest": digest([json.dumps(content, sort_keys=True)])}))


def test_it_says_what_the_shards_hold(manifest, shards, codec_file):
    content = json.loads(manifest.read_text())
    first, second = content["files"]
    positions = sum(map(positions_of, range(10)))
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
    told = metadata(codec_file, shards=2)
    assert {name: content[name] for name in SHARED} == {name: getattr(told, name) for name in SHARED}
    assert content["rows"] == 20
    assert content["positions"] == sum(map(positions_of, range(20)))
    assert content["bytes"] == size + shards[1].stat().st_size
    assert (content["codec_file"], content["codec_bytes"]) == ("codec.safetensors", codec_file.stat().st_size)


def test_what_is_written_is_read(manifest):
    found = read_manifest(manifest).model_dump(mode="json")
    content = json.loads(manifest.read_text())
    del content["digest"]
    assert found == content


def test_it_does_not_depend_on_the_order_of_the_shards(shards, manifest, codec_file, tmp_path):
    other = tmp_path / "other.json"
    write_manifest(shards[::-1], codec_file, other)
    assert other.read_bytes() == manifest.read_bytes()


def test_an_empty_shard_has_no_bytes_per_token(tmp_path, codec_file):
    put(tmp_path / "a", [], codec_file, shards=1)
    write_manifest([tmp_path / "a"], codec_file, tmp_path / "m.json")
    assert read_manifest(tmp_path / "m.json").files[0].bytes_per_token is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("model", "m2"),
        ("tokenizer", "t2"),
        ("dataset", "d2"),
        ("code", "c2"),
        ("codec", {**CODEC.metadata(), "compression": "zstd"}),
        ("shared", "s2"),
        ("precision", "bfloat16"),
        ("shards", 3),
    ],
)
def test_shards_of_different_origin_are_no_store(shards, codec_file, tmp_path, field, value):
    put(shards[1], [11], codec_file, shard=1, **{field: value})
    with pytest.raises(DataError, match=rf"train-1\.parquet: {field} is .*train-0\.parquet"):
        write_manifest(shards, codec_file, tmp_path / "m.json")
    assert not (tmp_path / "m.json").exists()


def test_every_field_of_the_origin_was_tried():
    assert set(SHARED) == {
        "model", "tokenizer", "dataset", "code", "codec", "shared", "precision", "shards"
    }  # fmt: skip


def test_machines_that_differ_are_told_to_agree(shards, codec_file, tmp_path):
    put(shards[1], [11], codec_file, shard=1, precision="bfloat16")
    with pytest.raises(DataError, match=r"set signals\.precision and extract again"):
        write_manifest(shards, codec_file, tmp_path / "m.json")


def test_a_store_has_every_shard_of_every_split_once(shards, codec_file, tmp_path):
    out = tmp_path / "m.json"
    with pytest.raises(DataError, match=r"m\.json: 1 of 2 shards of split train"):
        write_manifest(shards[:1], codec_file, out)
    with pytest.raises(DataError, match="shard 0 of split train is given 2 times"):
        write_manifest([shards[0], shards[0]], codec_file, out)
    with pytest.raises(DataError, match="at least one"):
        write_manifest([], codec_file, out)
    put(tmp_path / "validation", [30], codec_file, split="validation")
    with pytest.raises(DataError, match="1 of 2 shards of split validation"):
        write_manifest([*shards, tmp_path / "validation"], codec_file, out)
    put(tmp_path / "2", [30], codec_file, shard=2)
    with pytest.raises(DataError, match="shard 2 of split train is given, of 2 from 0 on"):
        write_manifest([shards[0], tmp_path / "2"], codec_file, out)
    assert not out.exists()


def test_a_codec_file_of_other_signals_is_named(shards, codec_file, tmp_path):
    codec_file.write_bytes(codec_file.read_bytes() + b" ")
    with pytest.raises(DataError, match=r"codec\.safetensors: sha256 .* is not that of the shards"):
        write_manifest(shards, codec_file, tmp_path / "m.json")


def test_a_missing_codec_file_is_named(shards, codec_file, tmp_path):
    codec_file.unlink()
    with pytest.raises(DataError, match=r"codec\.safetensors: the file is missing"):
        write_manifest(shards, codec_file, tmp_path / "m.json")


def test_a_damaged_shard_gets_no_new_manifest(shards, codec_file, tmp_path):
    """Else a rerun would vouch for it: an edit makes the shard newer than its manifest."""
    content = bytearray(shards[1].read_bytes())
    content[60] ^= 1
    shards[1].write_bytes(content)
    with pytest.raises(DataError, match=r"train-1\.parquet: the file is damaged"):
        write_manifest(shards, codec_file, tmp_path / "m.json")
    assert not (tmp_path / "m.json").exists()


def test_a_store_is_one_folder(shards, codec_file, tmp_path):
    with pytest.raises(DataError, match=r"\.\./shards/train-0\.parquet lies outside"):
        write_manifest(shards, codec_file, tmp_path / "elsewhere" / "m.json")


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "shards/../../secret"])
def test_files_outside_are_refused(manifest, name):
    files = json.loads(manifest.read_text())["files"]
    forged(manifest, files=[{**files[0], "file": name}, files[1]])
    with pytest.raises(DataError, match=r"manifest\.json: .* lies outside"):
        read_manifest(manifest)
    forged(manifest, files=files, codec_file=name)
    with pytest.raises(DataError, match=r"manifest\.json: .* lies outside"):
        read_manifest(manifest)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"rows": "many"}, "rows"),
        ({"rows": None}, "rows"),
        ({"files": {}}, "files"),
        ({"files": [1]}, "files.0"),
        ({"files": [{"file": "a"}]}, "files.0.split"),
        ({"codec": "dense"}, "codec"),
        ({"shards": 1.5}, "shards"),
        ({"model": ...}, "model"),
        ({"codec_file": 3}, "codec_file"),
        ({"more": 3}, "more"),
    ],
)
def test_wrong_types_and_missing_keys_are_named(manifest, changes, field):
    forged(manifest)
    read_manifest(manifest)
    forged(manifest, **changes)
    with pytest.raises(DataError, match=rf"manifest\.json: {field}: .*; extract signals again"):
        read_manifest(manifest)


@pytest.mark.parametrize("content", ["", "[]", "3", "null", '"text"', "{}", "{", '{"digest": "x"}', "[[[["])
def test_what_is_no_manifest_is_named(tmp_path, content):
    path = tmp_path / "manifest.json"
    path.write_text(content)
    with pytest.raises(DataError, match=r"manifest\.json:"):
        read_manifest(path)
    with pytest.raises(DataError, match=r"none\.json: the manifest is missing"):
        read_manifest(tmp_path / "none.json")


def test_a_changed_byte_is_found(manifest):
    content = manifest.read_bytes()
    for position in range(len(content)):
        changed = bytearray(content)
        changed[position] ^= 1 << position * 5 % 8
        manifest.write_bytes(changed)
        with pytest.raises(DataError, match=r"manifest\.json:"):
            read_manifest(manifest)


def test_white_space_may_change(manifest):
    expected = read_manifest(manifest)
    manifest.write_text(json.dumps(json.loads(manifest.read_text()), indent=7))
    assert read_manifest(manifest) == expected


def test_a_truncated_manifest_is_named(manifest):
    content = manifest.read_bytes()
    for length in range(len(content) - 1):  # all but the line end
        manifest.write_bytes(content[:length])
        with pytest.raises(DataError, match=r"manifest\.json:"):
            read_manifest(manifest)
