from __future__ import annotations

from dataclasses import replace

import pytest

from kdlib.config import Filters, Split
from kdlib.corpus.assembly.leakage import SAMPLE, audit
from kdlib.files import DataError, write_examples
from kdlib.records import MARKER
from tests.corpus.conftest import an_example

FOUR = [an_example(number, source=f"s{number}") for number in range(4)]
SPLITS = dict(zip((e.id for e in FOUR), ["train", "validation", "test", "test"], strict=True))


@pytest.fixture
def check(tmp_path):
    """Audit four clean examples and others, given with their split."""

    def run(others=(), split=None, near=0.9):
        examples = [*FOUR, *(example for example, _ in others)]
        split_of = SPLITS | {example.id: own for example, own in others}
        write_examples(tmp_path / "examples.parquet", examples)
        filters = Filters(near_duplicates=near)
        return audit(tmp_path / "examples.parquet", split_of, split or Split(), filters)

    return run


def test_a_clean_corpus_passes(check):
    found = check()
    assert found.leakage == {"text": 0, "unit": 0, "focal_method": 0, "near": 0}
    assert found.rows == {"text": 2, "unit": 2, "focal_method": 2, "near": 2}
    assert found.bounds == {"text": 0, "unit": 0, "near": 0.01}
    assert found.verdict == "passed"


def test_equal_texts(check):
    twin = replace(
        FOUR[2], id="twin", focal_method="int other() {}", occurrences=an_example(9, source="s9").occurrences
    )
    message = r"50\.00% of 2 test rows share their text .* split\.max_leakage 0\.00%"
    with pytest.raises(DataError, match=message):
        check([(twin, "train")], near=1)
    found = check([(twin, "train")], Split(by="row"))
    assert (found.leakage["text"], found.verdict, found.bounds) == (0.5, "reported only", {})
    assert "unit" not in found.leakage
    assert check([(twin, "train")], Split(max_leakage=0.5), near=1).leakage["text"] == 0.5
    assert check([(twin, "test")], Split(by="row")).leakage["text"] == 0


@pytest.mark.parametrize("field", ["group", "focal_class", "test_class"])
def test_shared_classes(check, field):
    akin = an_example(9, **{field: "p.C3"})
    with pytest.raises(DataError, match=r"50\.00% of 2 test rows share their unit"):
        check([(akin, "validation")])
    assert check([(akin, "train")], Split(by="project")).leakage["unit"] == 0


def test_shared_sources(check):
    with pytest.raises(DataError, match="unit"):
        check([(an_example(9, source="s3"), "train")], Split(by="project"))


def test_shared_focal_methods_never_fail(check):
    focal = replace(an_example(9), focal_method=FOUR[3].focal_method + " ")
    assert check([(focal, "train")]).leakage["focal_method"] == 0.5


def pair(changed):
    """Two examples of 100 calls, of which so many differ."""
    calls = [f"c{n}();" for n in range(100)]
    others = [f"d{n}();" if n < changed else call for n, call in enumerate(calls)]
    return [
        replace(
            an_example(number),
            masked_test=f"void t() {{ {' '.join(own)}\n{MARKER}\n}}",
            references=("ok();",),
        )
        for number, own in ((10, calls), (11, others))
    ]


@pytest.mark.parametrize("where", ["train", "validation"])
def test_near_duplicates(check, where):
    # 411 tokens; the names of the first 5 calls are in 21 of 407 shingles: 386 / 428 = 0.902.
    known, tested = pair(5)
    others = [(known, where), (tested, "test")]
    message = r"33\.33% of 3 test rows have a near duplicate .* split\.max_near_leakage 1\.00%"
    with pytest.raises(DataError, match=message):
        check(others, near=0.9)
    assert check(others, near=0.91).leakage["near"] == 0
    assert check(others, Split(max_near_leakage=0.4), near=0.9).leakage["near"] == pytest.approx(1 / 3)
    assert check(others, Split(by="row"), near=0.9).leakage["near"] == pytest.approx(1 / 3)
    assert check([(known, "test"), (tested, "test")], near=0.9).leakage["near"] == 0


def test_where_none_is_removed_near_duplicates_are_reported_and_never_fail(check):
    known, tested = pair(1)
    found = check([(known, "train"), (tested, "test")], near=1)
    assert found.leakage["near"] == pytest.approx(1 / 3)
    assert (found.near_threshold, found.verdict) == (0.9, "passed")
    assert "near" not in found.bounds


def test_of_many_test_rows_a_sample_is_audited_for_near_duplicates(tmp_path):
    rows = [an_example(number) for number in range(SAMPLE + 100)]
    twins = [replace(own, id=f"{own.id}t") for own in rows]
    write_examples(tmp_path / "examples.parquet", [*twins, *rows])
    split_of = dict.fromkeys((own.id for own in twins), "train") | {own.id: "test" for own in rows}
    found = audit(tmp_path / "examples.parquet", split_of, Split(by="row"), Filters())
    assert found.rows == {"text": SAMPLE + 100, "focal_method": SAMPLE + 100, "near": SAMPLE}
    assert found.leakage["near"] == 1
