from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import replace

import pytest

from kdlib.config import Filters, Split
from kdlib.corpus.views.document import read_document
from kdlib.corpus.views.placement import known_splits, place, units_of_file
from kdlib.files import write_examples, write_parquet
from kdlib.sources.java_files import JavaFile
from tests.corpus.conftest import an_example


@pytest.fixture
def known(tmp_path):
    """Write a corpus of (example, split) and read what it says of units."""

    def run(rows, by="class"):
        import pyarrow as pa

        write_examples(tmp_path / "examples.parquet", [example for example, _ in rows])
        # In another order: ids decide, not rows.
        table = {
            "id": [example.id for example, _ in rows][::-1],
            "split": [split for _, split in rows][::-1],
        }
        write_parquet(tmp_path / "splits.parquet", pa.table(table))
        return known_splits(tmp_path / "examples.parquet", tmp_path / "splits.parquet", by)

    return run


def document(text, source="s"):
    return read_document(JavaFile("A.java", text.encode()), source, "MIT", Filters())


def test_every_class_of_an_example_has_its_split(known):
    rows = [
        (an_example(1, focal_class="p.A.Inner", test_class="p.ATest", group="p.A"), "validation"),
        (an_example(2, focal_class="p.B", test_class="", group="p.B"), "train"),
    ]
    assert known(rows) == {
        **dict.fromkeys(["p.A.Inner", "p.ATest", "p.A"], "validation"),
        "p.B": "train",
    }


def test_of_several_splits_the_first_of_test_validation_train_wins(known):
    shared = {"focal_class": "p.Base"}
    rows = [(an_example(n, **shared), split) for n, split in enumerate(["train", "test", "validation"])]
    assert known(rows)["p.Base"] == "test"
    assert known([rows[0], rows[2]])["p.Base"] == "validation"
    twice = replace(
        rows[0][0], occurrences=(*rows[0][0].occurrences, *an_example(7, group="p.Other").occurrences)
    )
    assert known([(twice, "train"), rows[1]])["p.Other"] == "train"


def test_units_of_other_splits(known):
    rows = [(an_example(1, source="a"), "train"), (an_example(2, source="b"), "test")]
    assert known(rows, "project") == {"a": "train", "b": "test"}
    assert known(rows, "row") == {}


def test_a_file_belongs_to_all_its_types_the_outermost_first():
    found = document("package p.q; interface A { class B { } } enum C { X }")
    assert units_of_file(found, "class") == ["p.q.A", "p.q.A.B", "p.q.C"]
    assert units_of_file(document("class A { }"), "class") == ["A"]
    assert units_of_file(found, "project") == ["s"]
    assert units_of_file(found, "row") == units_of_file(replace(found, path="x", source="t"), "row")
    assert units_of_file(found, "row") != units_of_file(document("class A { }"), "row")


def test_the_worst_known_unit_decides():
    known = {"p.A": "train", "p.A.B": "validation", "p.C": "test"}
    split = Split(train=1.0, validation=0.0, test=0.0)
    assert place(["p.A"], known, split) == "train"
    assert place(["p.A", "p.A.B"], known, split) == "validation"
    assert place(["p.X", "p.C", "p.A"], known, split) == "test"


def test_unknown_files_fall_by_the_hash_of_their_first_unit_in_the_shares():
    split = Split(train=0.7, validation=0.2, test=0.1, seed=5)
    names = [f"p.C{number}" for number in range(3000)]
    placed = {name: place([name, "p.Other"], {}, split) for name in names}
    counts = Counter(placed.values())
    for name, share in (("train", 0.7), ("validation", 0.2), ("test", 0.1)):
        assert abs(counts[name] / 3000 - share) < 0.03
    # The corpus fills test, then validation, then train in this very order of hashes.
    ranked = sorted(names, key=lambda name: hashlib.sha256(f"5:{name}".encode()).digest())
    order = [placed[name] for name in ranked]
    assert (
        order
        == ["test"] * counts["test"] + ["validation"] * counts["validation"] + ["train"] * counts["train"]
    )
    other = split.model_copy(update={"seed": 6})
    assert [place([name], {}, other) for name in names] != [placed[name] for name in names]
