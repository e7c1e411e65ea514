import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdlib.files import DataError
from kdlib.records import MARKER, Example
from kdlib.tasks.assertion import FOCAL_HEADER, TEST_HEADER, prompt, prompt_ids, target

MARK, EOS = 1_000_001, 1_000_002
HEADERS = len(FOCAL_HEADER) + len(TEST_HEADER) + 2


def encode(text):
    """Give every character an id: the position of each token in the text is then known."""
    return [ord(letter) for letter in text]


def example(focal="int f();", before="void t() {\n  ", after="\n}", references=("a(1);",)):
    return Example("i", focal, f"{before}{MARKER}{after}", tuple(references), ())


def shortened(example, limit):
    """Return the focal method, what precedes the marker and what follows it, as they stand in the prompt."""
    ids = prompt_ids(example, encode, [MARK], EOS, limit)
    assert ids.count(MARK) == 1
    assert ids[-1] == EOS
    before, after = ids[: ids.index(MARK)], ids[ids.index(MARK) + 1 : -1]
    text = "".join(map(chr, before))
    assert text.startswith(FOCAL_HEADER)
    focal, _, left = text.removeprefix(FOCAL_HEADER).partition(TEST_HEADER)
    return len(ids), focal, left, "".join(map(chr, after))


def test_the_focal_method_comes_first_and_the_test_keeps_its_marker():
    text = prompt(example(focal="FOCAL", before="BEFORE ", after=" AFTER"))
    assert text == f"FOCAL METHOD:\nFOCAL\n\nTEST METHOD:\nBEFORE {MARKER} AFTER"


def test_the_first_reference_is_the_target():
    assert target(example(references=("a(1);", "b(2);"))) == "a(1);"


def test_a_prompt_that_fits_is_whole():
    short = example()
    length = HEADERS + len(short.focal_method) + len("void t() {\n  \n}")
    for limit in (length, length + 50):
        assert shortened(short, limit) == (length, "int f();", "void t() {\n  ", "\n}")


LETTERS = st.text(st.characters(codec="utf-8", exclude_characters="\n"), max_size=40)


@given(focal=LETTERS, before=LETTERS, after=LETTERS, spare=st.integers(0, 130))
def test_no_limit_cuts_the_marker_or_is_passed(focal, before, after, spare):
    limit = HEADERS + spare
    length, kept, left, right = shortened(example(focal, before, after), limit)
    assert length <= limit
    assert focal.startswith(kept)
    assert before.endswith(left)
    assert after.startswith(right)
    whole = HEADERS + len(focal) + len(before) + len(after)
    assert length == min(whole, limit)  # no room is wasted


@given(focal=LETTERS, before=LETTERS, after=LETTERS, spare=st.integers(0, 130))
def test_the_focal_method_keeps_a_third_and_what_precedes_the_marker_most_of_the_rest(
    focal, before, after, spare
):
    _, kept, left, right = shortened(example(focal, before, after), HEADERS + spare)
    assert len(kept) >= min(len(focal), spare // 3)
    room = spare - len(kept)
    assert len(left) >= min(len(before), room - room // 4)
    assert len(left) == len(before) or len(right) <= room // 4


def test_the_focal_method_gives_way_first():
    _, kept, left, right = shortened(example("f" * 90, "b" * 30, "a" * 10), HEADERS + 60)
    assert (len(kept), left, right) == (20, "b" * 30, "a" * 10)


@given(focal=LETTERS, before=LETTERS, after=LETTERS, spare=st.integers(0, 130))
def test_a_marker_of_several_ids_stays_whole_and_takes_its_room(focal, before, after, spare):
    """A pretrained tokenizer has no entry for the marker and writes it out."""
    parts, limit = [MARK, MARK + 5, MARK], HEADERS + 2 + spare
    ids = prompt_ids(example(focal, before, after), encode, parts, EOS, limit)
    place = ids.index(MARK)
    assert ids[place : place + 3] == parts
    assert ids.count(MARK) == 2
    assert [*ids[:place], MARK, *ids[place + 3 :]] == prompt_ids(
        example(focal, before, after), encode, [MARK], EOS, limit - 2
    )


def test_only_the_first_marker_is_the_place():
    twice = dataclasses.replace(example(), masked_test=f"a {MARKER} b {MARKER}")
    assert shortened(twice, 200)[3] == f" b {MARKER}"


@pytest.mark.parametrize("limit", [0, HEADERS - 1])
def test_a_limit_without_room_for_the_headers_is_an_error(limit):
    way_out = f"{limit} tokens has no room .* needs {HEADERS}: raise dataset.max_source_tokens"
    with pytest.raises(DataError, match=way_out):
        prompt_ids(example(), encode, [MARK], EOS, limit)
