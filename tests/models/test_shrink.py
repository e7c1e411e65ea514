"""A student of its teacher's layers: which ones, and that nothing else changes."""

from __future__ import annotations

import itertools
import json
import re

import pytest
import torch
from safetensors.torch import load_file

from kdlib.config import Layers
from kdlib.files import DataError
from kdlib.models.generate import beam_search, log_probabilities
from kdlib.models.shrink import evenly_spaced, shrink
from tests.models.conftest import FAMILIES, tiny

LAYERS = 5
BLOCK = re.compile(r"^((?:\w+\.)*(?:block|layers))\.(\d+)\.(.+)$")  # stack, number, weight


@pytest.fixture(params=FAMILIES)
def teacher(request, tmp_path):
    """Folder of a teacher of five layers a stack."""
    tiny(request.param, layers=LAYERS).save_pretrained(str(tmp_path / "teacher"))
    return tmp_path / "teacher"


def is_causal(folder):
    return json.loads((folder / "config.json").read_text())["model_type"] == "llama"


@pytest.mark.parametrize(
    ("count", "kept", "chosen"),
    [
        (12, 6, [0, 2, 4, 7, 9, 11]),  # DistilBERT's
        (12, 3, [0, 6, 11]),  # 5.5 is rounded to the even neighbour
        (30, 10, [0, 3, 6, 10, 13, 16, 19, 23, 26, 29]),
        (32, 2, [0, 31]),  # distil-large-v3's decoder
        (7, 1, [0]),
        (1, 1, [0]),
    ],
)
def test_layers_are_evenly_spaced(count, kept, chosen):
    assert evenly_spaced(count, kept) == chosen


def test_the_chosen_layers_are_distinct_with_the_outermost_among_them():
    for count in range(1, 40):
        for kept in range(2, count + 1):
            chosen = evenly_spaced(count, kept)
            assert len(set(chosen)) == kept
            assert (chosen[0], chosen[-1]) == (0, count - 1)
            gaps = {after - before for before, after in itertools.pairwise(chosen)}
            assert max(gaps) - min(gaps) <= 1
        assert evenly_spaced(count, count) == list(range(count))


@pytest.mark.parametrize("named", [True, False])
def test_a_student_of_all_layers_is_the_teacher_byte_for_byte(teacher, tmp_path, named):
    layers = Layers(encoder=None if is_causal(teacher) else LAYERS, decoder=LAYERS) if named else Layers()
    shrink(teacher, layers).save_pretrained(str(tmp_path / "student"))
    files = {path.name for path in teacher.iterdir()}
    assert {"config.json", "model.safetensors"} <= files
    for name in files:
        assert (tmp_path / "student" / name).read_bytes() == (teacher / name).read_bytes(), name


def test_kept_layers_and_all_else_are_the_teachers(teacher, tmp_path):
    chosen = {"encoder": [0, 2, 4], "decoder": [0, 4]}
    layers = Layers(encoder=None if is_causal(teacher) else 3, decoder=2)
    shrink(teacher, layers).save_pretrained(str(tmp_path / "student"))
    ours, theirs = (load_file(folder / "model.safetensors") for folder in (tmp_path / "student", teacher))
    expected = {}
    for name, weight in theirs.items():
        block = BLOCK.match(name)
        if block is None:
            expected[name] = weight
            continue
        kept = chosen["encoder" if block[1].startswith("encoder") else "decoder"]
        if int(block[2]) in kept:
            expected[f"{block[1]}.{kept.index(int(block[2]))}.{block[3]}"] = weight
    assert ours.keys() == expected.keys()
    assert all(torch.equal(ours[name], weight) for name, weight in expected.items())
    assert len(ours) < len(theirs)
    if not is_causal(teacher):  # the relative positions of a whole stack are in its first block
        assert sum("relative_attention_bias" in name for name in ours) == 2


def test_a_part_that_is_left_out_stays_whole(tmp_path):
    tiny("t5_tied", layers=LAYERS).save_pretrained(str(tmp_path))
    student = shrink(tmp_path, Layers(decoder=1))
    assert (len(student.encoder.block), len(student.decoder.block)) == (LAYERS, 1)
    assert (student.config.num_layers, student.config.num_decoder_layers) == (LAYERS, 1)
    assert student.decoder.block[0].layer[0].SelfAttention.relative_attention_bias is not None


