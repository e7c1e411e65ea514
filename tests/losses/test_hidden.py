import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kdlib.losses.combine import mean_over
from kdlib.losses.hidden import Projections, attention, hidden_states, layer_map

PRECISIONS = pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.bfloat16, 1e-5)])


# layer_map


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


# hidden_states


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


@pytest.mark.parametrize(
    ("loss", "shape"),
    [(hidden_states, (3, 5)), (lambda own, aim: attention(own, aim, torch.ones(1, 3, 3) > 0), (1, 2, 3, 3))],
    ids=["hidden", "attention"],
)
def test_no_gradient_reaches_the_teacher(rng, loss, shape):
    student, teacher = (torch.tensor(rng.normal(size=shape), requires_grad=True) for _ in range(2))
    loss(student, teacher).sum().backward()
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


# attention


def attention_oracle(student, teacher, mask):
    values = []
    for own, aim, valid in zip(student, teacher, mask, strict=True):
        if len(own) != len(aim):
            own, aim = ([np.mean(maps, axis=0).tolist()] for maps in (own, aim))
        squares = [
            (own[head][q][k] - aim[head][q][k]) ** 2
            for head in range(len(own))
            for q, row in enumerate(valid)
            for k, attended in enumerate(row)
            if attended
        ]
        values.append(sum(squares) / len(squares) if squares else 0.0)
    return values


@pytest.fixture
def mask(rng):
    """Three examples of 5 queries and 7 keys: ragged, the last one without a pair."""
    queries, keys = torch.tensor([[3], [5], [0]]), torch.tensor([[7], [4], [2]])
    return (torch.arange(5) < queries)[:, :, None] & (torch.arange(7) < keys)[:, None, :]


def scores(rng, heads=2):
    return torch.tensor(rng.normal(size=(3, heads, 5, 7)) * 3)


@PRECISIONS
@pytest.mark.parametrize(("heads", "teacher_heads"), [(2, 2), (1, 3), (3, 2)])
def test_attention_equals_the_formula(rng, mask, heads, teacher_heads, dtype, tolerance):
    student, teacher = scores(rng, heads).to(dtype), scores(rng, teacher_heads).to(dtype)
    values = attention(student, teacher, mask)
    assert values.dtype == torch.float32
    expected = attention_oracle(student.tolist(), teacher.tolist(), mask.tolist())
    np.testing.assert_allclose(values.numpy(), expected, rtol=tolerance)
    assert [value > 0 for value in expected] == [True, True, False]


def test_a_causal_mask_leaves_out_later_keys(rng):
    student, teacher = torch.tensor(rng.normal(size=(2, 1, 2, 4, 4)))
    causal = torch.ones(1, 4, 4).tril() > 0
    later = torch.full_like(student, -math.inf).triu(1)
    expected = attention_oracle(student.tolist(), teacher.tolist(), causal.tolist())
    np.testing.assert_allclose(attention(student + later, teacher + later, causal).numpy(), expected)


@pytest.mark.parametrize("garbage", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("teacher_heads", [2, 3])
def test_masked_entries_are_inert(rng, mask, garbage, teacher_heads):
    clean = scores(rng), scores(rng, teacher_heads)
    results = []
    for student, teacher in (clean, [side.masked_fill(~mask[:, None], garbage) for side in clean]):
        student = student.clone().requires_grad_()
        values = attention(student, teacher, mask)
        values.sum().backward()
        results.append((values.detach(), student.grad))
    for plain, dirty in zip(*results, strict=True):
        torch.testing.assert_close(dirty, plain)
    assert (results[0][1][~mask[:, None].expand_as(clean[0])] == 0).all()


def test_equal_maps_give_zero_and_zero_gradient(rng, mask):
    student = scores(rng).requires_grad_()
    values = attention(student, student.detach().clone(), mask)
    values.sum().backward()
    assert values.tolist() == [0.0] * 3
    assert (student.grad == 0).all()


def test_scores_are_compared_not_their_softmax(rng, mask):
    student = scores(rng)
    np.testing.assert_allclose(attention(student + 0.5, student, mask), [0.25, 0.25, 0.0], rtol=1e-12)


def test_the_order_of_heads_counts_only_where_one_side_changes_it(rng, mask):
    student, teacher = scores(rng, 3), scores(rng, 3)
    order = [2, 0, 1]
    plain = attention(student, teacher, mask)
    torch.testing.assert_close(attention(student[:, order], teacher[:, order], mask), plain)
    assert (attention(student[:, order], teacher, mask) - plain)[:2].abs().min() > 1e-3


@pytest.mark.parametrize("teacher_heads", [2, 3])
def test_attention_gradient_by_finite_differences(rng, mask, assert_gradient, teacher_heads):
    teacher = scores(rng, teacher_heads)
    assert_gradient(lambda a: attention(a, teacher, mask), scores(rng).numpy())


def test_examples_do_not_see_each_other(rng, mask):
    student, teacher = scores(rng), scores(rng)
    together = attention(student, teacher, mask)
    for row in range(3):
        own = slice(row, row + 1)
        torch.testing.assert_close(attention(student[own], teacher[own], mask[own]), together[own])


def test_attention_micro_batches_add_up_to_the_full_batch(rng, mask):
    maps, teacher = scores(rng), scores(rng)
    results = []
    for parts in ([slice(0, 3)], [slice(0, 1), slice(1, 1), slice(1, 3)]):
        student = maps.clone().requires_grad_()
        total = sum(mean_over(attention(student[own], teacher[own], mask[own]), 3) for own in parts)
        total.backward()
        results.append((total.detach(), student.grad))
    for whole, split in zip(*results, strict=True):
        torch.testing.assert_close(split, whole)


def test_descent_on_scores_brings_the_attended_probabilities_nearer(rng, mask):
    teacher = scores(rng).masked_fill(~mask[:, None], -1e4)
    student = scores(rng).requires_grad_()
    optimiser = torch.optim.SGD([student], lr=3.0)

    def distance():
        maps = (side.detach().masked_fill(~mask[:, None], -1e4).softmax(-1) for side in (student, teacher))
        return torch.dist(*maps).item()

    before = distance()
    for _ in range(50):
        optimiser.zero_grad()
        attention(student, teacher, mask).sum().backward()
        optimiser.step()
    assert distance() < 0.1 * before


def test_no_pair_and_no_example_give_zeros_with_a_graph():
    student = torch.full((2, 1, 3, 3), math.nan, requires_grad=True)
    for examples in (2, 0):
        values = attention(student[:examples], student[:examples].detach(), torch.zeros(examples, 3, 3) > 0)
        values.sum().backward()
        assert values.tolist() == [0.0] * examples
    assert (student.grad == 0).all()


@pytest.mark.parametrize(
    ("teacher", "mask"),
    [((3, 2, 5, 6), (3, 5, 7)), ((2, 2, 5, 7), (3, 5, 7)), ((3, 2, 5, 7), (3, 1, 7)), ((3, 2, 5, 7), (3, 7))],
)
def test_maps_of_other_size_are_named(teacher, mask):
    with pytest.raises(ValueError, match="queries and keys differ") as error:
        attention(torch.zeros(3, 2, 5, 7), torch.zeros(teacher), torch.zeros(mask) > 0)
    for shape in ((3, 2, 5, 7), teacher, mask):
        assert str(list(shape)) in str(error.value)


# Projections


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
