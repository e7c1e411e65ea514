"""Predictions and references of other systems: rows stay beside their rows, or the reason is told."""

from __future__ import annotations

import pyarrow as pa
import pytest

from kdlib.evaluation.predictions.files import read_answers, read_references
from kdlib.evaluation.text.statistics import Answer
from kdlib.files import DataError, write_jsonl, write_parquet


def test_lines_are_paired_by_number(tmp_path):
    (tmp_path / "gold.txt").write_text("f();\ng();\x0b\u2028\n\n")
    (tmp_path / "said.txt").write_text("f();\n\nh();")
    gold = read_references(tmp_path / "gold.txt")
    assert list(gold.answers.values()) == [("f();",), ("g();\x0b\u2028",), ("",)]
    assert read_answers(tmp_path / "said.txt", gold) == [
        Answer(["f();"], ("f();",)),
        Answer([""], ("g();\x0b\u2028",)),
        Answer(["h();"], ("",)),
    ]


def test_other_numbers_of_lines_are_refused(tmp_path):
    (tmp_path / "gold.txt").write_text("f();\ng();\n")
    (tmp_path / "said.txt").write_text('f("\n");\ng();\n')
    with pytest.raises(
        DataError, match=r"said\.txt has 3 lines, .*gold\.txt 2 references: a prediction that"
    ):
        read_answers(tmp_path / "said.txt", read_references(tmp_path / "gold.txt"))


@pytest.mark.parametrize("shape", ["dataset", "corpus", "lines", "lines of several"])
def test_ids_are_paired_whatever_the_order(tmp_path, shape):
    several = shape in ("corpus", "lines of several")
    texts = [["f();", "F();"], ["g();"]] if several else ["f();", "g();"]
    column = "references" if several else "target"
    path = tmp_path / ("gold.parquet" if shape in ("dataset", "corpus") else "gold.jsonl")
    if path.suffix == ".parquet":
        write_parquet(path, pa.table({"id": ["a", "b"], column: texts}))
    else:
        write_jsonl(path, [{"id": key, column: text} for key, text in zip("ab", texts, strict=True)])
    said = [
        {"id": key, "rank": rank, "text": f"{key}{rank}", "score": 0.0} for key in "ba" for rank in (2, 1)
    ]
    write_jsonl(tmp_path / "said.jsonl", said)
    first = ("f();", "F();") if several else ("f();",)
    assert read_answers(tmp_path / "said.jsonl", read_references(path)) == [
        Answer(["a1", "a2"], first),
        Answer(["b1", "b2"], ("g();",)),
    ]


def test_what_cannot_be_read_is_told(tmp_path):
    (tmp_path / "empty.txt").write_text("")
    with pytest.raises(DataError, match=r"empty\.txt: no references"):
        read_references(tmp_path / "empty.txt")
    with pytest.raises(DataError, match=r"none\.txt: cannot be read as UTF-8 text"):
        read_references(tmp_path / "none.txt")
    (tmp_path / "latin.txt").write_bytes(b'f("\xe9");')
    with pytest.raises(DataError, match=r"latin\.txt: cannot be read as UTF-8 text"):
        read_references(tmp_path / "latin.txt")
    write_parquet(tmp_path / "other.parquet", pa.table({"id": ["a"], "text": ["f();"]}))
    with pytest.raises(DataError, match="needs the columns id and target or references, has id, text"):
        read_references(tmp_path / "other.parquet")
    write_jsonl(tmp_path / "other.jsonl", [{"id": "a", "target": "f();"}, {"id": "b"}])
    with pytest.raises(DataError, match=r"other\.jsonl:2: a reference has an id and a target or references"):
        read_references(tmp_path / "other.jsonl")
