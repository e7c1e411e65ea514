"""Causal and pretrained models take the same way as encoder-decoders from scratch."""

import json
import shutil

import pytest
import torch

from kdlib.config import Teacher, Training
from kdlib.files import DataError
from kdlib.models.load import load
from kdlib.training.finetune import finetune as finetune_teacher
from tests.conftest import job_in
from tests.models.test_sentence import write_encoder

CAUSAL = {"d_model": 32, "d_ff": 64, "encoder_layers": 0, "decoder_layers": 1, "heads": 2}
T5 = {**CAUSAL, "encoder_layers": 1}
LEARN = {"epochs": 25, "learning_rate": 0.01, "dropout": 0, "patience": 25}


@pytest.fixture(scope="module")
def causal_teacher(finetune_into, tmp_path_factory):
    return finetune_into(tmp_path_factory.mktemp("causal"), "teacher", size=CAUSAL, **LEARN)


@pytest.fixture(scope="module")
def causal_store(signals_of, causal_teacher, tmp_path_factory):
    return signals_of(tmp_path_factory.mktemp("causal_store"), causal_teacher / "best_model")


def mean_of_epochs(steps, column):
    """Return the mean of a column over the first and over the last epoch."""
    epochs = [int(row["epoch"]) for row in steps]
    chosen = ([float(r[column]) for r in steps if int(r["epoch"]) == e] for e in (min(epochs), max(epochs)))
    return [sum(values) / len(values) for values in chosen]


def test_a_causal_teacher_learns_its_rows(causal_teacher, steps):
    assert json.loads((causal_teacher / "best_model" / "config.json").read_text())["model_type"] == "llama"
    first, last = mean_of_epochs(steps(causal_teacher), "ce_loss_raw")
    assert (first, last) == (pytest.approx(5, abs=1.5), pytest.approx(0, abs=0.5))


@pytest.mark.parametrize(("size", "family"), [(CAUSAL, "llama"), (T5, "t5")])
def test_a_causal_teacher_teaches_students_of_either_kind(
    distill, causal_teacher, causal_store, steps, size, family
):
    given = {"store": causal_store, "model": causal_teacher / "best_model", "size": size}
    out = distill("pupil", LEARN, loss="traditional", temperature={"start": 2, "end": 2}, **given)
    assert json.loads((out / "best_model" / "config.json").read_text())["model_type"] == family
    for column, most in (("ce_loss_raw", 0.7), ("kl_loss_raw", 2.0)):
        first, last = mean_of_epochs(steps(out), column)
        assert last < most < first, column


def test_a_causal_teacher_borrows_a_sentence_encoder(distill, causal_teacher, causal_store, steps, tmp_path):
    encoder = write_encoder(tmp_path)
    given = {"store": causal_store, "model": causal_teacher / "best_model", "size": CAUSAL}
    components = {"components": {"focal": {}, "semantic": {}}, "loss_weights": {"focal": 1, "semantic": 1}}
    with pytest.raises(DataError, match="student toy: its loss needs the encoder tiny, none given"):
        distill("none", LEARN, encoder="tiny", **given, **components)
    out = distill("pupil", {**LEARN, "epochs": 5}, measure=encoder, encoder="tiny", **given, **components)
    first, last = mean_of_epochs(steps(out), "semantic_loss_raw")
    assert 0 < last < first


@pytest.fixture
def pretrained(causal_teacher, dataset, tmp_path):
    """A folder of model and tokenizer, as the rule model stages it."""
    folder = tmp_path / "pretrained"
    shutil.copytree(dataset.tokenizer, folder)
    shutil.copytree(causal_teacher / "best_model", folder, dirs_exist_ok=True)
    return folder


def finetune_from(folder, dataset, tmp_path, **training):
    teacher = Teacher(model="llama", training=Training(**{"batch_size": 8, "epochs": 1, **training}))
    finetune_teacher("toy", teacher, dataset.teacher_inputs(pretrained=folder), job_in(tmp_path))
    return tmp_path / "out"


def test_a_pretrained_teacher_goes_on_from_what_it_knows(pretrained, dataset, tmp_path, steps):
    out = finetune_from(pretrained, dataset, tmp_path, learning_rate=1e-6, dropout=0)
    assert float(steps(out)[0]["ce_loss_raw"]) < 1
    before, after = load(pretrained).state_dict(), load(out / "best_model").state_dict()
    assert before.keys() == after.keys()
    for name, tensor in before.items():
        torch.testing.assert_close(after[name], tensor, atol=1e-5, rtol=1e-4)
    assert json.loads((out / "training_report.json").read_text())["params"]["model"] == "llama"


def test_a_pretrained_teacher_takes_the_dropout_of_its_training(pretrained, dataset, tmp_path, steps):
    first = [
        float(steps(finetune_from(pretrained, dataset, tmp_path / str(rate), dropout=rate))[0]["ce_loss_raw"])
        for rate in (0.0, 0.9)
    ]
    assert first[1] > first[0] + 0.01


def test_rows_longer_than_a_model_s_positions_are_an_error(pretrained, dataset, tmp_path):
    config = json.loads((pretrained / "config.json").read_text())
    (pretrained / "config.json").write_text(json.dumps({**config, "max_position_embeddings": 20}))
    with pytest.raises(DataError, match="do not fit into the 20 positions of this model"):
        finetune_from(pretrained, dataset, tmp_path)
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "checkpoints").exists()
