import numpy as np
import pytest
import torch

from kdlib.losses.combine import mean_over
from kdlib.losses.hidden import hidden_states

PRECISIONS = pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.bfloat16, 1e-5)])


def hidden_oracle(student, teacher, projection):
    values = []
    for own, aim in zip(student, teacher, strict=True):
        mapped = [sum(w * x for w, x in zip(row, own, strict=True)) for row in projection]
        values.append(sum((a - b) ** 2 for a, b in zip(mapped, aim, strict=True)) / len(aim))
    return values


@PRECISIONS
@pytest.mark.parametrize(("positions", "own", "aim"), [(1, 1, 3), (7, 5, 11), (7, 11, 5)])
def test_hidden_equals_the_formula(rng, positions, own, aim, dtype, tolerance):
    tensors = [
        torch.tensor(rng.normal(size=size)).to(dtype)
        for size in ((positions, own), (positions, aim), (aim, own))
    ]
    values = hidden_states(*tensors)
    assert values.dtype == torch.float32
    expected = hidden_oracle(*(tensor.double().tolist() for tensor in tensors))
    np.testing.assert_allclose(values.numpy(), expected, rtol=tolerance)


def test_without_a_projection_it_is_the_identity(rng):
    student, teacher = torch.tensor(rng.normal(size=(2, 7, 5)))
    expected = hidden_oracle(student.tolist(), teacher.tolist(), np.eye(5).tolist())
    np.testing.assert_allclose(hidden_states(student, teacher).numpy(), expected, rtol=1e-12)


def test_relative_to_the_teacher_a_silent_student_has_the_value_one(rng):
    teacher = torch.tensor(rng.normal(size=(7, 5))) * torch.logspace(-3, 3, 7)[:, None]
    silent = torch.zeros(7, 5, dtype=torch.float64)
    torch.testing.assert_close(hidden_states(silent, teacher, relative=True), torch.ones(7).double())


def test_relative_to_the_teacher_sizes_do_not_matter(rng):
    student, teacher = torch.tensor(rng.normal(size=(2, 7, 5)))
    plain = hidden_states(student, teacher) / teacher.square().mean(1)
    for size in (1.0, 1e3, 1e-3):
        found = hidden_states(size * student, size * teacher, relative=True)
        torch.testing.assert_close(found, plain)


def test_a_teacher_that_says_nothing_leaves_the_relative_value_finite():
    silent = torch.zeros(2, 3, requires_grad=True)
    values = hidden_states(silent, torch.zeros(2, 3), relative=True)
    assert values.tolist() == [0.0, 0.0]
    values.sum().backward()
    assert not silent.grad.any()


def test_hidden_is_zero_without_gradient_where_the_projection_hits(rng):
    projection = torch.tensor(rng.normal(size=(5, 3)))
    student = torch.tensor(rng.normal(size=(7, 3)), requires_grad=True)
    values = hidden_states(student, student.detach() @ projection.T, projection)
    values.sum().backward()
    np.testing.assert_allclose(values.detach(), 0, atol=1e-12)
    np.testing.assert_allclose(student.grad, 0, atol=1e-12)


def test_hidden_is_insensitive_to_a_rotation_of_the_teachers_features(rng):
    student, teacher, projection = (torch.tensor(rng.normal(size=size)) for size in ((7, 3), (7, 5), (5, 3)))
    rotation = torch.linalg.qr(torch.tensor(rng.normal(size=(5, 5)))).Q
    torch.testing.assert_close(
        hidden_states(student, teacher @ rotation.T, rotation @ projection),
        hidden_states(student, teacher, projection),
    )


def test_hidden_gradient_by_finite_differences(rng, assert_gradient):
    student, teacher, projection = (rng.normal(size=size) for size in ((3, 4), (3, 5), (5, 4)))
    aim = torch.tensor(teacher)
    assert_gradient(lambda h: hidden_states(h, aim, torch.tensor(projection)), student)
    assert_gradient(lambda w: hidden_states(torch.tensor(student), aim, w), projection)
    assert_gradient(lambda h: hidden_states(h, aim[:, :4]), student)


def test_no_gradient_reaches_the_teacher(rng):
    student, teacher = (torch.tensor(rng.normal(size=(3, 5)), requires_grad=True) for _ in range(2))
    hidden_states(student, teacher).sum().backward()
    assert teacher.grad is None
    assert student.grad.norm() > 0


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_hidden_gradient_reaches_a_half_precision_student(rng, dtype):
    states = torch.tensor(rng.normal(size=(7, 5)) * 300).to(dtype)  # squares are above the largest float16
    teacher = torch.zeros(7, 5)
    gradients = []
    for kind in (dtype, torch.float64):
        student = states.to(kind, copy=True).requires_grad_()
        values = hidden_states(student, teacher.to(kind))
        assert values.isfinite().all()
        values.sum().backward()
        gradients.append(student.grad.double())
    torch.testing.assert_close(*gradients, rtol=1e-2, atol=0)


def test_hidden_micro_batches_add_up_to_the_full_batch(rng):
    states, teacher, weights = (torch.tensor(rng.normal(size=size)) for size in ((7, 3), (7, 5), (5, 3)))
    results = []
    for parts in ([slice(0, 7)], [slice(0, 1), slice(1, 4), slice(4, 4), slice(4, 7)]):
        student, projection = states.clone().requires_grad_(), weights.clone().requires_grad_()
        total = sum(mean_over(hidden_states(student[own], teacher[own], projection), 7) for own in parts)
        total.backward()
        results.append((total.detach(), student.grad, projection.grad))
    for whole, split in zip(*results, strict=True):
        torch.testing.assert_close(split, whole)


def test_hidden_of_zero_positions_is_empty_with_a_graph():
    student = torch.zeros(0, 3, requires_grad=True)
    values = hidden_states(student, torch.zeros(0, 5), torch.ones(5, 3))
    values.sum().backward()
    assert values.shape == (0,)
    assert student.grad.shape == (0, 3)


@pytest.mark.parametrize(
    ("teacher", "projection", "message"),
    [
        ((6, 3), None, "7 positions, teacher 6"),
        ((7, 5), None, "width 3, teacher 5: a projection is needed"),
        ((7, 5), (3, 5), r"width 3, teacher 5, the projection \[3, 5\]"),
    ],
)
def test_hidden_states_of_other_size_are_named(teacher, projection, message):
    matrix = None if projection is None else torch.zeros(projection)
    with pytest.raises(ValueError, match=message):
        hidden_states(torch.zeros(7, 3), torch.zeros(teacher), matrix)
