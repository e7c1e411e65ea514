from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch


@pytest.fixture
def rng():
    return np.random.default_rng(20)


@pytest.fixture
def assert_gradient():
    """Compare autograd with central differences: each entry (gradcheck), and the whole vector by cosine."""

    def check(loss: Callable[[torch.Tensor], torch.Tensor], logits: np.ndarray) -> None:
        student = torch.tensor(logits, dtype=torch.float64, requires_grad=True)
        assert torch.autograd.gradcheck(loss, (student,))
        (gradient,) = torch.autograd.grad(loss(student).sum(), student)
        assert gradient.norm() > 1e-6
        numeric = np.zeros_like(logits)
        for index in np.ndindex(logits.shape):
            step = np.zeros_like(logits)
            step[index] = 1e-5
            above, below = (loss(torch.tensor(logits + sign * step)).sum().item() for sign in (1, -1))
            numeric[index] = (above - below) / 2e-5
        cosine = (numeric * gradient.numpy()).sum() / np.linalg.norm(numeric) / gradient.norm().item()
        assert cosine >= 0.99

    return check
