from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kdlib.losses.projections import Projections, layer_map


@pytest.mark.parametrize(
    ("student", "teacher", "expected"),
    [(4, 12, (3, 6, 9, 12)), (1, 6, (6,)), (3, 3, (1, 2, 3)), (5, 12, (2, 5, 7, 10, 12)), (2, 5, (3, 5))],
)
def test_layers_are_spread_evenly(student, teacher, expected):
    assert layer_map(student, teacher) == expected


@given(st.integers(1, 40), st.integers(0, 40))
@settings(max_examples=50, deadline=None)
def test_the_map_increases_to_the_last_layer_and_is_half_a_layer_off_at_most(student, more):
    teacher = student + more
    layers = layer_map(student, teacher)
    assert len(layers) == student
    assert all(low < high for low, high in pairwise((0, *layers)))
    assert layers[-1] == teacher
    assert all(abs(g - m * teacher / student) <= 0.5 for m, g in enumerate(layers, start=1))


@pytest.mark.parametrize("student", [0, 5])
def test_a_map_that_cannot_be_is_named(student):
    with pytest.raises(ValueError, match=f"{student} student layers to 4 teacher layers"):
        layer_map(student, 4)


def hidden_oracle(student, teacher, projection):
    values = []
    for own, aim in zip(student, teacher, strict=True):
        mapped = [sum(w * x for w, x in zip(row, own, strict=True)) for row in projection]
        values.append(sum((a - b) ** 2 for a, b in zip(mapped, aim, strict=True)) / len(aim))
    return values


def test_projections_sum_the_layers(rng):
    projections = Projections(3, student_width=4, teacher_width=5, seed=1).double()
    student, teacher = (torch.tensor(rng.normal(size=(3, 7, width))) for width in (4, 5))
    layers = zip(student.tolist(), teacher.tolist(), projections.weights, strict=True)
    expected = np.sum([hidden_oracle(own, aim, weight.tolist()) for own, aim, weight in layers], axis=0)
    np.testing.assert_allclose(projections(list(student), list(teacher)).detach(), expected, rtol=1e-12)


@pytest.mark.parametrize(("own", "aim"), [(3, 7), (7, 3)])
def test_maps_of_unequal_widths_start_orthonormal_and_distinct(own, aim):
    first, second = Projections(2, own, aim, seed=0).weights
    for weight in (first, second):
        assert weight.shape == (aim, own)
        gram = weight.T @ weight if own < aim else weight @ weight.T
        torch.testing.assert_close(gram.detach(), torch.eye(3))
    assert torch.dist(first, second) > 0.1


def test_a_student_copied_from_the_teacher_starts_at_zero(rng):
    states = list(torch.tensor(rng.normal(size=(2, 7, 5)), dtype=torch.float32))
    assert Projections(2, 5, 5, seed=3)(states, states).tolist() == [0.0] * 7


def test_the_seed_alone_fixes_the_maps():
    torch.manual_seed(1)
    state = torch.get_rng_state()
    first = Projections(2, 3, 5, seed=0).state_dict()
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(2)
    for name, weight in Projections(2, 3, 5, seed=0).state_dict().items():
        assert torch.equal(weight, first[name])
    assert len(first) == 2
    other = Projections(2, 3, 5, seed=1).state_dict()
    assert all(not torch.equal(weight, first[name]) for name, weight in other.items())


def test_descent_trains_student_and_projections_towards_the_teacher(rng):
    teacher = list(torch.tensor(rng.normal(size=(2, 7, 5)), dtype=torch.float32))
    student = torch.tensor(rng.normal(size=(2, 7, 3)), dtype=torch.float32, requires_grad=True)
    projections = Projections(2, 3, 5, seed=0)
    start = {name: weight.clone() for name, weight in projections.state_dict().items()}
    optimiser = torch.optim.SGD([student, *projections.parameters()], lr=0.1)
    losses = []
    for _ in range(100):
        optimiser.zero_grad()
        loss = projections(list(student), teacher).sum()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]
    assert all(torch.dist(weight, start[name]) > 0.01 for name, weight in projections.state_dict().items())


def test_half_precision_states_meet_single_precision_maps(rng):
    projections = Projections(1, 3, 5, seed=0)
    student, teacher = (torch.tensor(rng.normal(size=(7, width))).bfloat16() for width in (3, 5))
    student.requires_grad_()
    values = projections([student], [teacher])
    values.sum().backward()
    exact = projections([student.detach().float()], [teacher.float()])
    torch.testing.assert_close(values.detach(), exact.detach())
    assert student.grad.isfinite().all()
    assert student.grad.norm() > 0


def test_projections_answer_zero_positions():
    projections = Projections(2, 3, 5, seed=0)
    values = projections([torch.zeros(0, 3)] * 2, [torch.zeros(0, 5)] * 2)
    values.sum().backward()
    assert values.shape == (0,)
    assert all((weight.grad == 0).all() for weight in projections.weights)


def test_another_number_of_layers_is_named():
    with pytest.raises(ValueError, match="2 projections, 3 student layers and 1 teacher layers"):
        Projections(2, 4, 5, seed=0)([torch.zeros(7, 4)] * 3, [torch.zeros(7, 5)])
