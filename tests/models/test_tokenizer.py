from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdlib.config import Tokenizer
from kdlib.files import sha256
from kdlib.models.tokenizer import (
    EOS,
    PAD,
    UNK,
    copy_tokenizer,
    decode,
    embedding_rows,
    load_tokenizer,
    train_tokenizer,
)
from kdlib.records import MARKER
from tests.models.conftest import byte_tokenizer

SPECIAL = [PAD, EOS, UNK, MARKER]
TEXTS = ["assertEquals(12, box.getCount());", "public int getCount() { return this.count; }", "<s>x</s>"] * 3


def ids(tokenizer, text):
    return tokenizer.encode(text, add_special_tokens=False)


def pieces(tokenizer, text):
    return tokenizer.convert_ids_to_tokens(ids(tokenizer, text))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "tokenizer"
    return folder, train_tokenizer(TEXTS, Tokenizer(vocab_size=330), folder)


@pytest.fixture(scope="module", params=["trained", "loaded"])
def either(request, trained):
    """The tokenizer as training returns it, and as it is read back."""
    folder, tokenizer = trained
    return tokenizer if request.param == "trained" else load_tokenizer(folder)


def test_special_ids_come_first_and_are_told_to_the_model(either):
    assert either.convert_tokens_to_ids(SPECIAL) == [0, 1, 2, 3]
    assert (either.pad_token_id, either.eos_token_id, either.unk_token_id) == (0, 1, 2)
    assert len(either) <= 330


ANY = st.text() | st.lists(st.sampled_from([*SPECIAL, " ", "\n", "\t", "getCount", "é", "'", "\0"])).map(
    "".join
)


@given(text=ANY)
def test_any_text_comes_back(either, text):
    assert decode(either, ids(either, text)) == text


@given(text=ANY)
def test_text_never_becomes_a_special_id(either, text):
    assert not set(ids(either, text)) & {0, 1, 2, 3}


def test_special_ids_are_not_shown(either):
    assert decode(either, [*ids(either, "a(1);"), 3, 1, 0, 0]) == "a(1);"


def test_names_are_split_at_their_words_and_digits_stand_alone(either):
    assert pieces(either, "getCount") == ["get", "Count"]
    assert pieces(either, "12") == ["1", "2"]
    assert all(piece.lstrip("Ġ") == "(" for piece in pieces(either, "(("))


def test_equal_texts_give_equal_files(tmp_path, trained):
    again = tmp_path / "tokenizer"
    train_tokenizer(iter(TEXTS), Tokenizer(vocab_size=330), again)
    names = sorted(path.name for path in again.iterdir())
    assert "tokenizer.json" in names
    assert all(sha256(again / name) == sha256(trained[0] / name) for name in names)


def test_rare_pairs_are_not_merged(tmp_path):
    tokenizer = train_tokenizer(["zyx"], Tokenizer(vocab_size=330, min_frequency=2), tmp_path / "t")
    assert pieces(tokenizer, "zyx") == ["z", "y", "x"]


@pytest.fixture(scope="module")
def copied(tmp_path_factory):
    """A pretrained tokenizer without padding token, as it came and as the run's."""
    folder = tmp_path_factory.mktemp("copied")
    own = byte_tokenizer()
    own.pad_token = None
    own.save_pretrained(str(folder / "model"))
    return own, copy_tokenizer(folder / "model", folder / "run"), folder / "run"


@given(text=ANY)
def test_a_copied_tokenizer_gives_any_text_back_and_no_special_id(copied, text):
    _, ours, _ = copied
    assert decode(ours, ids(ours, text)) == text
    assert not set(ids(ours, text)) & set(ours.all_special_ids)


def test_a_copied_tokenizer_reads_as_the_pretrained_one(copied):
    theirs, ours, folder = copied
    assert ids(ours, TEXTS[1]) == ids(theirs, TEXTS[1])
    assert ids(load_tokenizer(folder), TEXTS[2]) == ids(ours, TEXTS[2])
    assert (ours.eos_token_id, ours.pad_token_id) == (1, 1)  # padded with the end where it has no padding


def test_embeddings_reach_to_the_largest_id(copied):
    ours = copied[1]
    assert embedding_rows(ours) == len(ours)
    vocabulary = {"a": 0, "b": 7}
    assert embedding_rows(SimpleNamespace(get_vocab=lambda: vocabulary)) == 8
