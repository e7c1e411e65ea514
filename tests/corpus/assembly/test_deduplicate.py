from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kdlib.config import Filters
from kdlib.corpus.assembly.deduplicate import entry_of, merge, remove_from_train, text_key
from kdlib.corpus.assembly.near import jaccard
from kdlib.java.tokens import code_tokens
from kdlib.records import MARKER
from tests.corpus.conftest import an_example

OFF = Filters(near_duplicates=1)


def test_merge_unites_and_sorts_occurrences_in_order_of_first_appearance():
    one, other = an_example(1, path="b/B.java"), an_example(1, path="a/A.java")
    alone = an_example(2)
    merged = merge([one, alone, other, one])
    assert [entry.id for entry in merged] == [one.id, alone.id]
    assert [where.path for where in merged[0].occurrences] == ["a/A.java", "b/B.java"]
    again = merge([other, one, alone])
    assert [(entry.id, entry.occurrences) for entry in again] == [
        (entry.id, entry.occurrences) for entry in merged
    ]


def test_an_entry_knows_the_lengths_in_code_tokens():
    example = replace(
        an_example(1),
        focal_method="int f() { return 1; } // one",
        masked_test=f"void t() {{ a();\n{MARKER}\n}}",
        references=("assertNull(x);", "assertEquals(null, x);"),
    )
    assert entry_of(example).lengths == (9, 11, 5)


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


def remove(examples, split_of, by, filters=OFF):
    """Return the ids that stay and the counts of what goes."""
    kept, removed = remove_from_train([entry_of(e) for e in examples], split_of, by, filters)
    return [entry.id for entry in kept], removed


@pytest.mark.parametrize("by", ["class", "project", "row"])
@pytest.mark.parametrize("near", [1, 0.9])
def test_equal_rows_leave_train_and_validation_never_test(by, near):
    examples = [
        *copies(1, "train", "validation", "test"),
        *copies(2, "train", "validation"),
        *copies(3, "test", "test"),
        *copies(4, "train", "train"),
    ]
    split_of = {example.id: example.id.rpartition("-")[2] for example in examples}
    kept, removed = remove(examples, split_of, by, Filters(near_duplicates=near))
    assert kept == ["1-2-test", "2-1-validation", "3-0-test", "3-1-test", "4-0-train", "4-1-train"]
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
    kept, removed = remove(rows, split_of, "class")
    assert kept == [validation.id, free.id, test.id]
    assert removed["train"] == {"shared class": 2}
    for by in ("project", "row"):
        assert remove(rows, split_of, by)[0] == [row.id for row in rows]


def test_what_validation_lost_removes_nothing_from_train():
    test = an_example(1, focal_class="p.A")
    validation = an_example(2, focal_class="p.A", group="p.B")
    train = an_example(3, group="p.B")
    split_of = {test.id: "test", validation.id: "validation", train.id: "train"}
    assert remove([test, validation, train], split_of, "class")[0] == [test.id, train.id]


def long_example(number, calls):
    """An example whose test makes numbered calls, in a class of its own."""
    body = " ".join(f"call{n}();" for n in calls)
    return replace(an_example(number), masked_test=f"void t() {{ {body}\n{MARKER}\n}}", references=("ok();",))


@pytest.mark.parametrize("by", ["class", "project", "row"])
def test_near_duplicates_leave_train_and_validation_never_test(by):
    # One call of fifty changed: 8 of about 200 5-grams.
    fifty = list(range(50))
    test = [long_example(1, fifty), long_example(2, [*fifty[:-1], 99])]
    validation = [long_example(3, [98, *fifty[1:]]), long_example(4, range(100, 150))]
    train = [
        long_example(5, [*fifty[:25], 97, *fifty[26:]]),
        long_example(6, [*range(100, 149), 96]),
        long_example(7, range(200, 250)),
        long_example(8, [*fifty[:25], *range(200, 225)]),
    ]
    examples = [*train, *validation, *test]
    split_of = {
        example.id: split
        for split, part in (("train", train), ("validation", validation), ("test", test))
        for example in part
    }
    kept, removed = remove(examples, split_of, by, Filters(near_duplicates=0.9))
    assert kept == [e.id for e in (train[2], train[3], validation[1], *test)]
    assert removed["train"] == {"near duplicate": 2}
    assert removed["validation"] == {"near duplicate": 1}
    assert remove(examples, split_of, by, OFF)[0] == [e.id for e in examples]


def test_the_threshold_itself_is_near():
    one, other = long_example(1, range(20)), long_example(2, [*range(19), 77])
    similarity = jaccard(entry_of(one).shingles, entry_of(other).shingles)
    assert 0.5 < similarity < 0.95
    split_of = {one.id: "test", other.id: "train"}
    just_above = Filters(near_duplicates=similarity + 1e-9)
    assert remove([one, other], split_of, "row", Filters(near_duplicates=similarity))[0] == [one.id]
    assert remove([one, other], split_of, "row", just_above)[0] == [one.id, other.id]


def similarity(a, b):
    """The definition, on sets of tuples; all texts here have at least five tokens."""

    def grams(example):
        tokens = code_tokens(example.masked_test.replace(MARKER, "MARKER")) + code_tokens(
            example.references[0]
        )
        return {tuple(tokens[start : start + 5]) for start in range(len(tokens) - 4)}

    return len(grams(a) & grams(b)) / len(grams(a) | grams(b))


@settings(deadline=None, max_examples=40, derandomize=True)
@given(st.integers(0, 10**6), st.sampled_from([0.5, 0.8, 0.9]))
def test_brute_force_finds_no_pair_that_remains_and_none_that_went_in_vain(seed, threshold):
    random = Random(seed)
    families = [range(start, start + random.randrange(4, 30)) for start in (0, 100, 200)]
    examples, split_of = [], {}
    for number in range(24):
        calls = [n if random.random() > 0.1 else random.randrange(300, 340) for n in random.choice(families)]
        examples.append(long_example(number, calls))
        split_of[examples[-1].id] = random.choice(["train", "validation", "test"])
    kept, _ = remove(examples, split_of, "row", Filters(near_duplicates=threshold))
    left = {
        split: [e for e in examples if split_of[e.id] == split] for split in ("test", "validation", "train")
    }

    def akin(example, others):
        return any(similarity(example, other) >= threshold for other in others)

    left["validation"] = [e for e in left["validation"] if not akin(e, left["test"])]
    left["train"] = [e for e in left["train"] if not akin(e, left["test"] + left["validation"])]
    assert set(kept) == {e.id for part in left.values() for e in part}