def test_a_tied_head_stays_tied_and_an_untied_one_apart(teacher, request):
    family = request.node.callspec.params["teacher"]
    student = shrink(teacher, Layers(decoder=2))
    tied = student.get_input_embeddings().weight is student.get_output_embeddings().weight
    assert tied == family.endswith("_tied")


def test_a_student_of_layers_decodes_as_it_scores(teacher, odd_rows):
    """Numbers of layers that caches rely on: what beam search says of its output is its likelihood."""
    student = shrink(teacher, Layers(decoder=2))
    for row, found in zip(odd_rows, beam_search(student, odd_rows, 1, 1, 4), strict=True):
        ((ids, total),) = found
        (likelihood,) = log_probabilities(student, [type(row)(row.id, row.source_ids, list(ids), "")])
        assert total == pytest.approx(float(likelihood[range(len(ids)), list(ids)].sum()), abs=1e-3)


def test_dropout_is_the_one_of_the_training(tmp_path):
    tiny("t5_tied", layers=LAYERS).save_pretrained(str(tmp_path))
    for rate, expected in ((None, 0.25), (0.0, 0.0)):
        student = shrink(tmp_path, Layers(encoder=2), rate)
        assert {m.p for m in student.modules() if isinstance(m, torch.nn.Dropout)} == {expected}


def test_kinds_of_layers_stay_with_their_layers(tmp_path):
    from transformers import Qwen2Config, Qwen2ForCausalLM

    kinds = ["full_attention", "sliding_attention", "full_attention", "sliding_attention"]
    shape = {"hidden_size": 16, "intermediate_size": 16, "num_attention_heads": 2, "num_key_value_heads": 2}
    config = Qwen2Config(vocab_size=9, num_hidden_layers=4, layer_types=kinds, sliding_window=4, **shape)
    Qwen2ForCausalLM(config).save_pretrained(str(tmp_path))
    student = shrink(tmp_path, Layers(decoder=2))
    assert student.config.layer_types == ["full_attention", "sliding_attention"]
    assert [layer.self_attn.layer_idx for layer in student.model.layers] == [0, 1]


def test_bart_names_its_layers_otherwise(tmp_path):
    from transformers import BartConfig, BartForConditionalGeneration

    shape = {"d_model": 16, "encoder_ffn_dim": 16, "decoder_ffn_dim": 16, "max_position_embeddings": 32}
    heads = {"encoder_attention_heads": 2, "decoder_attention_heads": 2}
    config = BartConfig(vocab_size=60, encoder_layers=3, decoder_layers=3, **shape, **heads)
    BartForConditionalGeneration(config).save_pretrained(str(tmp_path))
    student = shrink(tmp_path, Layers(encoder=2, decoder=1))
    assert (len(student.model.encoder.layers), len(student.model.decoder.layers)) == (2, 1)


def test_a_family_whose_layers_differ_by_their_number_is_refused(tmp_path):
    from transformers import GPTNeoConfig, GPTNeoForCausalLM

    kinds = [[["global", "local"], 2]]
    config = GPTNeoConfig(vocab_size=9, hidden_size=16, num_layers=4, num_heads=2, attention_types=kinds)
    GPTNeoForCausalLM(config).save_pretrained(str(tmp_path))
    with pytest.raises(DataError, match=r"layers: a gpt_neo model cannot be made of .*; use size or model"):
        shrink(tmp_path, Layers(decoder=2))


@pytest.mark.parametrize(
    ("family", "layers", "told"),
    [
        ("t5_tied", Layers(encoder=6), "layers.encoder: the teacher has 5, got 6"),
        ("t5_tied", Layers(decoder=9), "layers.decoder: the teacher has 5, got 9"),
        ("llama_tied", Layers(decoder=6), "layers.decoder: the teacher has 5, got 6"),
        (
            "llama_tied",
            Layers(encoder=1),
            "layers.encoder: the teacher is a causal model without an encoder; leave it out",
        ),
    ],
)
def test_layers_that_are_not_there_are_told(tmp_path, family, layers, told):
    tiny(family, layers=LAYERS).save_pretrained(str(tmp_path))
    with pytest.raises(DataError, match=re.escape(told)):
        shrink(tmp_path, layers)
