import math
from itertools import pairwise

import numpy as np
import pytest
import torch

from kdlib.losses.divergence import jsd, kl
from kdlib.losses.reduce import mean_over
from kdlib.signals.signal import FullSignal, SparseSignal

TEMPERATURES = [1.0, 2.0, 4.0]
BOTH = pytest.mark.parametrize("loss", [kl, jsd])


def distribution(logits, temperature):
    weights = [math.exp(z / temperature) for z in logits]
    return [weight / sum(weights) for weight in weights]


def divergence(p, q):
    return sum(a * math.log(a / b) for a, b in zip(p, q, strict=True) if a > 0)


def jensen_shannon(p, q):
    m = [(a + b) / 2 for a, b in zip(p, q, strict=True)]
    return (divergence(p, m) + divergence(q, m)) / 2


ORACLES = {kl: divergence, jsd: jensen_shannon}


def full(logits, temperature, dtype=torch.float64):
    logits = torch.as_tensor(logits)
    return FullSignal((logits / temperature).log_softmax(-1).to(dtype), temperature)


def sparse(logits, temperature, k, padding=0):
    """Keep the k likeliest tokens, and put garbage ids into padded columns."""
    p = (torch.as_tensor(logits) / temperature).softmax(-1)
    top, ids = p.topk(k, dim=1)
    tail = (1 - top.sum(1)).clamp(min=0)
    shape = (len(p), padding)
    return SparseSignal(
        torch.cat([ids, torch.full(shape, 10**6)], 1),
        torch.cat([top.log(), torch.full(shape, -math.inf)], 1),
        tail,
        temperature,
    )


def buckets(p, ids):
    return [p[i] for i in ids] + [sum(value for v, value in enumerate(p) if v not in ids)]


@BOTH
@pytest.mark.parametrize("temperature", TEMPERATURES)
@pytest.mark.parametrize("shape", [(1, 3), (7, 31)])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.bfloat16, 1e-5)])
def test_full_equals_the_formula(rng, loss, temperature, shape, dtype, tolerance):
    teacher = rng.normal(size=shape) * 3
    student = torch.tensor(rng.normal(size=shape) * 3).to(dtype)
    expected = [
        temperature**2 * ORACLES[loss](distribution(t, temperature), distribution(s, temperature))
        for t, s in zip(teacher.tolist(), student.double().tolist(), strict=True)
    ]
    actual = loss(student, full(teacher, temperature, torch.float32))
    np.testing.assert_allclose(actual.numpy(), expected, rtol=tolerance, atol=tolerance)


@BOTH
@pytest.mark.parametrize("temperature", TEMPERATURES)
@pytest.mark.parametrize(("k", "padding"), [(1, 0), (5, 0), (5, 3)])
def test_sparse_equals_the_formula_over_kept_tokens_and_one_tail(rng, loss, temperature, k, padding):
    teacher, student = rng.normal(size=(2, 7, 31)) * 2
    signal = sparse(teacher, temperature, k, padding)
    expected = []
    for t, s, ids in zip(teacher.tolist(), student.tolist(), signal.ids[:, :k].tolist(), strict=True):
        p, q = (buckets(distribution(z, temperature), ids) for z in (t, s))
        expected.append(temperature**2 * ORACLES[loss](p, q))
    np.testing.assert_allclose(loss(torch.tensor(student), signal).numpy(), expected, rtol=1e-9)


@BOTH
@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_sparse_with_every_token_is_full_in_value_and_gradient(rng, loss, temperature):
    teacher, logits = rng.normal(size=(2, 7, 31)) * 2
    results = []
    for signal in (full(teacher, temperature), sparse(teacher, temperature, 31, padding=2)):
        student = torch.tensor(logits, requires_grad=True)
        values = loss(student, signal)
        results.append((values, *torch.autograd.grad(values.sum(), student)))
    for dense_part, sparse_part in zip(*results, strict=True):
        torch.testing.assert_close(sparse_part, dense_part)


