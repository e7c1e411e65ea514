"""Masses of flat tails beside a token that is all but certain, where single precision is easily lost."""

import numpy as np
import pytest
import torch

from kdlib.losses.divergence import jsd, kl, reverse_kl
from kdlib.models.forward import TargetOutput
from kdlib.softmax import BLOCK, CHUNK, negative_log_likelihood, normalise
from kdlib.teacher_signal import FullSignal
from kdlib.training.teacher.online import signal_of

ROUNDING = 5e-7  # of ``log_sum``, and of one number in single precision
BEST = 500
SIZES = [501, BLOCK, BLOCK + 1, 65_537, 151_936, 262_144]


def flat(vocab, low, rows=1, best=0.0):
    logits = torch.full((rows, vocab), best + low)
    logits[:, BEST] = best
    return logits


def log_softmax(logits):
    z = logits.double().numpy()
    peak = z.max(axis=1, keepdims=True)
    return z - peak - np.log(np.exp(z - peak).sum(axis=1, keepdims=True))


@pytest.mark.parametrize("low", [-20.0, -17.0, -14.5, -11.0, 0.0])
@pytest.mark.parametrize("vocab", SIZES)
def test_no_tail_is_lost_beside_a_certain_token(vocab, low):
    logits = flat(vocab, low)
    truth, found = log_softmax(logits), normalise(logits.clone()).double().numpy()
    assert np.exp(found[0, BEST]) == pytest.approx(np.exp(truth[0, BEST]), abs=ROUNDING)
    # A log-probability of 20 nats is off by half a digit of 2^(4 − 23).
    np.testing.assert_allclose(found, truth, rtol=0, atol=ROUNDING + 2**-19)
    assert np.exp(found).sum() == pytest.approx(1, abs=2 * ROUNDING + 2**-19 * (1 - np.exp(truth[0, BEST])))


def test_it_works_in_place_and_excludes_what_is_impossible():
    logits = torch.tensor([[0.0, -torch.inf, 0.0], [1e4, 0.0, -torch.inf]])
    assert normalise(logits) is logits
    assert logits.exp().tolist() == [[0.5, 0.0, 0.5], [1.0, 0.0, 0.0]]


@pytest.mark.parametrize("vocab", [3, 65_537])
def test_a_row_has_the_numbers_that_it_has_alone(vocab):
    """Also where there are more rows than are normalised at once."""
    logits = 3 * torch.randn(CHUNK // 65_537 + 2, vocab, generator=torch.Generator().manual_seed(1))
    together, threads = normalise(logits.clone()), torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        alone = torch.cat([normalise(row.clone()) for row in logits.split(1)])
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(together, alone)


@pytest.mark.parametrize("best", [0.0, 1000.0])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_likelihood_of_any_token_is_that_of_double_precision(best, dtype):
    logits = flat(65_537, -16.0, CHUNK // 65_537 + 2, best).to(dtype)
    targets = torch.full((len(logits),), BEST)
    targets[1::2] = 7
    found = negative_log_likelihood(logits, targets)
    expected = -log_softmax(logits.float())[range(len(logits)), targets.numpy()]
    assert found.dtype == torch.float64
    np.testing.assert_allclose(found.numpy(), expected, rtol=0, atol=ROUNDING)


def test_there_may_be_no_position():
    assert normalise(torch.empty(0, 9)).shape == (0, 9)
    assert negative_log_likelihood(torch.empty(0, 9), torch.empty(0, dtype=torch.long)).shape == (0,)


@pytest.mark.parametrize("temperature", [1.0, 2.0])
def test_a_teacher_beside_its_student_says_all_its_mass(temperature):
    logits = flat(65_537, -17.0 * temperature)
    found = signal_of(TargetOutput(logits[:, :1], logits), temperature).log_probs
    assert found[0, BEST].item() == pytest.approx(log_softmax(logits / temperature)[0, BEST], abs=ROUNDING)
    assert logits[0, BEST] == 0  # the model's own are left alone


@pytest.mark.parametrize("temperature", [1.0, 2.0])
@pytest.mark.parametrize("loss", [kl, reverse_kl, jsd])
def test_equals_do_not_diverge(loss, temperature):
    logits = flat(65_537, -17.0 * temperature)
    signal = FullSignal(normalise(logits / temperature), temperature)
    assert loss(logits, signal).item() == pytest.approx(0, abs=temperature**2 * 1e-6)


def test_the_divergence_of_flat_tails_is_that_of_double_precision():
    teacher, student = flat(65_537, -14.0), flat(65_537, -17.0)
    p, q = log_softmax(teacher), log_softmax(student)
    found = kl(student, FullSignal(normalise(teacher.clone()), 1.0)).item()
    assert found == pytest.approx((np.exp(p) * (p - q)).sum(), abs=2e-6)
