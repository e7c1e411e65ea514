"""Models, sizes and encoders that cannot work together."""

import pytest

from kdlib.config import ConfigError, load_config
from tests.config.conftest import (
    CAUSAL,
    CE,
    HUB,
    PACKAGE,
    changed,
    problems,
    with_causal_teacher,
    with_model,
    with_student,
)


def test_heads_that_do_not_divide_the_width_are_reported():
    size = {"d_model": 30, "d_ff": 64, "encoder_layers": 1, "decoder_layers": 1, "heads": 4}
    reported = problems(changed(teachers={"base": {"size": size}}))
    assert reported == ["teachers.base.size: heads 4 must divide d_model 30"]


def test_a_pretrained_student_with_the_tokenizer_of_the_run_is_let_through():
    for keys in ({"model": "real"}, {"layers": {"encoder": 99}}):  # only loading shows how many a hub's has
        assert load_config(with_model(student=keys)).students["one"].size is None


@pytest.mark.parametrize("entry", [HUB, PACKAGE])
def test_a_pretrained_teacher_with_its_tokenizer_is_let_through(entry):
    config = load_config(with_model(entry))
    assert config.models["real"].model_dump() == entry
    assert config.teachers["base"].model == config.dataset.tokenizer.model == "real"


@pytest.mark.parametrize(
    ("raw", "reported"),
    [
        (
            with_model(teacher={"model": "reel"}),
            "teachers.base.model: no model 'reel'; did you mean 'real'?",
        ),
        (with_model(tokenizer="rael"), "dataset.tokenizer.model: no model 'rael'; did you mean 'real'?"),
        (
            with_model(tokenizer=None),
            "teachers.base.model: a pretrained model reads only its own tokens; "
            "set dataset.tokenizer.model: real",
        ),
        (
            with_model(teacher={"training": {"copy_steps": 5}}),
            "teachers.base.training.copy_steps: a pretrained model can copy; set it to 0",
        ),
        (
            with_model(student={"size": CAUSAL, "training": {"copy_steps": 5}}),
            "students.one.training.copy_steps: only a model with an encoder is taught to copy; set it to 0",
        ),
        (
            with_model({**HUB, "revision": "main"}),
            "models.real.hub.revision: must be a full commit id of 40 hex digits, got 'main'; "
            "`.venv/bin/hf models info OWNER/NAME --expand sha` prints the newest one",
        ),
        (
            with_model({**HUB, "id": "codet5"}),
            r"models.real.hub.id: String should match pattern '^[\w.-]+/[\w.-]+$', got 'codet5'",
        ),
        (
            with_model({"kind": "folder", "path": "no/such"}),
            "models.real.path: there is no folder no/such",
        ),
        (
            with_model({"kind": "folder", "path": __file__}),
            f"models.real.path: there is no folder {__file__}",
        ),
        (with_model({"kind": "gguf", "path": "no.gguf"}), "models.real.path: there is no file no.gguf"),
        (with_model({"kind": "gguf", "path": "."}), "models.real.path: there is no file ."),
        (
            changed(teachers={"base": {"size": {**CAUSAL, "d_model": 10}}}, students={"one": CE}),
            "teachers.base.size: d_model / heads must be even in a causal model, got 10 / 2",
        ),
        (
            changed(teachers={"base": {"size": CAUSAL, "training": {"copy_steps": 1}}}, students={"one": CE}),
            "teachers.base.training.copy_steps: only a model with an encoder is taught to copy; set it to 0",
        ),
        (
            with_model(student={"model": "reel"}),
            "students.one.model: no model 'reel'; did you mean 'real'?",
        ),
        (
            changed(models={"real": HUB}, students={"one": {**CE, "model": "real"}}),
            "students.one.model: a pretrained model reads only its own tokens; "
            "set dataset.tokenizer.model: real",
        ),
        (
            with_model(student={"model": "real", "training": {"copy_steps": 5}}),
            "students.one.training.copy_steps: a pretrained model can copy; set it to 0",
        ),
        (
            with_model(student={"layers": {"decoder": 2}, "training": {"copy_steps": 5}}),
            "students.one.training.copy_steps: a pretrained model can copy; set it to 0",
        ),
        (
            with_model(student={"layers": {"decoder": 2}, "model": "real"}),
            "students.one: model and layers exclude each other; set all but one to null",
        ),
        (
            with_student(layers={}, size="tiny", loss="ce"),
            "students.one: size and layers exclude each other; set all but one to null",
        ),
        (
            with_student(layers={"decoder": 3}, loss="ce"),
            "students.one.layers.decoder: teacher base has 2, got 3",
        ),
        (
            with_student(layers={"encoder": 5, "decoder": 2}, loss="ce"),
            "students.one.layers.encoder: teacher base has 4, got 5",
        ),
        (
            with_causal_teacher(loss="ce", layers={"encoder": 1}),
            "students.one.layers.encoder: teacher base is a causal model without an encoder; leave it out",
        ),
        (
            with_model(PACKAGE, student={"layers": {"encoder": 1, "decoder": 99}}),
            "students.one.layers.encoder: teacher base is a causal model without an encoder; leave it out",
        ),
        (
            changed(teachers={"base": {"lora": {}}}, students={"one": CE}),
            "teachers.base.lora: it adapts a pretrained model; name one in model, or leave lora out",
        ),
        (
            with_causal_teacher(),
            "students.one.components.semantic: teacher base is a causal model without an encoder; "
            "name an entry of encoders in students.one.encoder, or leave semantic out",
        ),
        (
            with_model(PACKAGE, student={"loss": "multi_component"}),
            "students.one.components.semantic: teacher base is a causal model without an encoder; "
            "name an entry of encoders in students.one.encoder, or leave semantic out",
        ),
    ],
)
def test_what_cannot_work_of_models_is_reported_in_one_sentence(raw, reported):
    assert problems(raw) == [reported]


