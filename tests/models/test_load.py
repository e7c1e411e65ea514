"""What may be loaded, and what is refused with a sentence."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import load_file, save_file

from kdlib.files import DataError
from kdlib.models.load import check_lengths, check_tokenizer, dtype_of, load
from kdlib.models.tokenizer import EOS, copy_tokenizer, load_tokenizer

CPU = torch.device("cpu")


@pytest.fixture
def saved(model, tmp_path):
    """Folder of a saved model; tests may damage it."""
    model.save_pretrained(str(tmp_path / "model"))
    return tmp_path / "model"


def logits_of(model):
    inputs = {"input_ids": torch.tensor([[4, 9, 2, 1]])}
    if model.config.is_encoder_decoder:
        inputs["decoder_input_ids"] = torch.tensor([[0, 5, 6]])
    with torch.no_grad():
        return model(**inputs).logits


def is_tied(model):
    return model.get_input_embeddings().weight is model.get_output_embeddings().weight


def test_a_saved_model_comes_back_with_its_head_and_scale(model, saved):
    again = load(saved)
    assert not again.training
    assert is_tied(again) == is_tied(model)
    assert torch.equal(logits_of(again), logits_of(model))


def test_weights_are_single_precision_however_they_were_saved(model, saved):
    weights = load_file(saved / "model.safetensors")
    half = {name: weight.bfloat16() for name, weight in weights.items()}
    save_file(half, saved / "model.safetensors", metadata={"format": "pt"})
    settings = json.loads((saved / "config.json").read_text())
    (saved / "config.json").write_text(json.dumps({**settings, "dtype": "bfloat16"}))
    again = load(saved)
    assert {weight.dtype for weight in again.parameters()} == {torch.float32}
    assert all(torch.equal(again.state_dict()[name], weight.float()) for name, weight in half.items())


def test_shards_are_read(model, tmp_path):
    model.save_pretrained(str(tmp_path), max_shard_size="9KB")
    assert not (tmp_path / "model.safetensors").exists()
    assert torch.equal(logits_of(load(tmp_path)), logits_of(model))


def rates(model):
    return {module.p for module in model.modules() if isinstance(module, torch.nn.Dropout)}


def test_dropout_is_the_one_asked_for_else_the_models_own(tiny_model, tmp_path):
    tiny_model("t5_tied").save_pretrained(str(tmp_path / "t5"))
    assert rates(load(tmp_path / "t5")) == {0.25}
    assert rates(load(tmp_path / "t5", dropout=0.0)) == {0.0}
    assert rates(load(tmp_path / "t5", dropout=0.5)) == {0.5}
    tiny_model("llama_tied").save_pretrained(str(tmp_path / "llama"))
    attention = load(tmp_path / "llama", dropout=0.5).train().model.layers[0].self_attn
    assert attention.attention_dropout == 0.5


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_a_missing_file_is_named(saved, name):
    (saved / name).unlink()
    with pytest.raises(
        DataError, match=rf"{re.escape(str(saved))}: no {re.escape(name)}; a model is a folder"
    ):
        load(saved)


def test_pickled_weights_are_not_read(saved):
    torch.save(load_file(saved / "model.safetensors"), saved / "pytorch_model.bin")
    (saved / "model.safetensors").unlink()
    with pytest.raises(DataError, match=r"no model\.safetensors; .*pickled weights, \.bin, .* are not read"):
        load(saved)


def change_weights(folder, change):
    weights = load_file(folder / "model.safetensors")
    change(weights)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def test_a_weight_that_is_not_there_is_named(saved):
    name = max(name for name in load_file(saved / "model.safetensors") if "norm" in name)
    change_weights(saved, lambda weights: weights.pop(name))
    with pytest.raises(DataError, match=rf"weights {re.escape(name)} are missing"):
        load(saved)


def test_a_weight_of_another_shape_is_named(saved):
    name = max(name for name in load_file(saved / "model.safetensors") if "norm" in name)
    change_weights(saved, lambda weights: weights.update({name: torch.ones(7)}))
    with pytest.raises(DataError, match=rf"weights {re.escape(name)} are missing or of another shape"):
        load(saved)


def test_a_file_that_breaks_off_is_named(saved):
    path = saved / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(DataError, match=re.escape(str(saved))):
        load(saved)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ("{", "not a valid JSON"),
        ("{}", "Unrecognized model"),
        ('{"model_type": "vit"}', "Unrecognized configuration class"),
        ('{"model_type": "llama", "hidden_size": 25, "num_attention_heads": 4}', "validat"),
        ('{"model_type": "strange", "auto_map": {"AutoConfig": "own.Own"}}', "custom code"),
    ],
)
def test_a_folder_of_something_else_is_named(saved, settings, told):
    (saved / "config.json").write_text(settings)
    with pytest.raises(DataError, match=rf"{re.escape(str(saved))}: .*{told}"):
        load(saved)


@pytest.fixture
def beside(dataset, tmp_path):
    """A staged model's tokenizer, and the run's copy of it."""
    return dataset.tokenizer, copy_tokenizer(dataset.tokenizer, tmp_path / "run")


def test_the_models_own_tokenizer_is_let_through(beside):
    check_tokenizer(*beside)


@pytest.mark.parametrize(
    ("part", "told"),
    [
        ("vocab", "pieces or merges, vocabulary"),
        ("merges", "pieces or merges"),
        ("pre_tokenizer", "word rules"),
        ("eos", "end token"),
    ],
)
def test_a_tokenizer_that_gives_other_ids_is_refused(beside, tmp_path, part, told):
    model, _ = beside
    path = tmp_path / "run" / "tokenizer.json"
    state = json.loads(path.read_text())
    if part == "vocab":
        vocabulary = state["model"]["vocab"]
        first, second = list(vocabulary)[-2:]
        vocabulary[first], vocabulary[second] = vocabulary[second], vocabulary[first]
    if part == "merges":
        state["model"]["merges"] = state["model"]["merges"][:-1]
    if part == "pre_tokenizer":
        state["pre_tokenizer"] = state["pre_tokenizer"]["pretokenizers"][1]
    path.write_text(json.dumps(state))
    if part == "eos":
        settings = path.with_name("tokenizer_config.json")
        settings.write_text(settings.read_text().replace(f'"eos_token": "{EOS}"', '"eos_token": "<unk>"'))
    sentence = rf"not that of the run, they differ in {told}; name this model in dataset\.tokenizer\.model"
    with pytest.raises(DataError, match=sentence):
        check_tokenizer(model, load_tokenizer(tmp_path / "run"))


def test_lengths_beyond_a_models_positions_are_refused(tiny_model):
    causal = tiny_model("llama_tied")  # 64 positions
    check_lengths(causal, 50, 14)
    way_out = r"prompt of 50 tokens and an assertion of 15 .* 64 positions .*lower dataset\.max_source_tokens"
    with pytest.raises(DataError, match=way_out):
        check_lengths(causal, 50, 15)
    check_lengths(tiny_model("t5_tied"), 5000, 5000)


def test_an_encoder_decoder_reads_prompt_and_assertion_apart():
    model = SimpleNamespace(config=SimpleNamespace(max_position_embeddings=64, is_encoder_decoder=True))
    check_lengths(model, 64, 64)
    for lengths in ((65, 1), (1, 65)):
        with pytest.raises(DataError, match="do not fit into the 64 positions"):
            check_lengths(model, *lengths)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({"avx512_bf16": True, "amx_bf16": False}, torch.bfloat16),
        ({"avx512_bf16": False, "amx_bf16": True}, torch.bfloat16),
        ({"avx512_bf16": False, "amx_bf16": False, "avx2": True}, torch.float32),
        ({"neon": True}, torch.float32),
    ],
)
def test_auto_asks_the_processor(monkeypatch, found, expected):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: found)
    assert dtype_of("auto", CPU) == expected
    assert dtype_of("float32", CPU) == torch.float32
    assert dtype_of("bfloat16", CPU) == torch.bfloat16
    assert dtype_of("auto", torch.device("mps")) == torch.float32


@pytest.mark.parametrize("native", [True, False])
def test_auto_asks_the_gpu_for_more_than_emulation(monkeypatch, native):
    def supported(including_emulation=True):
        return including_emulation or native

    monkeypatch.setattr(torch.cuda, "is_bf16_supported", supported)
    expected = torch.bfloat16 if native else torch.float32
    assert dtype_of("auto", torch.device("cuda")) == expected