@BOTH
@pytest.mark.parametrize("temperature", TEMPERATURES)
@pytest.mark.parametrize("signal", [full, lambda z, t: sparse(z, t, 3, padding=1)], ids=["full", "sparse"])
def test_gradient_by_finite_differences(rng, assert_gradient, loss, temperature, signal):
    teacher, student = rng.normal(size=(2, 3, 7)) * 2
    assert_gradient(lambda z: loss(z, signal(teacher, temperature)), student)


@BOTH
@pytest.mark.parametrize("temperature", TEMPERATURES)
@pytest.mark.parametrize("signal", [full, lambda z, t: sparse(z, t, 3, padding=1)], ids=["full", "sparse"])
def test_equal_distributions_give_zero_and_zero_gradient(rng, loss, temperature, signal):
    logits = rng.normal(size=(3, 7)) * 2
    student = torch.tensor(logits + 5.0, requires_grad=True)
    values = loss(student, signal(logits, temperature))
    values.sum().backward()
    np.testing.assert_allclose(values.detach(), 0, atol=1e-12)
    np.testing.assert_allclose(student.grad, 0, atol=1e-12)


@BOTH
@pytest.mark.parametrize("signal", [full, lambda z, t: sparse(z, t, 3)], ids=["full", "sparse"])
def test_is_insensitive_to_a_shift_of_the_logits(rng, loss, signal):
    teacher, student = torch.tensor(rng.normal(size=(2, 3, 7)))
    shift = torch.tensor([[100.0], [-7.0], [0.5]])
    torch.testing.assert_close(
        loss(student + shift, signal(teacher, 2.0)), loss(student, signal(teacher, 2.0))
    )


@BOTH
def test_is_insensitive_to_the_order_of_the_vocabulary(rng, loss):
    teacher, student = torch.tensor(rng.normal(size=(2, 3, 7)))
    order = torch.tensor(rng.permutation(7))
    moved = loss(student[:, order], full(teacher[:, order], 2.0))
    torch.testing.assert_close(moved, loss(student, full(teacher, 2.0)))


def test_jsd_is_symmetric_and_kl_is_not(rng):
    a, b = torch.tensor(rng.normal(size=(2, 3, 7)))
    torch.testing.assert_close(jsd(a, full(b, 2.0)), jsd(b, full(a, 2.0)))
    assert (kl(a, full(b, 2.0)) - kl(b, full(a, 2.0))).abs().min() > 1e-3


@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_jsd_of_disjoint_distributions_is_its_bound(temperature):
    student = torch.tensor([[0.0, -math.inf], [0.0, -1000.0]], requires_grad=True)
    signal = FullSignal(torch.tensor([[-math.inf, 0.0]] * 2), temperature)
    values = jsd(student, signal)
    values.sum().backward()
    np.testing.assert_allclose(values.detach(), temperature**2 * math.log(2), rtol=1e-6)
    assert student.grad.isfinite().all()


@BOTH
@pytest.mark.parametrize("signal", [full, lambda z, t: sparse(z, t, 4, padding=1)], ids=["full", "sparse"])
def test_tokens_that_both_exclude_are_inert(rng, loss, signal):
    teacher, logits = torch.tensor(rng.normal(size=(2, 3, 7)))
    results = []
    for width in (0, 2):
        excluded = torch.full((3, width), -math.inf, dtype=torch.float64)
        student = torch.cat([logits, excluded], 1).requires_grad_()
        values = loss(student, signal(torch.cat([teacher, excluded], 1), 2.0))
        results.append((values, torch.autograd.grad(values.sum(), student)[0][:, :7]))
    for plain, padded in zip(*results, strict=True):
        torch.testing.assert_close(padded, plain)


@BOTH
def test_sparse_holds_for_a_confident_student_in_single_precision(loss):
    # The student's tail, e^−30, is far below the rounding of 1 − Σ kept.
    student = torch.tensor([[30.0, 0.0, 0.0]], requires_grad=True)
    signal = SparseSignal(torch.tensor([[0]]), torch.tensor([[math.log(0.9)]]), torch.tensor([0.1]), 1.0)
    tail = 2 * math.exp(-30)
    values = loss(student, signal)
    values.sum().backward()
    np.testing.assert_allclose(values.detach(), ORACLES[loss]([0.9, 0.1], [1 - tail, tail]), rtol=1e-5)
    assert student.grad.isfinite().all()


