"""What the sparse codecs return is what the divergences read: values by the formula, and finite gradients."""

import math

import numpy as np
import pytest
import torch

from kdlib.config import Dense, Nucleus, Sampled, TopK
from kdlib.losses.divergence import jsd, kl
from kdlib.signals.codec.codec import codec_for
from kdlib.teacher_signal import SparseSignal
from tests.signals.codec.test_codec import STYLES, joined, keys_of, logits_like, round_trip, softmax

VOCAB, POSITIONS = 60, 6
BOTH = pytest.mark.parametrize("loss", [kl, jsd])
SPARSE = pytest.mark.parametrize(
    "options",
    [
        Sampled(kind="sampled", head=3, draws=4, temperature=2.0),
        Sampled(kind="sampled", head=255),
        Nucleus(kind="nucleus", cap=2, temperature=2.0),
        Nucleus(kind="nucleus", cap=255, epsilon=1e-9),
        TopK(kind="topk", k=255),
        TopK(kind="topk", k=5),
    ],
    ids=lambda options: f"{options.kind}-{getattr(options, 'head', getattr(options, 'cap', 0))}",
)


def divergence(p, q):
    return sum(a * math.log(a / b) for a, b in zip(p, q, strict=True) if a > 0)


def jensen_shannon(p, q):
    m = [(a + b) / 2 for a, b in zip(p, q, strict=True)]
    return (divergence(p, m) + divergence(q, m)) / 2


def outcomes(signal, student):
    """Yield the teacher's and the student's probabilities of a position's named tokens and of all others."""
    rows = zip(signal.ids.tolist(), signal.log_probs.tolist(), signal.tail_mass.tolist(), strict=True)
    for (ids, log_probs, tail), q in zip(rows, softmax(student, signal.temperature), strict=True):
        named = {token: math.exp(x) for token, x in zip(ids, log_probs, strict=True) if x > -math.inf}
        others = [value for token, value in enumerate(q) if token not in named]
        yield [*named.values(), tail if others else 0.0], [*q[list(named)], sum(others)]


@BOTH
@SPARSE
@pytest.mark.parametrize("style", STYLES)
def test_value_is_that_of_the_formula_and_gradient_is_finite(loss, options, style):
    logits = logits_like(style, POSITIONS, VOCAB, 6)
    signal = round_trip(codec_for(options, VOCAB, {}), logits, options.temperature)
    student = logits_like("doubtful", POSITIONS, VOCAB, 7).requires_grad_()
    value = loss(student, signal)
    oracle = {kl: divergence, jsd: jensen_shannon}[loss]
    expected = [oracle(p, q) for p, q in outcomes(signal, student.detach())]
    np.testing.assert_allclose(
        value.detach(), options.temperature**2 * np.array(expected), rtol=1e-4, atol=1e-4
    )
    (gradient,) = torch.autograd.grad(value.sum(), student)
    assert gradient.isfinite().all()
    assert (gradient.norm(dim=1) > 1e-6).all()


@BOTH
@SPARSE
def test_a_student_that_is_certain_has_a_finite_gradient(loss, options):
    logits = logits_like("doubtful", POSITIONS, VOCAB, 6)
    signal = round_trip(codec_for(options, VOCAB, {}), logits, options.temperature)
    student = logits_like("confident", POSITIONS, VOCAB, 8).requires_grad_()
    value = loss(student, signal)
    (gradient,) = torch.autograd.grad(value.sum(), student)
    assert value.isfinite().all()
    assert gradient.isfinite().all()


@BOTH
@SPARSE
def test_ids_of_32_bits_serve_as_those_of_64(loss, options):
    logits = logits_like("doubtful", POSITIONS, VOCAB, 6)
    short = round_trip(codec_for(options, VOCAB, {}), logits, options.temperature)
    assert short.ids.dtype == torch.int32
    long = SparseSignal(short.ids.long(), short.log_probs, short.tail_mass, short.temperature)
    student = logits_like("doubtful", POSITIONS, VOCAB, 7).requires_grad_()
    values = [loss(student, signal) for signal in (short, long)]
    gradients = [torch.autograd.grad(value.sum(), student)[0] for value in values]
    assert torch.equal(*values)
    assert torch.equal(*gradients)


@BOTH
def test_a_truncated_signal_is_a_lower_bound_and_near_where_little_is_left_out(loss):
    logits, student = (logits_like("doubtful", POSITIONS, VOCAB, seed) for seed in (6, 7))
    dense = loss(student, round_trip(codec_for(Dense(kind="dense"), VOCAB, {}), logits))
    whole = Nucleus(kind="nucleus", cap=255, epsilon=1e-6)
    near = loss(student, round_trip(codec_for(whole, VOCAB, {}), logits))
    few = loss(student, round_trip(codec_for(TopK(kind="topk", k=2), VOCAB, {}), logits))
    np.testing.assert_allclose(near, dense, rtol=0.03)
    assert (few < dense).all()


def test_the_gradient_of_kl_to_sampled_signals_is_that_to_dense_in_the_mean():
    """The gradient is linear in the target: softmax of the student minus the target."""
    count = 2000
    logits, start = (logits_like("doubtful", 1, VOCAB, seed) for seed in (6, 7))

    def gradient(options):
        codec = codec_for(options, VOCAB, {})
        rows = codec.encode(None, logits.expand(count, -1), keys_of(count), [1] * count)
        student = start.expand(count, -1).clone().requires_grad_()
        value = kl(student, codec.decode(joined(codec, rows), 1.0)).sum()
        return torch.autograd.grad(value, student)[0].mean(dim=0)

    exact = gradient(Dense(kind="dense"))
    sampled = gradient(Sampled(kind="sampled", head=3, draws=4))
    truncated = gradient(TopK(kind="topk", k=3))
    assert (sampled - exact).norm() < 0.01 * exact.norm()
    assert (truncated - exact).norm() > 0.01 * exact.norm()
