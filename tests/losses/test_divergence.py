import math
from itertools import pairwise

import numpy as np
import pytest
import torch

from kdlib.losses.combine import mean_over
from kdlib.losses.divergence import jsd, kl, reverse_kl, skew_kl
from kdlib.teacher_signal import FullSignal, SparseSignal

TEMPERATURES = [1.0, 2.0, 4.0]
LOSSES = [kl, reverse_kl, skew_kl, jsd]
EACH = pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.__name__)
FINITE = pytest.mark.parametrize("loss", [skew_kl, jsd], ids=lambda loss: loss.__name__)
SIGNALS = pytest.mark.parametrize(
    "signal", [lambda z, t: full(z, t), lambda z, t: sparse(z, t, 3, padding=1)], ids=["full", "sparse"]
)


def distribution(logits, temperature):
    weights = [math.exp(z / temperature) for z in logits]
    return [weight / sum(weights) for weight in weights]


def divergence(p, q):
    return sum(a * math.log(a / b) for a, b in zip(p, q, strict=True) if a > 0)


def mixture(p, q, weight):
    return [weight * a + (1 - weight) * b for a, b in zip(p, q, strict=True)]


def skewed(p, q, skew=0.1):
    return divergence(p, mixture(p, q, skew))


def jensen_shannon(p, q, beta=0.5):
    m = mixture(p, q, beta)
    return beta * divergence(p, m) + (1 - beta) * divergence(q, m)


ORACLES = {kl: divergence, reverse_kl: lambda p, q: divergence(q, p), skew_kl: skewed, jsd: jensen_shannon}


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


@EACH
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


@EACH
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


@EACH
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


@EACH
@pytest.mark.parametrize("temperature", TEMPERATURES)
@SIGNALS
def test_gradient_by_finite_differences(rng, assert_gradient, loss, temperature, signal):
    teacher, student = rng.normal(size=(2, 3, 7)) * 2
    assert_gradient(lambda z: loss(z, signal(teacher, temperature)), student)


@EACH
@pytest.mark.parametrize("temperature", TEMPERATURES)
@SIGNALS
def test_equal_distributions_give_zero_and_zero_gradient(rng, loss, temperature, signal):
    logits = rng.normal(size=(3, 7)) * 2
    student = torch.tensor(logits + 5.0, requires_grad=True)
    values = loss(student, signal(logits, temperature))
    values.sum().backward()
    np.testing.assert_allclose(values.detach(), 0, atol=1e-12)
    np.testing.assert_allclose(student.grad, 0, atol=1e-12)


@EACH
@SIGNALS
def test_is_insensitive_to_a_shift_of_the_logits(rng, loss, signal):
    teacher, student = torch.tensor(rng.normal(size=(2, 3, 7)))
    shift = torch.tensor([[100.0], [-7.0], [0.5]])
    torch.testing.assert_close(
        loss(student + shift, signal(teacher, 2.0)), loss(student, signal(teacher, 2.0))
    )


@EACH
def test_is_insensitive_to_the_order_of_the_vocabulary(rng, loss):
    teacher, student = torch.tensor(rng.normal(size=(2, 3, 7)))
    order = torch.tensor(rng.permutation(7))
    moved = loss(student[:, order], full(teacher[:, order], 2.0))
    torch.testing.assert_close(moved, loss(student, full(teacher, 2.0)))


@SIGNALS
@pytest.mark.parametrize("temperature", TEMPERATURES)
@pytest.mark.parametrize(
    ("loss", "oracle", "constant"),
    [(skew_kl, skewed, skew) for skew in (0.0, 0.01, 0.5, 0.99)]
    + [(jsd, jensen_shannon, beta) for beta in (0.01, 0.3, 0.9)],
)
def test_constants_enter_as_in_the_formula(rng, assert_gradient, signal, temperature, loss, oracle, constant):
    teacher, student = rng.normal(size=(2, 3, 7)) * 2
    given = signal(teacher, temperature)
    kept = [range(7)] * 3 if isinstance(given, FullSignal) else given.ids[:, :3].tolist()
    expected = []
    for t, s, ids in zip(teacher.tolist(), student.tolist(), kept, strict=True):
        p, q = (buckets(distribution(z, temperature), ids) for z in (t, s))
        expected.append(temperature**2 * oracle(p, q, constant))
    values = loss(torch.tensor(student), given, constant)
    np.testing.assert_allclose(values, expected, rtol=1e-9)
    # A divergence of 1e-4 has a gradient at the rounding of central differences.
    assert_gradient(lambda z: 100 * loss(z, given, constant), student)


