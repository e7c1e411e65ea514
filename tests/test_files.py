import errno
import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
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


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "the disk is full"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "the quota of the disk is used up"),
        (OSError(errno.EFBIG, "File too large"), "the file is larger than the system allows"),
        # as safetensors says it
        (Exception("Error while serializing: I/O error: File too large (os error 27)"), "the file is larger"),
        (Exception("I/O error: No space left on device (os error 28)"), "the disk is full"),
    ],
)
def test_no_room_is_told_with_the_path(tmp_path, error, reason):
    path = tmp_path / "file"
    path.write_text("old")
    message = f"{path}: cannot be written: {reason}"

    def write():
        with atomic(path) as partial:
            partial.write_text("half")
            raise error

    with pytest.raises(DataError, match=re.escape(message)) as caught:
        write()
    assert caught.value.__cause__ is error
    assert names(tmp_path) == ["file"]
    assert path.read_text() == "old"


def test_a_full_device_is_told_by_what_every_library_says(tmp_path):
    """``/dev/full`` answers each write with ENOSPC."""
    assert Path("/dev/full").is_char_device()
    text = "x" * 10**6
    writers = [
        lambda full: full.write_text(text),
        lambda full: pq.write_table(pa.table({"a": [text]}), full),
    ]

    def on_a_full_device(write):
        with atomic(tmp_path / "file") as partial:
            partial.symlink_to("/dev/full")
            write(partial)

    for write in writers:
        with pytest.raises(DataError, match="file: cannot be written: the disk is full"):
            on_a_full_device(write)
        assert names(tmp_path) == []


@pytest.mark.parametrize("error", [OSError(errno.EACCES, "denied"), ValueError("(os error 2)")])
def test_other_errors_are_not_about_room(tmp_path, error):
    with pytest.raises(type(error)) as caught, atomic(tmp_path / "file"):
        raise error
    assert caught.value is error


def test_what_a_killed_process_left_is_removed(tmp_path):
    dead = subprocess.Popen([sys.executable, "-c", "pass"])
    dead.wait()
    for name in (f".a[1].{dead.pid}.partial", f".other.{dead.pid}.partial", ".a[1].later.partial"):
        (tmp_path / name).write_text("half")
    living = f".a[1].{os.getppid()}.partial"
    (tmp_path / living).mkdir()
    folder = tmp_path / "model" / f".best.{dead.pid}.partial"
    (folder / "inner").mkdir(parents=True)
    for path in (tmp_path / "a[1]", tmp_path / "model" / "best"):
        with atomic(path) as partial:
            partial.write_text("whole")
    assert names(tmp_path) == sorted(
        ["a[1]", ".a[1].later.partial", f".other.{dead.pid}.partial", living, "model"]
    )
    assert names(tmp_path / "model") == ["best"]


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
    (tmp_path / "a.json").write_bytes(b'{"a": "\xff"}')
    with pytest.raises(DataError, match=r"a\.json: not JSON"):
        read_json(tmp_path / "a.json")


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


def test_what_a_killed_process_left_is_removed_before_its_parent_knows(tmp_path):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    left = tmp_path / f".a.json.{child.pid}.partial"
    left.write_text("half")
    write_json(tmp_path / "a.json", 1)
    assert left.exists()  # its process may still be writing
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and stays until it is asked how
    write_json(tmp_path / "a.json", 2)
    assert not left.exists()
    child.wait()
