import copy
import math

import numpy as np
import pytest
import torch

from kdlib.losses.combine import LossTerm, combine
from kdlib.losses.semantic import semantic

TARGETS = torch.tensor([3, 1, 4, 1, 5, 0])
ROWS = torch.tensor([0, 0, 0, 2, 2, 3])  # example 1 has no position
ROW_TARGETS = {0: [3, 1, 4], 2: [1, 5], 3: [0]}


class Encoder(torch.nn.Module):
    """A frozen encoder that is not linear, knows the order, and is pooled over the mask."""

    def __init__(self, width=5, features=4):
        super().__init__()
        generator = torch.Generator().manual_seed(3)
        self.matrix = torch.nn.Parameter(torch.randn(width, features, generator=generator).double())
        self.requires_grad_(False)

    def forward(self, inputs, mask):
        order = 1 + 0.3 * torch.arange(inputs.shape[1])
        states = torch.tanh(inputs @ self.matrix * order[:, None])
        return (states * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)


@pytest.fixture
def embedding(rng):
    return torch.tensor(rng.normal(size=(7, 5)))


@pytest.fixture
def logits(rng):
    return torch.tensor(rng.normal(size=(6, 7)))


def oracle(logits, targets, embedding, matrix):
    """Loop over one row's positions, tokens and features."""

    def pooled(vectors):
        states = [
            [math.tanh(sum(x * w for x, w in zip(vector, column, strict=True)) * (1 + 0.3 * t))
             for column in zip(*matrix, strict=True)]
            for t, vector in enumerate(vectors)
        ]  # fmt: skip
        return [sum(feature) / len(states) for feature in zip(*states, strict=True)]

    expected = []
    for row in logits:
        total = sum(math.exp(z) for z in row)
        vector = [0.0] * len(embedding[0])
        for z, token in zip(row, embedding, strict=True):
            vector = [x + math.exp(z) / total * e for x, e in zip(vector, token, strict=True)]
        expected.append(vector)
    a, b = pooled(expected), pooled([embedding[target] for target in targets])
    dot = sum(x * y for x, y in zip(a, b, strict=True))
    return 1 - dot / math.hypot(*a) / math.hypot(*b)


def test_equals_the_formula_row_by_row(logits, embedding):
    encoder = Encoder()
    values = semantic(logits, TARGETS, ROWS, 4, embedding, encoder)
    expected = [0.0] * 4
    for row, targets in ROW_TARGETS.items():
        own = logits[row == ROWS].tolist()
        expected[row] = oracle(own, targets, embedding.tolist(), encoder.matrix.tolist())
    np.testing.assert_allclose(values.numpy(), expected, atol=1e-12)
    assert min(expected[row] for row in ROW_TARGETS) > 1e-3


def test_rows_may_be_interleaved(logits, embedding):
    order = torch.tensor([3, 0, 5, 1, 4, 2])  # keeps the order within each row
    values = semantic(logits[order], TARGETS[order], ROWS[order], 4, embedding, Encoder())
    torch.testing.assert_close(values, semantic(logits, TARGETS, ROWS, 4, embedding, Encoder()))


def test_a_certain_and_right_student_has_zero_loss_and_gradient(embedding):
    student = torch.where(torch.nn.functional.one_hot(TARGETS, 7) == 1, 0.0, -math.inf).double()
    student.requires_grad_()
    values = semantic(student, TARGETS, ROWS, 4, embedding, Encoder())
    values.sum().backward()
    np.testing.assert_allclose(values.detach(), 0, atol=1e-12)
    np.testing.assert_allclose(student.grad, 0, atol=1e-12)


def test_gradient_by_finite_differences(rng, assert_gradient, embedding):
    assert_gradient(lambda z: semantic(z, TARGETS, ROWS, 4, embedding, Encoder()), rng.normal(size=(6, 7)))


def test_gradient_reaches_every_logit_but_neither_encoder_nor_embedding(logits, embedding):
    encoder = Encoder()
    embedding.requires_grad_()
    logits.requires_grad_()
    semantic(logits, TARGETS, ROWS, 4, embedding, encoder).sum().backward()
    assert (logits.grad != 0).all()
    assert encoder.matrix.grad is None
    assert embedding.grad is None


def test_the_reference_has_no_graph(logits, embedding):
    grad_modes = []
    encoder = Encoder()

    def encode(inputs, mask):
        grad_modes.append((torch.is_grad_enabled(), inputs.requires_grad))
        return encoder(inputs, mask)

    semantic(logits.requires_grad_(), TARGETS, ROWS, 4, embedding, encode)
    assert sorted(grad_modes) == [(False, False), (True, True)]


def test_descent_on_it_alone_raises_the_cosine(logits, embedding):
    student = logits.clone().requires_grad_()
    optimiser = torch.optim.SGD([student], lr=1.0)
    losses = []
    for _ in range(50):
        optimiser.zero_grad()
        loss = semantic(student, TARGETS, ROWS, 4, embedding, Encoder()).sum()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.2 * losses[0]


def test_padding_between_rows_never_enters(logits, embedding):
    together = semantic(logits, TARGETS, ROWS, 4, embedding, Encoder())
    for row in ROW_TARGETS:
        own = row == ROWS
        alone = semantic(logits[own], TARGETS[own], torch.zeros_like(ROWS[own]), 1, embedding, Encoder())
        torch.testing.assert_close(alone[0], together[row])


def test_micro_batches_add_up_to_the_full_batch(logits, embedding):
    def shares(student, parts):
        for own, examples in parts:
            rows = ROWS[own] - ROWS[own].min()
            values = semantic(student[own], TARGETS[own], rows, examples, embedding, Encoder())
            yield combine(
                [LossTerm("semantic", values, "example")], {"semantic": 0.5}, {"example": 4}, {}
            ).total

    results = []
    for parts in ([(slice(0, 6), 4)], [(slice(0, 3), 2), (slice(3, 6), 2)]):
        student = logits.clone().requires_grad_()
        total = sum(shares(student, parts))
        total.backward()
        results.append((total.detach(), student.grad))
    for whole, split in zip(*results, strict=True):
        torch.testing.assert_close(split, whole)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.bfloat16, 3e-2)])
def test_lower_precision_is_near(logits, embedding, dtype, tolerance):
    encoder = Encoder()
    exact = semantic(logits, TARGETS, ROWS, 4, embedding, encoder)
    narrow = copy.deepcopy(encoder).to(dtype)
    values = semantic(
        logits.to(dtype), TARGETS, ROWS, 4, embedding.to(dtype), lambda e, m: narrow(e.to(dtype), m).to(dtype)
    )
    assert values.dtype == torch.float32
    np.testing.assert_allclose(values.numpy(), exact.numpy(), atol=tolerance)


def test_zero_positions_give_zeros_with_a_graph(embedding):
    student = torch.zeros(0, 7, requires_grad=True)
    nothing = torch.zeros(0, dtype=torch.long)
    values = semantic(student, nothing, nothing, 3, embedding, Encoder())
    values.sum().backward()
    assert values.tolist() == [0.0, 0.0, 0.0]
    assert student.grad.shape == (0, 7)


@pytest.mark.parametrize(
    ("positions", "vocab", "message"),
    [(5, 7, "5 positions, targets 6, rows 6"), (6, 9, "9 tokens, the embedding 7")],
)
def test_other_sizes_are_named(embedding, positions, vocab, message):
    with pytest.raises(ValueError, match=message):
        semantic(torch.zeros(positions, vocab), TARGETS, ROWS, 4, embedding, Encoder())
