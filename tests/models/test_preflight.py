"""Tokenizers and layers of pretrained models are looked at before anything is trained."""

from __future__ import annotations

import re
import shutil

import pytest

from kdlib.config import Layers
from kdlib.files import DataError, read_json, sha256
from kdlib.models.preflight import check_starts
from tests.models.conftest import byte_tokenizer, tiny


@pytest.fixture
def models(dataset, tmp_path):
    """Folders of a T5 and a Llama model of two layers a stack, with the tokenizer of the run."""
    folders = {family: tmp_path / family for family in ("t5_tied", "llama_tied")}
    for family, folder in folders.items():
        shutil.copytree(dataset.tokenizer, folder)
        tiny(family).save_pretrained(str(folder))
    return folders


def test_what_fits_is_written_down(models, dataset, tmp_path):
    layers = {"one": ("t5_tied", Layers(encoder=2, decoder=1)), "two": ("llama_tied", Layers(decoder=2))}
    check_starts(dataset.tokenizer, models, layers, tmp_path / "found.json")
    digest = sha256(dataset.tokenizer / "tokenizer.json")
    assert read_json(tmp_path / "found.json") == dict.fromkeys(models, digest)


@pytest.mark.parametrize(
    ("model", "layers", "told"),
    [
        ("t5_tied", Layers(encoder=3), "students.one.layers.encoder: the teacher has 2, got 3"),
        ("t5_tied", Layers(encoder=2, decoder=9), "students.one.layers.decoder: the teacher has 2, got 9"),
        ("llama_tied", Layers(encoder=1), "students.one.layers.encoder: the teacher is a causal model"),
    ],
)
def test_layers_that_a_teacher_will_not_have_are_told(models, dataset, tmp_path, model, layers, told):
    with pytest.raises(DataError, match=re.escape(told)):
        check_starts(dataset.tokenizer, models, {"one": (model, layers)}, tmp_path / "never.json")
    assert not (tmp_path / "never.json").exists()


def test_a_model_of_another_tokenizer_is_named(models, dataset, tmp_path):
    byte_tokenizer().save_pretrained(str(models["llama_tied"]))
    with pytest.raises(DataError, match=r"llama_tied: its tokenizer is not that of the run, they differ in"):
        check_starts(dataset.tokenizer, models, {}, tmp_path / "never.json")
    assert not (tmp_path / "never.json").exists()
