import math

import numpy as np
import pytest
import torch

from kdlib.losses.combine import mean_over
from kdlib.losses.expected import FrozenEncoder, expected_vectors, gold_vectors
from kdlib.losses.semantic import semantic


@pytest.fixture
def pair(rng):
    """Student and gold vectors of seven examples, of which the third has no positions."""
    vectors = torch.tensor(rng.normal(size=(2, 7, 5)))
    vectors[:, 2] = 0
    return vectors


def oracle(a, b):
    dot = sum(x * y for x, y in zip(a, b, strict=True))
    return 1 - dot / math.hypot(*a) / math.hypot(*b) if any(b) else 0.0


@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float64, 1e-14), (torch.float32, 1e-6), (torch.bfloat16, 1e-6)]
)
def test_equals_the_formula(pair, dtype, tolerance):
    student, gold = pair.to(dtype)
    values = semantic(student, gold)
    expected = [oracle(*vectors) for vectors in zip(student.tolist(), gold.tolist(), strict=True)]
    assert values.dtype == torch.promote_types(dtype, torch.float32)
    np.testing.assert_allclose(values, expected, atol=tolerance)
    assert sum(value > 0.1 for value in expected) > 3


def test_parallel_right_and_opposite_vectors_have_values_0_1_and_2(pair):
    gold = pair[1, :2]
    across = torch.stack([-gold[:, 1], gold[:, 0]], 1)
    for student, value in ((3 * gold, 0), (across, 1), (-0.1 * gold, 2)):
        values = semantic(student, gold[:, : student.shape[1]])
        np.testing.assert_allclose(values, value, atol=1e-14)


def test_lengths_of_vectors_do_not_matter(rng, pair):
    factors = torch.tensor(rng.uniform(0.01, 100, size=(2, 7, 1)))
    torch.testing.assert_close(semantic(*(pair * factors)), semantic(*pair))


def test_values_are_between_0_and_2_in_single_precision(rng):
    gold = torch.tensor(rng.normal(size=(999, 5)), dtype=torch.float32)
    assert (semantic(gold * 1.7, gold) >= 0).all()
    assert (semantic(-gold * 1.7, gold) <= 2 + 1e-6).all()


def test_a_small_angle_keeps_its_digits_in_single_precision():
    angles = torch.tensor([1e-2, 1e-3, 1e-4])
    student = torch.stack([torch.cos(angles), torch.sin(angles)], 1)
    values = semantic(student, torch.tensor([[1.0, 0.0]]).expand(3, 2))
    np.testing.assert_allclose(values, [2 * math.sin(angle / 2) ** 2 for angle in angles.tolist()], rtol=1e-3)


def test_gradient_by_finite_differences(rng, assert_gradient):
    student, gold = rng.normal(size=(2, 7, 5))
    assert_gradient(lambda vectors: semantic(vectors, torch.tensor(gold)), student)


def test_no_gradient_reaches_the_gold(pair):
    student, gold = (vectors.clone().requires_grad_() for vectors in pair)
    semantic(student, gold).sum().backward()
    assert gold.grad is None
    assert student.grad.norm() > 0


@pytest.mark.parametrize("length", [0.0, 1.0])
def test_an_example_without_positions_has_no_value_and_no_gradient(pair, length):
    student = pair[0]
    student[2] = length
    student.requires_grad_()
    values = semantic(student, pair[1])
    values.sum().backward()
    assert values[2] == 0
    assert (student.grad[2] == 0).all()
    assert student.grad.isfinite().all()


def test_micro_batches_add_up_to_the_full_batch(pair):
    results = []
    for parts in ([slice(0, 7)], [slice(0, 2), slice(2, 3), slice(3, 3), slice(3, 7)]):
        student = pair[0].clone().requires_grad_()
        total = sum(mean_over(semantic(student[part], pair[1, part]), 7) for part in parts)
        total.backward()
        results.append((total.detach(), student.grad))
    for whole, split in zip(*results, strict=True):
        torch.testing.assert_close(split, whole)


def test_no_examples_give_an_empty_loss_with_a_graph():
    student = torch.zeros(0, 5, requires_grad=True)
    values = semantic(student, torch.zeros(0, 5))
    values.sum().backward()
    assert values.shape == (0,)
    assert student.grad.shape == (0, 5)


def test_descent_on_it_alone_raises_the_cosine(rng):
    def mean(vectors, mask):
        return (vectors * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)

    encoder = FrozenEncoder(torch.tensor(rng.normal(size=(11, 5))), mean)
    lengths = [3, 0, 2, 4]
    gold = gold_vectors(torch.tensor(rng.integers(0, 11, 9)), lengths, encoder)
    student = torch.tensor(rng.normal(size=(9, 11)), requires_grad=True)
    optimiser = torch.optim.SGD([student], lr=1.0)
    cosines = []
    for _ in range(50):
        optimiser.zero_grad()
        vectors = expected_vectors(student, lengths, encoder)
        cosines.append(torch.cosine_similarity(vectors.detach(), gold)[[0, 2, 3]])
        semantic(vectors, gold).sum().backward()
        optimiser.step()
    assert (cosines[-1] > cosines[0]).all()
    assert (1 - cosines[-1]).sum() < 0.2 * (1 - cosines[0]).sum()


def test_other_sizes_are_named():
    with pytest.raises(ValueError, match=r"student vectors are \[3, 5\], gold vectors \[3, 4\]"):
        semantic(torch.zeros(3, 5), torch.zeros(3, 4))
