import pytest

from kdlib.config import Student, Training
from kdlib.training.loop.plan import student_plan, teacher_plan


def student(**keys):
    return Student.model_validate({"teacher": "t", "training": {"epochs": 4}, **keys})


def test_a_teacher_descends_on_cross_entropy_alone():
    plan = teacher_plan(Training(epochs=3, floor=0.1, patience=7, warmup_ratio=0.3))
    assert [plan.weights(progress, 0.0) for progress in (0.0, 0.5, 1.0)] == [{"ce": 1.0}] * 3
    assert plan.moment(2, True)[0] == 1.0
    assert (plan.epochs, plan.floor, plan.patience, plan.warmup_ratio) == (3, 0.1, 7, 0.3)


def test_the_traditional_loss_is_weighed_by_alpha():
    plan = student_plan(student(loss="traditional", alpha=0.6))
    assert plan.weights(0.5, 0.6) == {"kl": 0.6, "ce": pytest.approx(0.4)}
    assert plan.moment(3, False)[1] == 0.6
    assert plan.moment(3, True)[1] == pytest.approx(0.6 - 0.2 * 3 / 4)


def test_other_losses_follow_their_table():
    plan = student_plan(student())
    assert plan.weights(0.0, 0.5) == {"focal": 0.3, "jsd": 0.7, "semantic": 0.0}
    assert plan.weights(0.5, 0.5) == pytest.approx({"focal": 0.3, "jsd": 0.525, "semantic": 0.175})
    constant = student_plan(student(components={"ce": {}}, loss_weights={"ce": 0.25}))
    assert constant.weights(0.9, 0.5) == {"ce": 0.25}


def test_temperature_falls_by_whole_epochs():
    plan = student_plan(student(temperature={"start": 8, "end": 0.5}))
    assert [plan.moment(epoch, False)[0] for epoch in range(4)] == pytest.approx([8, 4, 2, 1])