@BOTH
@pytest.mark.parametrize("tail", [0.0, -1e-7])  # rounding may leave 1 − Σ below zero
def test_an_impossible_tail_is_inert(loss, tail):
    student = torch.tensor([[2.0, 0.0, -math.inf]], requires_grad=True)
    p = [0.3, 0.7]
    signal = SparseSignal(torch.tensor([[0, 1]]), torch.tensor([p]).log(), torch.tensor([tail]), 1.0)
    values = loss(student, signal)
    values.sum().backward()
    expected = ORACLES[loss](p, distribution([2.0, 0.0], 1.0))
    np.testing.assert_allclose(values.detach(), expected, rtol=1e-5)
    assert student.grad.isfinite().all()
    assert student.grad[0, 0] == pytest.approx(-student.grad[0, 1])


def test_sparse_kl_is_at_most_the_full_one(rng):
    teacher, student = torch.tensor(rng.normal(size=(2, 50, 31)))
    values = [kl(student, sparse(teacher, 1.0, k)) for k in (1, 4, 16, 31)]
    for fewer, more in pairwise(values):
        assert (fewer <= more + 1e-12).all()
    assert (values[0] < values[-1]).all()


@BOTH
@pytest.mark.parametrize("signal", [full, lambda z, t: sparse(z, t, 3)], ids=["full", "sparse"])
def test_micro_batches_add_up_to_the_full_batch(rng, loss, signal):
    teacher, logits = torch.tensor(rng.normal(size=(2, 7, 31)))
    results = []
    for parts in ([slice(0, 7)], [slice(0, 1), slice(1, 4), slice(4, 4), slice(4, 7)]):
        student = logits.clone().requires_grad_()
        shares = [mean_over(loss(student[part], signal(teacher[part], 2.0)), 7) for part in parts]
        for share in shares:
            share.backward(retain_graph=True)
        results.append((sum(shares).detach(), student.grad))
    for whole, split in zip(*results, strict=True):
        torch.testing.assert_close(split, whole)


@BOTH
@pytest.mark.parametrize("signal", [full, lambda z, t: sparse(z, t, 3)], ids=["full", "sparse"])
def test_zero_positions_give_an_empty_loss_with_a_graph(loss, signal):
    student = torch.zeros(0, 7, requires_grad=True)
    values = loss(student, signal(torch.zeros(0, 7), 2.0))
    values.sum().backward()
    assert values.shape == (0,)
    assert student.grad.shape == (0, 7)


@BOTH
def test_gradient_reaches_a_half_precision_student(rng, loss):
    teacher, logits = torch.tensor(rng.normal(size=(2, 7, 31)))
    gradients = []
    for dtype in (torch.bfloat16, torch.float64):
        student = logits.bfloat16().to(dtype).requires_grad_()
        loss(student, full(teacher, 2.0)).sum().backward()
        gradients.append(student.grad.double())
    torch.testing.assert_close(*gradients, rtol=1e-2, atol=1e-4)


@BOTH
@pytest.mark.parametrize(
    ("shape", "signal", "message"),
    [
        ((3, 7), full(torch.zeros(4, 7), 1.0), "3 positions, the signal 4"),
        ((4, 9), full(torch.zeros(4, 7), 1.0), "9 tokens, the signal 7"),
        ((3, 7), sparse(torch.zeros(4, 7), 1.0, 2), "3 positions, the signal 4"),
        ((4, 5), sparse(torch.zeros(4, 7), 1.0, 7), "5 tokens, the signal names token 6"),
    ],
)
def test_a_signal_of_other_size_is_named(loss, shape, signal, message):
    with pytest.raises(ValueError, match=message):
        loss(torch.zeros(shape), signal)
