import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdlib.tasks.completion import Completion, labelled_ids


def merge(text):
    """Encode like a tokenizer that merges ``ab`` into one token."""
    return [ord(letter) for letter in text.replace("ab", "\N{SNOWMAN}")]


def unmerge(ids):
    return "".join(map(chr, ids)).replace("\N{SNOWMAN}", "ab")


def test_no_token_straddles_the_border():
    ids, labels = labelled_ids(Completion("xabx", 2), merge)
    assert ids == [ord(letter) for letter in "xabx"]  # whole, the text would have three tokens
    assert labels == [-100, -100, ord("b"), ord("x")]


@given(st.text("abx", max_size=12), st.text("abx", max_size=12))
def test_ids_spell_the_text_and_labels_the_completion(context, learned):
    ids, labels = labelled_ids(Completion(context + learned, len(context)), merge)
    assert unmerge(ids) == context + learned
    assert unmerge([label for label in labels if label != -100]) == learned
    assert len(ids) == len(labels)
    assert all(label in (-100, own) for own, label in zip(ids, labels, strict=True))


@pytest.mark.parametrize("cut", range(24))
def test_a_real_tokenizer_gives_the_text_back(tokenizer, cut):
    text = "assertEquals(größe, 12);"
    made = Completion(text, cut)
    ids, labels = labelled_ids(made, lambda part: tokenizer.encode(part, add_special_tokens=False))
    assert tokenizer.decode(ids) == text
    assert tokenizer.decode([label for label in labels if label != -100]) == text[cut:]


def test_the_tokenizer_of_these_tests_has_tokens_that_could_straddle(tokenizer):
    assert len(tokenizer.encode("assertEquals", add_special_tokens=False)) < 4
