import math

import numpy as np
import pytest
import torch

from kdlib.losses.cross_entropy import cross_entropy
from kdlib.losses.focal import focal


def oracle(logits, targets, gamma, alpha):
    losses = []
    for row, target in zip(logits, targets, strict=True):
        p = math.exp(row[target]) / sum(math.exp(z) for z in row)
        losses.append(-alpha * (1 - p) ** gamma * math.log(p))
    return losses


@pytest.mark.parametrize(("gamma", "alpha"), [(2.0, 0.25), (0.5, 1.0), (5.0, 3.0)])
@pytest.mark.parametrize("shape", [(1, 3), (7, 31)])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.bfloat16, 1e-5)])
def test_equals_the_formula(rng, shape, gamma, alpha, dtype, tolerance):
    student = torch.tensor(rng.normal(size=shape) * 2).to(dtype)
    targets = rng.integers(0, shape[1], shape[0])
    loss = focal(student, torch.tensor(targets), gamma, alpha)
    np.testing.assert_allclose(
        loss.numpy(), oracle(student.double().tolist(), targets, gamma, alpha), rtol=tolerance
    )


def test_defaults_are_gamma_2_and_alpha_a_quarter():
    # Two equal logits: p = ½, so −¼·(½)²·log ½.
    assert focal(torch.zeros(1, 2), torch.tensor([0])).item() == pytest.approx(0.25 * 0.25 * math.log(2))


def test_without_discount_it_is_cross_entropy(rng):
    student = torch.tensor(rng.normal(size=(7, 31)), dtype=torch.float32)
    targets = torch.tensor(rng.integers(0, 31, 7))
    torch.testing.assert_close(focal(student, targets, 0.0, 1.0), cross_entropy(student, targets))


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0])
def test_gradient_by_finite_differences(rng, assert_gradient, gamma):
    targets = torch.tensor([4, 0, 2])
    assert_gradient(lambda z: focal(z, targets, gamma, 0.25), rng.normal(size=(3, 5)))


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("gap", [200.0, math.inf])
def test_a_certain_and_right_student_has_zero_loss_and_gradient(gamma, gap):
    student = torch.tensor([[gap if gap < math.inf else 0.0, 0.0 if gap < math.inf else -gap]])
    student.requires_grad_()
    loss = focal(student, torch.tensor([0]), gamma)
    loss.sum().backward()
    assert loss.tolist() == [0.0]
    assert student.grad.tolist() == [[0.0, 0.0]]


def test_zero_positions_give_an_empty_loss():
    assert focal(torch.zeros(0, 5), torch.zeros(0, dtype=torch.long)).shape == (0,)
