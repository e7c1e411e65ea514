"""What a student starts from: the teacher's layers or a pretrained model, in place of random weights."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from kdlib.config import Layers, Student, Tokenizer
from kdlib.files import DataError
from kdlib.models.load import load
from kdlib.models.shrink import shrink
from kdlib.models.tokenizer import train_tokenizer
from kdlib.training.distill import distill as distill_student
from tests.conftest import job_in

DEEP = {"d_model": 32, "d_ff": 64, "encoder_layers": 3, "decoder_layers": 3, "heads": 2}
BARELY = {"epochs": 1, "learning_rate": 1e-7, "dropout": 0}


@pytest.fixture(scope="module", params=["t5", "llama"])
def deep_teacher(request, finetune_into, tmp_path_factory):
    size = DEEP if request.param == "t5" else {**DEEP, "encoder_layers": 0}
    out = finetune_into(tmp_path_factory.mktemp(request.param), "teacher", size=size, epochs=2)
    return out / "best_model"


@pytest.fixture
def staged(deep_teacher, dataset, tmp_path):
    """A pretrained model with its tokenizer, as the rule model stages it."""
    folder = shutil.copytree(dataset.tokenizer, tmp_path / "pretrained")
    return Path(shutil.copytree(deep_teacher, folder, dirs_exist_ok=True))


@pytest.fixture
def start(dataset, tmp_path):
    """Return a function that trains a student with ce alone and returns its folder."""

    def run(teacher=None, pretrained=None, name="student", tokenizer=dataset.tokenizer, **student):
        training = {"batch_size": 8, **BARELY, **student.pop("training", {})}
        preset = Student.model_validate({"teacher": "toy", "loss": "ce", "training": training, **student})
        inputs = dataset.student_inputs(tmp_path, teacher=teacher, pretrained=pretrained)
        distill_student("toy", preset, replace(inputs, tokenizer=tokenizer), job_in(tmp_path, name))
        return tmp_path / name

    return run


def assert_close_weights(folder, model):
    """Make sure that a training that moves next to nothing ended where the model is."""
    found = load(folder / "best_model").state_dict()
    assert found.keys() == model.state_dict().keys()
    for name, weight in model.state_dict().items():
        torch.testing.assert_close(found[name], weight, atol=1e-5, rtol=1e-4)


def test_a_student_goes_on_from_its_teachers_layers(start, deep_teacher):
    out = start(deep_teacher, layers={"decoder": 2})
    assert_close_weights(out, shrink(deep_teacher, Layers(decoder=2)))
    report = json.loads((out / "training_report.json").read_text())
    assert report["params"]["layers"] == {"encoder": None, "decoder": 2}


def test_a_student_of_all_layers_knows_what_its_teacher_knows(start, deep_teacher, steps):
    whole, less = (
        float(steps(start(deep_teacher, name=f"{n}", layers={"decoder": n}))[0]["ce_loss_raw"])
        for n in (3, 1)
    )
    learnt = json.loads((deep_teacher.parent / "training_report.json").read_text())["best_validation_nll"]
    assert whole == pytest.approx(learnt, rel=0.1)
    assert less != whole


def test_a_student_goes_on_from_a_pretrained_model(start, staged):
    out = start(pretrained=staged, model="real")
    assert_close_weights(out, load(staged))
    assert json.loads((out / "training_report.json").read_text())["params"]["model"] == "real"


def test_a_pretrained_student_of_another_tokenizer_is_refused(start, staged, tmp_path):
    train_tokenizer(["int x = y;"], Tokenizer(vocab_size=300), tmp_path / "other")
    with pytest.raises(
        DataError, match=r"its tokenizer is not that of the run, .*; name this model in dataset"
    ):
        start(pretrained=staged, model="real", tokenizer=tmp_path / "other")
    assert not any((tmp_path / name).exists() for name in ("student", "checkpoints"))


@pytest.mark.parametrize(
    ("student", "told"),
    [
        ({"layers": {}}, "it starts from the teacher's layers, none given"),
        ({"model": "real"}, "it starts from the model real, none given"),
    ],
)
def test_a_start_that_is_not_given_is_an_error_that_names_it(start, tmp_path, student, told):
    with pytest.raises(DataError, match=told):
        start(**student)
    assert list(tmp_path.iterdir()) == []


def test_other_weights_to_start_from_are_another_training(start, staged, tmp_path):
    """The job's key covers the files, so that no checkpoint of another start is resumed."""
    keys = []
    for scale in (1.0, 1.5):
        model = load(staged)
        with torch.no_grad():
            model.get_input_embeddings().weight.mul_(scale)
        model.save_pretrained(str(staged))
        for given in ({"pretrained": staged, "model": "real"}, {"teacher": staged, "layers": {"decoder": 3}}):
            out = start(name=f"run{len(keys)}", **given)
            keys.append(json.loads((out / "training_report.json").read_text())["key"])
    assert len(set(keys)) == 4