@SIGNALS
def test_a_skew_of_0_is_kl_and_small_ones_tend_to_it(rng, signal):
    teacher, student = torch.tensor(rng.normal(size=(2, 3, 7)))
    expected = kl(student, signal(teacher, 2.0))
    torch.testing.assert_close(skew_kl(student, signal(teacher, 2.0), 0.0), expected, rtol=0, atol=0)
    torch.testing.assert_close(skew_kl(student, signal(teacher, 2.0), 1e-9), expected, rtol=1e-7, atol=0)


@SIGNALS
def test_jsd_vanishes_at_both_ends_as_kl_and_reverse_kl(rng, signal):
    teacher, student = torch.tensor(rng.normal(size=(2, 3, 7)))
    given, small = signal(teacher, 2.0), 1e-6
    torch.testing.assert_close(jsd(student, given, small) / small, kl(student, given), rtol=1e-4, atol=0)
    mirrored = jsd(student, given, 1 - small) / small
    torch.testing.assert_close(mirrored, reverse_kl(student, given), rtol=1e-4, atol=0)


def test_exchanging_the_sides_exchanges_the_divergences(rng):
    a, b = torch.tensor(rng.normal(size=(2, 3, 7)))
    torch.testing.assert_close(reverse_kl(a, full(b, 2.0)), kl(b, full(a, 2.0)))
    torch.testing.assert_close(jsd(a, full(b, 2.0), 0.3), jsd(b, full(a, 2.0), 0.7))


def test_jsd_is_symmetric_and_kl_is_not(rng):
    a, b = torch.tensor(rng.normal(size=(2, 3, 7)))
    torch.testing.assert_close(jsd(a, full(b, 2.0)), jsd(b, full(a, 2.0)))
    assert (kl(a, full(b, 2.0)) - kl(b, full(a, 2.0))).abs().min() > 1e-3


@pytest.mark.parametrize("temperature", TEMPERATURES)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.7])
def test_disjoint_distributions_give_the_bounds(temperature, share):
    entropy = -share * math.log(share) - (1 - share) * math.log(1 - share)
    for loss, bound in ((jsd, entropy), (skew_kl, -math.log(share))):
        student = torch.tensor([[0.0, -math.inf], [0.0, -1000.0 * temperature]], requires_grad=True)
        signal = FullSignal(torch.tensor([[-math.inf, 0.0]] * 2), temperature)
        values = loss(student, signal, share)
        values.sum().backward()
        np.testing.assert_allclose(values.detach(), temperature**2 * bound, rtol=1e-4)
        assert student.grad.isfinite().all()


@FINITE
@SIGNALS
def test_mixtures_are_bounded(rng, loss, signal):
    teacher, student = torch.tensor(rng.normal(size=(2, 50, 7)) * 30)
    values = loss(student, signal(teacher, 2.0))
    bound = 4 * {jsd: math.log(2), skew_kl: -math.log(0.1)}[loss]
    assert (values > 0).all()
    assert (values <= bound).all()
    assert values.max() > bound / 2


@pytest.mark.parametrize("tail", [0.0, 0.2])
def test_what_only_the_student_deems_possible_makes_reverse_kl_infinite_and_the_tail_saves_it(tail):
    student = torch.tensor([[2.0, 0.0, 0.0, 0.0]])
    p = [0.3, 0.7 - tail, tail]
    q = buckets(distribution(student[0].tolist(), 1.0), [0, 1])
    signal = SparseSignal(torch.tensor([[0, 1]]), torch.tensor([p[:2]]).log(), torch.tensor([tail]), 1.0)
    expected = divergence(q, p) if tail else math.inf
    np.testing.assert_allclose(reverse_kl(student, signal), [expected], rtol=1e-5)
    # The tail's mass may be that of token 2 alone: a full signal tells, a sparse one does not.
    told = FullSignal(torch.tensor([[*p, 0.0]]).log(), 1.0)
    assert reverse_kl(student, told).item() == math.inf
    for loss in (kl, skew_kl, jsd):
        assert loss(student, signal).isfinite().all()
        assert loss(student, told).isfinite().all()


@EACH
def test_probabilities_below_the_smallest_number_are_inert(loss):
    """In single precision e^−200 is 0, though its logarithm is not −inf."""
    logits = torch.tensor([[0.0, 1.0, -200.0], [0.0, 1.0, -math.inf]], requires_grad=True)
    signal = FullSignal(torch.tensor([[1.0, 0.0, -200.0]] * 2).log_softmax(1), 1.0)
    values = loss(logits, signal)
    values.sum().backward()
    expected = ORACLES[loss](distribution([1.0, 0.0], 1.0), distribution([0.0, 1.0], 1.0))
    np.testing.assert_allclose(values.detach(), expected, rtol=1e-5)
    np.testing.assert_allclose(logits.grad[:, 2], 0, atol=1e-12)
    assert logits.grad.isfinite().all()


