from __future__ import annotations

from dataclasses import replace

import pytest

from kdlib.corpus.deduplicate import merge, remove_from_train, text_key
from kdlib.records import MARKER
from tests.corpus.conftest import an_example


def test_merge_unites_and_sorts_occurrences():
    one, other = an_example(1, path="b/B.java"), an_example(1, path="a/A.java")
    alone = an_example(2)
    merged = merge([one, alone, other, one])
    assert [example.id for example in merged] == sorted({one.id, alone.id})
    (both,) = (example for example in merged if example.id == one.id)
    assert [where.path for where in both.occurrences] == ["a/A.java", "b/B.java"]
    assert merge(reversed([one, alone, other])) == merged


def test_text_key_sees_code_only_and_the_place_of_the_assertion():
    test = f"void t() {{ a(); // why\n{MARKER}\n  b(); }}"
    example = replace(an_example(1), masked_test=test)
    assert text_key(replace(example, masked_test=f"void t(){{a();\n{MARKER}\nb();/* ! */}}")) == text_key(
        example
    )
    assert text_key(replace(example, focal_method="void other() {}")) == text_key(example)
    for changed in (f"void t() {{ a(); b();\n{MARKER}\n }}", f"void t() {{ a();\n{MARKER}\n  c(); }}"):
        assert text_key(replace(example, masked_test=changed)) != text_key(example)
    assert text_key(replace(example, references=("assertNull(y);",))) != text_key(example)


def copies(number, *splits):
    """Examples that differ in comments, hence in id, but not in code."""
    found = []
    for position, split in enumerate(splits):
        own = an_example(number, group=f"p.{split}", test_class=f"p.{split}Test", focal_class=f"p.{split}")
        test = own.masked_test + f" // {position}"
        found.append(replace(own, id=f"{number}-{position}-{split}", masked_test=test))
    return found


@pytest.mark.parametrize("by", ["class", "project", "row"])
def test_equal_rows_leave_train_and_validation_never_test(by):
    examples = [
        *copies(1, "train", "validation", "test"),
        *copies(2, "train", "validation"),
        *copies(3, "test", "test"),
        *copies(4, "train", "train"),
    ]
    split_of = {example.id: example.id.rpartition("-")[2] for example in examples}
    kept, removed = remove_from_train(examples, split_of, by)
    assert [example.id for example in kept] == [
        "1-2-test",
        "2-1-validation",
        "3-0-test",
        "3-1-test",
        "4-0-train",
        "4-1-train",
    ]
    assert removed["train"] == {"equal text": 2}
    assert removed["validation"] == {"equal text": 1}
    assert removed["test"] == {}


@pytest.mark.parametrize("field", ["group", "focal_class", "test_class"])
def test_a_class_split_keeps_the_classes_of_test_and_validation_out(field):
    train = an_example(1, **{field: "p.Shared"})
    validation = an_example(2, **{field: "p.Also"})
    late = an_example(3, focal_class="p.Also")
    free = an_example(4)
    test = an_example(5, focal_class="p.Shared")
    rows = [train, validation, late, free, test]
    split_of = dict(
        zip((row.id for row in rows), ["train", "validation", "train", "train", "test"], strict=True)
    )
    kept, removed = remove_from_train(rows, split_of, "class")
    assert kept == [validation, free, test]
    assert removed["train"] == {"shared class": 2}
    for by in ("project", "row"):
        assert remove_from_train(rows, split_of, by)[0] == rows


def test_what_validation_lost_removes_nothing_from_train():
    test = an_example(1, focal_class="p.A")
    validation = an_example(2, focal_class="p.A", group="p.B")
    train = an_example(3, group="p.B")
    split_of = {test.id: "test", validation.id: "validation", train.id: "train"}
    assert remove_from_train([test, validation, train], split_of, "class")[0] == [test, train]
