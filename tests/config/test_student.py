"""What a student is resolved to."""

import pytest

from kdlib.config import Student, load_config
from kdlib.config.presets import presets
from tests.config.conftest import with_student


@pytest.mark.parametrize(
    ("keys", "start"),
    [
        ({}, "size"),
        ({"size": None}, "size"),
        ({"size": "mini"}, "size"),
        ({"layers": {}}, "layers"),
        ({"layers": {"encoder": 4, "decoder": 1}}, "layers"),
        ({"layers": {"decoder": 1}, "size": None}, "layers"),
    ],
)
def test_a_student_starts_from_one_thing(keys, start):
    student = load_config(with_student(**keys)).students["one"]
    assert [name for name in ("size", "model", "layers") if getattr(student, name) is not None] == [start]
    assert Student.model_validate(student.model_dump()) == student
    expected = presets()["sizes"][keys.get("size") or "tiny"]
    assert start != "size" or student.size.model_dump() == expected


@pytest.mark.parametrize(
    ("keys", "weights"),
    [
        ({}, {"focal": (0.3, 0.3), "jsd": (0.7, 0.35), "semantic": (0.0, 0.35)}),
        ({"components": {"jsd": {}}}, {"jsd": (0.7, 0.35)}),
        ({"components": {"ce": {}, "kl": {}}}, {"ce": (0.6, 0.4), "kl": (0.35, 0.35)}),
        ({"loss": "ce"}, {"ce": (1.0, 1.0)}),
        ({"loss": "traditional"}, {}),
        ({"components": {"ce": {}}, "loss_weights": {"ce": 0.5}}, {"ce": (0.5, 0.5)}),
        ({"components": {"ce": {}}, "schedule": {"ce": [1, 0]}}, {"ce": (1.0, 0.0)}),
    ],
)
def test_components_choose_the_schedule_unless_weights_are_given(keys, weights):
    assert load_config(with_student(**keys)).students["one"].weights() == weights


@pytest.mark.parametrize(
    ("keys", "needs"),
    [
        ({}, {"signals", "store", "teachers_encoder", "teacher"}),
        ({"loss": "ce"}, set()),
        ({"loss": "ce", "signals": "online"}, set()),
        ({"loss": "traditional"}, {"signals", "store", "teacher"}),
        ({"loss": "traditional", "signals": "online"}, {"signals", "online", "teacher"}),
        ({"components": {"semantic": {}}}, {"teachers_encoder", "teacher"}),
        ({"components": {"focal": {}}}, set()),
    ],
)
def test_a_student_needs_what_its_components_read(keys, needs):
    student = load_config(with_student(**keys)).students["one"]
    asked = ("signals", "store", "online", "teachers_encoder", "teacher")
    assert {name for name in asked if getattr(student, f"needs_{name}")()} == needs


def test_a_component_dropped_by_null_is_not_used():
    keys = {"components": {"focal": {}, "jsd": None, "semantic": None}}
    assert load_config(with_student(**keys)).students["one"].components.names() == ["focal"]
