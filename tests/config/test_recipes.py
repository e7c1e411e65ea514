"""What named losses stand for."""

import typing

import pytest

from kdlib.config import Student
from kdlib.config.presets import presets
from kdlib.config.recipes import BALANCED, COMPONENTS_OF, LossName, default_schedule


def test_every_loss_but_one_fixes_its_components():
    assert {*COMPONENTS_OF, "multi_component"} == set(typing.get_args(LossName))


@pytest.mark.parametrize("loss", typing.get_args(LossName))
def test_a_student_is_balanced_if_its_recipe_says_so(loss):
    student = Student.model_validate({"teacher": "base", "loss": loss})
    assert student.balanced() == (loss in BALANCED)
    # A rule's params hold the resolved values, from which training reads the same.
    again = Student.model_validate(student.model_dump())
    assert (again.balanced(), again.weights()) == (student.balanced(), student.weights())


@pytest.mark.parametrize(
    ("components", "schedule"),
    [
        ([], "trident"),
        (["focal", "jsd", "semantic", "contrastive"], "trident"),
        (["focal", "ce"], "legacy"),
        (["kl"], "legacy"),
    ],
)
def test_components_choose_the_schedule(components, schedule):
    assert default_schedule(components) == schedule
    assert schedule in presets()["schedules"]
