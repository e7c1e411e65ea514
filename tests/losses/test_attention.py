import math

import numpy as np
import pytest
import torch

from kdlib.losses.attention import attention
from kdlib.losses.combine import mean_over

PRECISIONS = pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.bfloat16, 1e-5)])


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


def test_no_gradient_reaches_the_teacher(rng):
    student, teacher = (torch.tensor(rng.normal(size=(1, 2, 3, 3)), requires_grad=True) for _ in range(2))
    attention(student, teacher, torch.ones(1, 3, 3) > 0).sum().backward()
    assert teacher.grad is None
    assert student.grad.norm() > 0
