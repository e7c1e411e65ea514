from __future__ import annotations

import json

import pyarrow as pa
import pytest

from kdlib.corpus.importers.export import export_seed
from kdlib.files import DataError, write_examples, write_parquet
from tests.conftest import an_example
from tests.corpus.importers.conftest import load


@pytest.fixture
def files(tmp_path):
    """Six examples: four to train on, one each to validate and to test."""
    examples = [an_example(number) for number in range(6)]
    write_examples(tmp_path / "examples.parquet", examples)
    splits = ["train"] * 4 + ["validation", "test"]
    write_parquet(tmp_path / "splits.parquet", pa.table({"id": [e.id for e in examples], "split": splits}))
    return examples, tmp_path / "examples.parquet", tmp_path / "splits.parquet"


def test_there_and_back_again(files, tmp_path):
    examples, path, _ = files
    out = tmp_path / "out.jsonl"
    assert export_seed(path, None, out) == 6
    found = load("seed", out, tmp_path / "back")
    assert found.rejected == []
    assert [(e.id, e.focal_method, e.masked_test, e.references) for e in found.examples] == [
        (e.id, e.focal_method, e.masked_test, e.references) for e in examples
    ]
    # What a class split kept together stays together.
    assert {e.occurrences[0].group for e in found.examples} == {"src/toy/toy.Box"}
    assert {e.occurrences[0].test_class for e in found.examples} == {
        e.occurrences[0].test_class for e in examples
    }


def test_the_file_is_what_the_older_pipelines_read(files, tmp_path):
    examples, path, splits = files
    out = tmp_path / "out.jsonl"
    assert export_seed(path, splits, out, "train") == 4
    header, *rows = map(json.loads, out.read_text().splitlines())
    assert header == {"header": {"dataset_type": "training", "item_count": 4}}
    assert [row["focal_method"] for row in rows] == [e.focal_method for e in examples[:4]]
    assert [row["test_method_masked"] for row in rows] == [e.masked_test for e in examples[:4]]
    assert [row["assertions"] for row in rows] == [list(e.references) for e in examples[:4]]


def test_a_clock_is_written_only_if_given(files, tmp_path):
    _, path, splits = files
    out = tmp_path / "out.jsonl"
    export_seed(path, splits, out, "test", created_at="2001-02-03")
    assert json.loads(out.read_text().splitlines()[0])["header"]["created_at"] == "2001-02-03"
    export_seed(path, splits, out, "test")
    first = out.read_bytes()
    export_seed(path, splits, out, "test")
    assert out.read_bytes() == first


@pytest.mark.parametrize("given_splits", [True, False])
def test_a_split_needs_file_and_name(files, tmp_path, given_splits):
    _, path, splits = files
    with pytest.raises(DataError, match="give both or neither"):
        export_seed(path, splits if given_splits else None, tmp_path / "o", None if given_splits else "test")


def test_wrong_files_are_named(files, tmp_path):
    _, path, splits = files
    out = tmp_path / "out.jsonl"
    with pytest.raises(DataError, match=r"splits\.parquet: no column focal_method"):
        export_seed(splits, None, out)
    with pytest.raises(DataError, match=r"examples\.parquet: no column split"):
        export_seed(path, path, out, "train")
    with pytest.raises(DataError, match=r"none\.parquet: cannot be read"):
        export_seed(tmp_path / "none.parquet", None, out)
    write_parquet(tmp_path / "other.parquet", pa.table({"id": ["x"], "split": ["train"]}))
    with pytest.raises(DataError, match="no examples to write in the split train"):
        export_seed(path, tmp_path / "other.parquet", out, "train")
    assert not out.exists()
