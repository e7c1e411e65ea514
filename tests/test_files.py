import hashlib
import os
import shutil

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdlib.files import (
    DataError,
    atomic,
    read_examples,
    read_json,
    read_jsonl,
    read_parquet,
    read_predictions,
    sha256,
    write_examples,
    write_json,
    write_jsonl,
    write_parquet,
    write_predictions,
)
from kdlib.records import Prediction


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_appears_when_the_block_succeeds(tmp_path):
    path = tmp_path / "deep" / "file.txt"
    with atomic(path) as partial:
        partial.write_text("new")
        assert not path.exists()
        assert partial.parent == path.parent  # another file system could not be renamed from
    assert path.read_text() == "new"
    assert names(path.parent) == ["file.txt"]


def half_written(path, kind):
    with atomic(path) as partial:
        if kind == "folder":
            partial.mkdir()
            (partial / "half").write_text("x")
        else:
            partial.write_text("half")
        raise KeyboardInterrupt


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_failure_leaves_what_was_there_and_nothing_else(tmp_path, kind):
    path = tmp_path / "result"
    path.mkdir() if kind == "folder" else path.write_text("old")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(KeyboardInterrupt):
        half_written(path, kind)
    assert sorted(tmp_path.rglob("*")) == before
    assert kind == "folder" or path.read_text() == "old"


def test_a_folder_replaces_a_folder_as_a_whole(tmp_path):
    path = tmp_path / "model"
    for name in ("old", "new"):
        with atomic(path) as partial:
            partial.mkdir()
            (partial / name).write_text(name)
    assert names(path) == ["new"]
    assert names(tmp_path) == ["model"]


def test_writing_nothing_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError), atomic(tmp_path / "file"):
        pass
    assert names(tmp_path) == []


def test_sha256_is_that_of_the_bytes(tmp_path):
    (tmp_path / "f").write_bytes(b"\x00\r\n")
    assert sha256(tmp_path / "f") == hashlib.sha256(b"\x00\r\n").hexdigest()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(rows=st.lists(st.dictionaries(st.text(), JSON, max_size=3), max_size=3))
def test_json_comes_back(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("json")
    try:
        write_json(folder / "a.json", rows)
        write_jsonl(folder / "a.jsonl", rows)
        assert read_json(folder / "a.json") == rows
        assert list(read_jsonl(folder / "a.jsonl")) == rows
    finally:
        shutil.rmtree(folder)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_are_no_json_are_refused(tmp_path, value):
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a.json", {"x": value})
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_jsonl(tmp_path / "a.jsonl", [{"x": 1}, {"x": value}])
    assert names(tmp_path) == []


def test_broken_json_is_named_with_its_line(tmp_path):
    (tmp_path / "a.json").write_text('{"a": 1,\n "b" 2}')
    with pytest.raises(DataError, match=r"a\.json:2: not JSON"):
        read_json(tmp_path / "a.json")
    (tmp_path / "a.jsonl").write_text('{"a": 1}\n{"a": \n')
    with pytest.raises(DataError, match=r"a\.jsonl:2: not JSON"):
        list(read_jsonl(tmp_path / "a.jsonl"))


def test_examples_come_back_and_equal_ones_give_equal_bytes(tmp_path, examples):
    write_examples(tmp_path / "a.parquet", examples)
    write_examples(tmp_path / "b.parquet", iter(examples))
    assert read_examples(tmp_path / "a.parquet") == examples
    assert sha256(tmp_path / "a.parquet") == sha256(tmp_path / "b.parquet")


def test_no_examples_come_back_too(tmp_path):
    write_examples(tmp_path / "a.parquet", [])
    assert read_examples(tmp_path / "a.parquet") == []


def test_predictions_come_back(tmp_path):
    predictions = [Prediction("a", 1, 'x\n"ü"\u2028', -0.5), Prediction("a", 2, "", -1.0)]
    write_predictions(tmp_path / "p.jsonl", predictions)
    assert read_predictions(tmp_path / "p.jsonl") == predictions


@pytest.mark.parametrize(
    "row", [{"id": "b", "rank": 1}, {"id": "b", "rank": 1, "text": "", "score": 0, "x": 1}]
)
def test_a_prediction_with_other_fields_is_named_with_its_line(tmp_path, row):
    good = {"id": "a", "rank": 1, "text": "t", "score": 0.0}
    write_jsonl(tmp_path / "p.jsonl", [good, row])
    with pytest.raises(DataError, match=r"p\.jsonl:2: .*id, rank, text, score"):
        read_predictions(tmp_path / "p.jsonl")


@pytest.mark.parametrize(("start", "length"), [(0, 40), (9, 9999), (0, 0)])
def test_damaged_parquet_is_named(tmp_path, start, length):
    path = tmp_path / "t.parquet"
    write_parquet(path, pa.table({"a": list(range(99))}))
    path.write_bytes(path.read_bytes()[start : start + length])
    with pytest.raises(DataError, match=r"t\.parquet: cannot be read as Parquet"):
        read_parquet(path)


def test_parquet_columns_can_be_chosen(tmp_path):
    write_parquet(tmp_path / "t.parquet", pa.table({"a": [1], "b": [2]}))
    assert read_parquet(tmp_path / "t.parquet", ["b"]).to_pydict() == {"b": [2]}


def test_files_can_be_read_by_others_than_their_writer(tmp_path):
    """A temporary file made by ``tempfile`` would be private to its owner."""
    write_json(tmp_path / "a.json", 1)
    mask = os.umask(0)
    os.umask(mask)
    assert (tmp_path / "a.json").stat().st_mode & 0o777 == 0o666 & ~mask