ENCODER = {"kind": "package", "package": "x", "version": "1", "sha256": "0" * 64, "folder": "x/y"}


def test_a_sentence_encoder_serves_where_a_causal_teacher_has_none():
    config = load_config({**with_causal_teacher(encoder="own"), "encoders": {"own": ENCODER}})
    assert config.encoders["own"].model_dump() == ENCODER
    assert not config.students["one"].needs_teachers_encoder()


@pytest.mark.parametrize(
    ("encoders", "reported"),
    [
        ({"own": ENCODER}, "evaluation.encoder: no encoder 'owm'; did you mean 'own'?"),
        ({}, "evaluation.encoder: no encoder 'owm'; name it under encoders"),
    ],
)
def test_the_encoder_that_measures_predictions_must_be_there(encoders, reported):
    raw = {**with_causal_teacher(), "encoders": encoders, "evaluation": {"encoder": "owm"}}
    with pytest.raises(ConfigError) as error:
        load_config(raw)
    assert reported in str(error.value)


@pytest.mark.parametrize(
    ("encoders", "student", "reported"),
    [
        ({"own": ENCODER}, {"encoder": "on"}, "students.one.encoder: no encoder 'on'; did you mean 'own'?"),
        ({}, {"encoder": "own"}, "students.one.encoder: no encoder 'own'; name it under encoders"),
        (
            {"own": ENCODER},
            {"encoder": "own", "loss": "ce"},
            "students.one.encoder: no component of its loss reads an encoder; leave it out",
        ),
        (
            {"own": {"kind": "folder", "path": "no/such"}},
            {},
            "encoders.own.path: there is no folder no/such",
        ),
    ],
)
def test_what_cannot_work_of_encoders_is_reported_in_one_sentence(encoders, student, reported):
    assert problems(changed(encoders=encoders, students={"one": {"teacher": "base", **student}})) == [
        reported
    ]


def test_a_model_that_is_named_nowhere_has_no_near_name():
    assert problems(with_model(None)) == [
        "dataset.tokenizer.model: no model 'real'; name it under models",
        "teachers.base.model: no model 'real'; name it under models",
    ]


def test_a_wrong_model_is_not_reported_again_where_it_is_used():
    incomplete = {key: value for key, value in PACKAGE.items() if key != "sha256"}
    assert problems(with_model(incomplete)) == ["models.real.package.sha256: missing"]


def test_only_loading_shows_whether_a_hub_model_has_an_encoder():
    load_config(with_model(HUB, student={"loss": "multi_component"}))