@EACH
def test_ids_of_32_bits_serve_and_padding_may_repeat_a_kept_id(rng, loss):
    teacher, logits = torch.tensor(rng.normal(size=(2, 3, 7)))
    plain = sparse(teacher, 2.0, 3)
    repeated = SparseSignal(
        torch.cat([plain.ids, plain.ids[:, :2]], 1).int(),
        torch.cat([plain.log_probs, torch.full((3, 2), -math.inf)], 1),
        plain.tail_mass,
        2.0,
    )
    results = []
    for signal in (plain, repeated):
        student = logits.clone().requires_grad_()
        values = loss(student, signal)
        results.append((values, *torch.autograd.grad(values.sum(), student)))
    for expected, actual in zip(*results, strict=True):
        torch.testing.assert_close(actual, expected)


@pytest.mark.parametrize("columns", [0, 2])
@EACH
def test_a_position_without_kept_tokens_says_nothing(loss, columns):
    student = torch.tensor([[1.0, 0.0, 2.0]], requires_grad=True)
    padding = (torch.zeros(1, columns, dtype=torch.int32), torch.full((1, columns), -math.inf))
    values = loss(student, SparseSignal(*padding, torch.ones(1), 2.0))
    values.sum().backward()
    np.testing.assert_allclose(values.detach(), 0, atol=1e-6)
    np.testing.assert_allclose(student.grad, 0, atol=1e-6)


@pytest.mark.slow
@EACH
@SIGNALS
def test_descent_on_the_term_alone_approaches_the_teacher(rng, loss, signal):
    teacher, logits = torch.tensor(rng.normal(size=(2, 3, 7)))
    student, start = logits.clone().requires_grad_(), kl(logits, signal(teacher, 2.0))
    for _ in range(200):
        (gradient,) = torch.autograd.grad(loss(student, signal(teacher, 2.0)).sum(), student)
        student = (student - 0.3 * gradient).detach().requires_grad_()
    assert (kl(student, signal(teacher, 2.0)) < 0.1 * start).all()


@EACH
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


@EACH
def test_sparse_holds_for_a_confident_student_in_single_precision(loss):
    # The student's tail, e^−30, is far below the rounding of 1 − Σ kept.
    student = torch.tensor([[30.0, 0.0, 0.0]], requires_grad=True)
    signal = SparseSignal(torch.tensor([[0]]), torch.tensor([[math.log(0.9)]]), torch.tensor([0.1]), 1.0)
    tail = 2 * math.exp(-30)
    values = loss(student, signal)
    values.sum().backward()
    np.testing.assert_allclose(values.detach(), ORACLES[loss]([0.9, 0.1], [1 - tail, tail]), rtol=1e-5)
    assert student.grad.isfinite().all()


@EACH
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


@EACH
def test_sparse_is_at_most_full(rng, loss):
    teacher, student = torch.tensor(rng.normal(size=(2, 50, 31)))
    values = [loss(student, sparse(teacher, 1.0, k)) for k in (1, 4, 16, 31)]
    for fewer, more in pairwise(values):
        assert (fewer <= more + 1e-12).all()
    assert (values[0] < values[-1]).all()


@EACH
@SIGNALS
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


@EACH
@SIGNALS
def test_zero_positions_give_an_empty_loss_with_a_graph(loss, signal):
    student = torch.zeros(0, 7, requires_grad=True)
    values = loss(student, signal(torch.zeros(0, 7), 2.0))
    values.sum().backward()
    assert values.shape == (0,)
    assert student.grad.shape == (0, 7)


@EACH
def test_gradient_reaches_a_half_precision_student(rng, loss):
    teacher, logits = torch.tensor(rng.normal(size=(2, 7, 31)))
    gradients = []
    for dtype in (torch.bfloat16, torch.float64):
        student = logits.bfloat16().to(dtype).requires_grad_()
        loss(student, full(teacher, 2.0)).sum().backward()
        gradients.append(student.grad.double())
    torch.testing.assert_close(*gradients, rtol=1e-2, atol=1e-4)


@EACH
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


@pytest.mark.parametrize(
    ("loss", "constant", "message"),
    [(jsd, beta, "beta must be above 0 and below 1, got") for beta in (0.0, 1.0, -0.1, math.nan)]
    + [(skew_kl, skew, "skew must be at least 0 and below 1, got") for skew in (1.0, -0.1, math.nan)],
)
def test_constants_out_of_bounds_are_named(loss, constant, message):
    with pytest.raises(ValueError, match=f"{message} {constant}"):
        loss(torch.zeros(3, 7), full(torch.zeros(3, 7), 1.0), constant)
