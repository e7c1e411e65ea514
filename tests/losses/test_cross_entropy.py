import math

import numpy as np
import pytest
import torch

from kdlib.losses.combine import mean_over
from kdlib.losses.cross_entropy import cross_entropy


def oracle(logits, targets, smoothing=0.0):
    """Loop over positions and tokens: −Σ_v y(v)·log p(v), y = (1−ε)·onehot + ε/V."""
    losses = []
    for row, target in zip(logits, targets, strict=True):
        total = sum(math.exp(z) for z in row)
        loss = 0.0
        for v, z in enumerate(row):
            y = (1 - smoothing) * (v == target) + smoothing / len(row)
            loss -= y * math.log(math.exp(z) / total)
        losses.append(loss)
    return losses


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("shape", [(1, 3), (7, 31)])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.bfloat16, 1e-5)])
def test_equals_the_formula(rng, shape, smoothing, dtype, tolerance):
    student = torch.tensor(rng.normal(size=shape) * 3).to(dtype)
    targets = rng.integers(0, shape[1], shape[0])
    loss = cross_entropy(student, torch.tensor(targets), smoothing)
    # The oracle reads the rounded logits, so that even bfloat16 is held to single precision.
    np.testing.assert_allclose(
        loss.numpy(), oracle(student.double().tolist(), targets, smoothing), rtol=tolerance
    )


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-6), (torch.bfloat16, 1e-2)])
def test_gradient_is_p_minus_the_one_hot_target(rng, dtype, tolerance):
    student = torch.tensor(rng.normal(size=(3, 5))).to(dtype).requires_grad_()
    targets = torch.tensor([4, 0, 2])
    cross_entropy(student, targets).sum().backward()
    expected = np.exp(student.detach().double().numpy())
    expected /= expected.sum(axis=1, keepdims=True)
    expected[np.arange(3), targets.numpy()] -= 1
    np.testing.assert_allclose(student.grad.double().numpy(), expected, atol=tolerance)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_gradient_by_finite_differences(rng, assert_gradient, smoothing):
    targets = torch.tensor([4, 0, 2])
    assert_gradient(lambda z: cross_entropy(z, targets, smoothing), rng.normal(size=(3, 5)))


def test_is_insensitive_to_a_shift_of_the_logits(rng):
    student = torch.tensor(rng.normal(size=(3, 5)))
    targets = torch.tensor([4, 0, 2])
    shift = torch.tensor([[100.0], [-7.0], [0.5]])
    torch.testing.assert_close(cross_entropy(student + shift, targets), cross_entropy(student, targets))


def test_is_zero_with_zero_gradient_on_a_certain_and_right_student():
    student = torch.tensor([[0.0, -math.inf, -math.inf]], requires_grad=True)
    loss = cross_entropy(student, torch.tensor([0]))
    loss.sum().backward()
    assert loss.tolist() == [0.0]
    assert student.grad.tolist() == [[0.0, 0.0, 0.0]]


def test_zero_positions_give_an_empty_loss_with_a_graph():
    student = torch.zeros(0, 5, requires_grad=True)
    loss = cross_entropy(student, torch.zeros(0, dtype=torch.long), 0.1)
    assert loss.shape == (0,)
    mean_over(loss, 0).backward()
    assert student.grad.shape == (0, 5)


def test_another_number_of_targets_is_named():
    with pytest.raises(ValueError, match=r"3 positions, targets \[2\]"):
        cross_entropy(torch.zeros(3, 5), torch.zeros(2, dtype=torch.long))


def test_a_padding_label_is_no_target():
    with pytest.raises((IndexError, RuntimeError), match="index"):
        cross_entropy(torch.zeros(1, 5), torch.tensor([-100]))
