from __future__ import annotations

import hashlib
import json
import os
from types import SimpleNamespace

import pytest

from kdlib.config import Filters
from kdlib.files import DataError, read_examples
from tests.corpus.importers.conftest import load, seed_row, sha, write_seed
from workflow.scripts import import_examples


def test_a_digest_in_the_configuration_is_checked(tmp_path):
    path = write_seed(tmp_path / "data.jsonl", [seed_row()])
    right = sha(path.read_bytes())
    assert load("seed", path, tmp_path, sha256=right).report["sha256"] == right
    wrong, out = "0" * 64, tmp_path / "out"
    with pytest.raises(DataError, match=f"{right}.*{wrong}"):
        load("seed", path, out, sha256=wrong)
    assert not out.exists()


def test_the_digest_of_a_folder_is_that_of_its_files(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    one = write_seed(folder / "a.jsonl", [seed_row()]).read_bytes()
    two = write_seed(folder / "b.jsonl", [seed_row(), seed_row()]).read_bytes()
    found = load("seed", folder, tmp_path)
    expected = hashlib.sha256(f"a.jsonl\0{sha(one)}\nb.jsonl\0{sha(two)}\n".encode()).hexdigest()
    assert found.report["sha256"] == expected
    assert found.report["version"] == expected[:16]
    assert found.report["java_bytes"] == len(one) + len(two)
    (folder / "b.jsonl").rename(folder / "c.jsonl")
    assert load("seed", folder, tmp_path).report["sha256"] != expected


@pytest.mark.parametrize("form", ["seed", "methods2test", "toga", "atlas"])
def test_nothing_to_read_is_an_error(tmp_path, form):
    with pytest.raises(DataError, match="nowhere: neither a file nor a folder"):
        load(form, tmp_path / "nowhere", tmp_path / "out")
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(DataError, match="empty: no "):
        load(form, empty, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_is_no_readable_file_is_skipped_and_named(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    write_seed(folder / "good.jsonl", [seed_row()])
    (folder / "link.jsonl").symlink_to(folder / "gone.jsonl")
    os.mkfifo(folder / "pipe.jsonl")
    found = load("seed", folder, tmp_path)
    assert len(found.examples) == 1
    assert found.report["skipped"] == [
        {"path": "link.jsonl", "reason": "no file"},
        {"path": "pipe.jsonl", "reason": "no file"},
    ]
    assert found.report["files"] == 3


def test_a_pair_with_an_unreadable_half_is_skipped(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "testMethods.txt").write_text("x\n")
    os.mkfifo(tmp_path / "data" / "assertLines.txt")
    found = load("atlas", tmp_path / "data", tmp_path)
    assert (found.report["tests"], [item["path"] for item in found.report["skipped"]]) == (
        0,
        ["assertLines.txt"],
    )


def test_names_that_are_no_text(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    write_seed(folder / os.fsdecode(b"a\xff.jsonl"), [seed_row(), {}])
    found = load("seed", folder, tmp_path)
    assert found.examples[0].occurrences[0].path == found.rejected[0]["file"] == "a\ufffd.jsonl"


@pytest.mark.parametrize(("licences", "kept"), [(None, 2), (("MIT",), 2), (("Apache-2.0",), 0), ((), 0)])
def test_the_licence_filter(tmp_path, licences, kept):
    path = write_seed(tmp_path / "data.jsonl", [seed_row(), seed_row()])
    found = load("seed", path, tmp_path, filters=Filters(licences=licences), licence="MIT")
    assert (len(found.examples), found.reasons) == (kept, ["licence"] * (2 - kept))


@pytest.mark.parametrize("spare", [-1, 0])
def test_rows_up_to_the_limit_are_read(tmp_path, spare):
    row = json.dumps(seed_row()).encode()
    path = tmp_path / "data.jsonl"
    for end in (b"\n", b"\r\n", b""):
        path.write_bytes(b"{}" + (end or b"\n") + row + end)
        found = load("seed", path, tmp_path, filters=Filters(max_file_bytes=len(row) + spare))
        assert found.reasons == ["no focal method"] + ["too long"] * -spare


def test_equal_rows_stay_apart_and_equal_files_give_equal_bytes(tmp_path):
    path = write_seed(tmp_path / "data.jsonl", [seed_row(), seed_row(), {}])
    found = load("seed", path, tmp_path)
    first = [(tmp_path / name).read_bytes() for name in ("e.parquet", "r.json", "x.jsonl")]
    assert len({e.id for e in found.examples}) == 1
    assert len({e.occurrences[0].start_byte for e in found.examples}) == 2
    load("seed", path, tmp_path)
    assert [(tmp_path / name).read_bytes() for name in ("e.parquet", "r.json", "x.jsonl")] == first


def test_more_rows_than_a_row_group(tmp_path):
    rows = [seed_row(focal_method=f"int f{number}() {{ }}") for number in range(4500)]
    found = load("seed", write_seed(tmp_path / "data.jsonl", rows), tmp_path)
    assert [e.focal_method for e in found.examples] == [row["focal_method"] for row in rows]


def test_the_rules_script(tmp_path):
    path = write_seed(tmp_path / "data.jsonl", [seed_row(), {}])
    out = {name: str(tmp_path / "out" / name) for name in ("examples", "report", "rejected")}
    params = {
        "source": {"kind": "import", "format": "seed", "path": str(path), "sha256": None, "licence": "MIT"},
        "filters": {"max_file_bytes": 1000, "licences": None},
    }
    job = SimpleNamespace(
        wildcards=SimpleNamespace(source="old"),
        params=SimpleNamespace(**params),
        output=SimpleNamespace(**out),
    )
    import_examples.main(job)
    (example,) = read_examples(tmp_path / "out" / "examples")
    assert (example.occurrences[0].source, example.occurrences[0].licence) == ("old", "MIT")
    assert len((tmp_path / "out" / "rejected").read_text().splitlines()) == 1
