import dataclasses
import hashlib

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kdlib.records import (
    MARKER,
    Example,
    Prediction,
    digest,
    example_id,
    normalise_whitespace,
    target_hash,
)

PARTS = st.lists(st.text(max_size=4), max_size=4)


def test_digest_is_sha256_of_the_parts_each_closed_by_a_zero_byte():
    assert digest(["ä", "b"]) == hashlib.sha256(b"\xc3\xa4\x00b\x00").hexdigest()


@given(PARTS, PARTS)
def test_digests_of_different_lists_differ(ours, theirs):
    assume(ours != theirs and "\0" not in "".join(ours + theirs))  # a zero byte is no text of a source file
    assert digest(ours) != digest(theirs)


@given(st.text())
def test_normalised_text_has_single_blanks_only(text):
    once = normalise_whitespace(text)
    assert normalise_whitespace(once) == once
    assert once.split(" ") == text.split() or once == ""
    assert "".join(once.split()) == "".join(text.split())


def test_an_id_ignores_the_amount_of_white_space_and_nothing_else():
    same = example_id("int f() {\n  return 1; }", f"{MARKER}\n", ["a(1);"])
    assert same == example_id(" int f() {  return 1; }\t", MARKER, ["a(1);\n"])
    others = [
        example_id("int f() { return 2; }", MARKER, ["a(1);"]),
        example_id("int f() { return 1; }", f"x {MARKER}", ["a(1);"]),
        example_id("int f() { return 1; }", MARKER, ["a( 1);"]),
        example_id("int f() { return 1; }", MARKER, ["a(1);", "a(1);"]),
    ]
    assert len({same, *others}) == 5


def test_the_hash_of_a_target_tells_ids_apart():
    assert target_hash([1, 23]) != target_hash([12, 3])
    assert target_hash([1, 2]) != target_hash([2, 1])
    assert target_hash(iter([1, 2])) == target_hash((1, 2)) == target_hash([1, 2])
    assert len(target_hash([])) == 16


@pytest.mark.parametrize(
    "value",
    [
        Example("i", "f", "t", ("r",), ()),
        Prediction("i", 1, "t", 0.5),
    ],
)
def test_nouns_cannot_be_changed(value):
    field = dataclasses.fields(value)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(value, field, "other")
