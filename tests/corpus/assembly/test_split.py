from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdlib.config import Split
from kdlib.corpus.assembly.split import assign, assign_units, at_home, units_of
from kdlib.files import DataError
from tests.corpus.conftest import an_example


def examples_of(sizes):
    """Units u0, u1, … with so many examples each."""
    numbers = iter(range(sum(sizes)))
    return [
        an_example(next(numbers), group=f"u{unit}", source=f"u{unit}")
        for unit, size in enumerate(sizes)
        for _ in range(size)
    ]


@given(
    st.lists(st.integers(1, 9), min_size=3, max_size=40),
    st.sampled_from(["class", "project", "row"]),
    st.integers(0, 99),
)
def test_units_stay_whole_and_every_split_gets_some(sizes, by, seed):
    examples = examples_of(sizes)
    split = Split(by=by, seed=seed)
    found = assign(examples, split)
    assert set(found) == {example.id for example in examples}
    assert set(found.values()) == {"train", "validation", "test"}
    splits_of_unit = defaultdict(set)
    for example in examples:
        for unit in units_of(example, split):
            splits_of_unit[unit].add(found[example.id])
    assert all(len(splits) == 1 for splits in splits_of_unit.values())
    assert assign(examples[::-1], split) == found


@pytest.mark.parametrize("by", ["class", "row"])
def test_shares_are_met_within_a_unit(by):
    counts = Counter(
        assign(examples_of([7] * 100), Split(by=by, train=0.6, validation=0.15, test=0.25)).values()
    )
    assert counts["test"] == pytest.approx(175, abs=4)
    assert counts["validation"] == pytest.approx(105, abs=4)
    assert counts.total() == 700


def test_a_unit_too_large_for_a_small_split_goes_to_train():
    for seed in range(20):
        found = assign(examples_of([500, *[10] * 50]), Split(seed=seed))
        counts = Counter(found.values())
        assert counts["test"] == pytest.approx(100, abs=10)
        assert counts["validation"] == pytest.approx(100, abs=10)


def test_seeds_differ():
    examples = examples_of([1] * 60)
    tests = [
        frozenset(key for key, split in assign(examples, Split(seed=seed)).items() if split == "test")
        for seed in range(10)
    ]
    assert len(set(tests)) == 10


def test_a_new_class_moves_few_others():
    before = assign_units(examples_of([5] * 100), Split())
    after = assign_units(examples_of([5] * 101), Split())
    assert sum(before[unit] != after[unit] for unit in before) <= 3


def test_an_example_of_several_units_goes_to_the_first_of_test_validation_train():
    examples = examples_of([3] * 30)
    split = Split()
    units = assign_units(examples, split)
    one_of = {
        name: next(unit for unit in units if units[unit] == name) for name in ("train", "validation", "test")
    }
    where = {name: replace(an_example(1000).occurrences[0], group=unit) for name, unit in one_of.items()}
    pair = replace(an_example(1000), occurrences=(where["train"], where["validation"]))
    trio = replace(an_example(1001), occurrences=(where["train"], where["test"], where["validation"]))
    split_of = assign([*examples, pair, trio], split)
    units = assign_units([*examples, pair, trio], split)
    assert {units[unit] == name for name, unit in one_of.items()} == {True}
    assert (split_of[pair.id], split_of[trio.id]) == ("validation", "test")
    assert at_home(pair.occurrences, "validation", units, split) == [where["validation"]]
    assert at_home(pair.occurrences, "validation", units, Split(by="row")) == list(pair.occurrences)


@pytest.mark.parametrize(
    ("by", "sizes", "words"),
    [
        ("class", [5, 5], ["validation", "classes under test: 2"]),
        ("project", [9], ["validation", "test", "sources: 1"]),
        ("row", [2], ["rows: 2"]),
    ],
)
def test_an_empty_split_is_an_error_that_says_which(by, sizes, words):
    with pytest.raises(DataError) as error:
        assign(examples_of(sizes), Split(by=by))
    for word in [*words, "add sources", "seed"]:
        assert word in str(error.value)


def test_a_share_of_zero_is_an_empty_split():
    with pytest.raises(DataError, match="no examples in validation"):
        assign(examples_of([1] * 50), Split(train=0.9, validation=0.0, test=0.1))
