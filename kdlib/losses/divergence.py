"""Divergences from the teacher's distribution, full or sparse, at the signal's temperature.

A signal and the student are first laid side by side as log-probabilities of the same outcomes: the
vocabulary for a full signal, the k kept tokens and one tail bucket for a sparse one. Then each divergence has
one formula. A sparse signal thereby gives a lower bound of the full one's value (data-processing inequality),
and the very value if it keeps every token.
T² keeps gradients comparable over temperatures (Hinton et al. 2015, "Distilling the Knowledge in a Neural
Network", §2) and is applied here only.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from kdlib.losses.base import Loss, Need
from kdlib.losses.precision import log_probabilities, widen
from kdlib.softmax import log_sum

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int
    from torch import Tensor

    from kdlib.losses.inputs import Batch
    from kdlib.teacher_signal import Signal, SparseSignal


class Kl(Loss):
    """T²·KL(teacher‖student)."""

    needs: ClassVar[frozenset[Need]] = frozenset({"signal"})

    def values(self, batch: Batch) -> Float[Tensor, " positions"]:
        """Return the divergence at every position."""
        return kl(batch.student, _signal_of(batch))


class ReverseKl(Loss):
    """T²·KL(student‖teacher)."""

    needs: ClassVar[frozenset[Need]] = frozenset({"signal"})

    def values(self, batch: Batch) -> Float[Tensor, " positions"]:
        """Return the divergence at every position."""
        return reverse_kl(batch.student, _signal_of(batch))


class SkewKl(Loss):
    """T²·KL(teacher‖λ·teacher + (1−λ)·student)."""

    needs: ClassVar[frozenset[Need]] = frozenset({"signal"})
    skew: float = Field(0.1, ge=0, lt=1, description="λ, share of the teacher in the mixture; 0 gives kl")

    def values(self, batch: Batch) -> Float[Tensor, " positions"]:
        """Return the divergence at every position."""
        return skew_kl(batch.student, _signal_of(batch), self.skew)


class Jsd(Loss):
    """T²·Jensen–Shannon divergence."""

    needs: ClassVar[frozenset[Need]] = frozenset({"signal"})
    beta: float = Field(0.5, gt=0, lt=1, description="β, weight of the teacher; ½ is symmetric")

    def values(self, batch: Batch) -> Float[Tensor, " positions"]:
        """Return the divergence at every position."""
        return jsd(batch.student, _signal_of(batch), self.beta)


def kl(student: Float[Tensor, "positions vocab"], signal: Signal) -> Float[Tensor, " positions"]:
    """Return T²·KL(teacher‖student), zero where both agree.

    T²·Σ p·(log p − log q), with the teacher's p and the student's q = softmax(z / T).

    Args:
        student: Logits z at valid positions, not divided by T.
        signal: The teacher's distributions at the same positions.

    Returns:
        One value per position, in nats times T²; infinite where the student excludes, by a logit of −inf,
        what the teacher holds possible.

    Raises:
        ValueError: If positions or vocabulary differ.

    Reference:
        Hinton et al. 2015, §2, with the teacher's entropy subtracted.
    """
    log_p, log_q = _side_by_side(student, signal)
    return signal.temperature**2 * _relative_entropy(log_p, log_q)


def reverse_kl(student: Float[Tensor, "positions vocab"], signal: Signal) -> Float[Tensor, " positions"]:
    """Return T²·KL(student‖teacher), zero where both agree.

    T²·Σ q·(log q − log p): it punishes what the student says and the teacher does not.

    Args:
        student: Logits at valid positions, not divided by T.
        signal: The teacher's distributions at the same positions.

    Returns:
        One value per position, in nats times T². By definition it is infinite, without a usable gradient,
        where the teacher gives no probability (−inf) to a token that the student holds possible. The tokens
        that a sparse signal leaves out are one outcome, the tail, whose mass counts for all of them: among
        them an impossible one costs nothing extra, but a tail mass of 0, as of sampled signals or by rounding
        of confident ones, makes the value infinite.

    Raises:
        ValueError: If positions or vocabulary differ.

    Reference:
        Gu et al. 2024, "MiniLLM: Knowledge Distillation of Large Language Models", §2.1, per token.

    Relations:
        ``skew_kl`` and ``jsd`` are always finite.
    """
    log_p, log_q = _side_by_side(student, signal)
    return signal.temperature**2 * _relative_entropy(log_q, log_p)


def skew_kl(
    student: Float[Tensor, "positions vocab"], signal: Signal, skew: float = 0.1
) -> Float[Tensor, " positions"]:
    """Return T²·KL(teacher‖mixture of both), at most −T²·ln λ.

    T²·KL(P‖λ·P + (1−λ)·Q) with the teacher's P, the student's Q and the skew λ.

    Args:
        student: Logits at valid positions, not divided by T.
        signal: The teacher's distributions at the same positions.
        skew: Share λ of the teacher in the mixture, 0 ≤ λ < 1.

    Returns:
        One value per position, in nats times T².

    Raises:
        ValueError: If the skew is out of bounds, or positions or vocabulary differ.

    Reference:
        Ko et al. 2024, "DistiLLM: Towards Streamlined Distillation for Large Language Models", §3.1.

    Relations:
        ``kl`` for λ = 0.
    """
    import torch

    if not 0 <= skew < 1:
        raise ValueError(f"skew must be at least 0 and below 1, got {skew}")
    if skew == 0:
        return kl(student, signal)
    log_p, log_q = _side_by_side(student, signal)
    # The gradient of logaddexp(−inf, −inf) is NaN. Where p = 0 nothing is added, so that any number serves.
    log_m = _log_mixture(log_p, torch.where(log_p > -math.inf, log_q, 0.0), skew)
    return signal.temperature**2 * _relative_entropy(log_p, log_m)


def jsd(
    student: Float[Tensor, "positions vocab"], signal: Signal, beta: float = 0.5
) -> Float[Tensor, " positions"]:
    """Return T² times the generalised Jensen–Shannon divergence, symmetric for β = ½.

    T²·[β·KL(P‖M) + (1−β)·KL(Q‖M)] with M = β·P + (1−β)·Q, the teacher's P and the student's Q.

    Args:
        student: Logits at valid positions, not divided by T.
        signal: The teacher's distributions at the same positions.
        beta: Weight β of the teacher, 0 < β < 1.

    Returns:
        One value per position, in nats times T², at most T²·(−β·ln β − (1−β)·ln(1−β)), which is T²·ln 2 for
        β = ½. It tends to 0 as β → 0 and as β → 1; divided by β it then tends to ``kl``, divided by 1−β to
        ``reverse_kl``.

    Raises:
        ValueError: If β is out of bounds, or positions or vocabulary differ.

    Reference:
        Lin 1991, "Divergence Measures Based on the Shannon Entropy", §4; Agarwal et al. 2024, "On-Policy
        Distillation of Language Models", §2, whose β likewise weighs the teacher.
    """
    import torch

    if not 0 < beta < 1:
        raise ValueError(f"beta must be above 0 and below 1, got {beta}")
    log_p, log_q = _side_by_side(student, signal)
    # Of all distributions M, this one makes the sum least, so that the gradient through it is zero.
    with torch.no_grad():
        log_m = _log_mixture(log_p, log_q, beta)
    of_teacher = _relative_entropy(log_p, log_m)
    of_student = _relative_entropy(log_q, log_m)
    return signal.temperature**2 * (beta * of_teacher + (1 - beta) * of_student)


def _signal_of(batch: Batch) -> Signal:
    if batch.signal is None:
        raise ValueError("a divergence needs the teacher's signal")
    return batch.signal


def _relative_entropy(
    log_a: Float[Tensor, "positions outcomes"], log_b: Float[Tensor, "positions outcomes"]
) -> Float[Tensor, " positions"]:
    """Return Σ a·(log a − log b), where outcomes with a = 0 add nothing."""
    import torch

    a = log_a.exp()
    # Detached, for Σ a·d(log a) = d(Σ a) = 0: the gradient through the ratio's log a is nothing but rounding.
    ratio = torch.where(a > 0, log_a.detach() - log_b, 0.0)
    return (a * ratio).sum(dim=-1)


def _log_mixture(
    log_p: Float[Tensor, "positions outcomes"], log_q: Float[Tensor, "positions outcomes"], weight: float
) -> Float[Tensor, "positions outcomes"]:
    """Return log(weight·p + (1−weight)·q)."""
    import torch

    return torch.logaddexp(log_p + math.log(weight), log_q + math.log1p(-weight))


def _side_by_side(
    student: Float[Tensor, "positions vocab"], signal: Signal
) -> tuple[Float[Tensor, "positions outcomes"], Float[Tensor, "positions outcomes"]]:
    """Return the teacher's and the student's log-probabilities of the outcomes in the signal."""
    from kdlib.teacher_signal import SparseSignal

    positions, vocab = student.shape
    if positions != signal.log_probs.shape[0]:
        raise ValueError(f"student has {positions} positions, the signal {signal.log_probs.shape[0]}")
    if isinstance(signal, SparseSignal):
        return _with_tails(student, signal)
    if vocab != signal.log_probs.shape[1]:
        raise ValueError(f"student has {vocab} tokens, the signal {signal.log_probs.shape[1]}")
    log_q = _whole(log_probabilities(student, signal.temperature))
    return signal.log_probs.to(log_q.dtype), log_q


def _whole(log_q: Float[Tensor, "positions vocab"]) -> Float[Tensor, "positions vocab"]:
    """Return a CPU's log-probabilities with what its vectors lost of their mass; see ``kdlib.softmax``.

    A teacher's have all of it, and what a student lacks would be a divergence between equals. A GPU's threads
    add few numbers each.
    """
    import torch

    if log_q.device.type != "cpu":
        return log_q
    # A constant that is next to 0 and next to independent of z: no gradient is lost.
    with torch.no_grad():
        lost = log_sum(log_q.exp()).to(log_q.dtype)
    return log_q - lost


def _with_tails(
    student: Float[Tensor, "positions vocab"], signal: SparseSignal
) -> tuple[Float[Tensor, "positions k_and_tail"], Float[Tensor, "positions k_and_tail"]]:
    """Return both sides' log-probabilities of the signal's tokens and, last, of all other tokens together."""
    import torch

    vocab = student.shape[1]
    padding: Bool[Tensor, "positions k"] = signal.log_probs == -math.inf
    ids = signal.ids.long().masked_fill(padding, 0)
    if ids.numel() and int(ids.max()) >= vocab:
        raise ValueError(f"student has {vocab} tokens, the signal names token {int(ids.max())}")
    tail_z = _tail_logits(student, ids, padding, signal.temperature)
    kept_z = student.gather(1, ids).to(tail_z.dtype) / signal.temperature
    logits = torch.cat([kept_z.masked_fill(padding, -math.inf), tail_z[:, None]], dim=1)
    # A tail without tokens has no mass: what 1 − Σ left there is rounding, yet it would make KL infinite.
    tail_p = signal.tail_mass.to(logits.dtype).clamp(min=0).masked_fill((~padding).sum(dim=1) == vocab, 0.0)
    log_p = torch.cat([signal.log_probs.to(logits.dtype), tail_p.log()[:, None]], dim=1)
    return log_p, torch.log_softmax(logits, dim=1)


def _tail_logits(
    student: Float[Tensor, "positions vocab"],
    ids: Int[Tensor, "positions k"],
    padding: Bool[Tensor, "positions k"],
    temperature: float,
) -> Float[Tensor, " positions"]:
    """Return log Σ exp(z / T) over all tokens but the kept ones, −inf if none is possible.

    The tail is summed, not taken as 1 − Σ kept: that difference is rounding noise for a confident student.
    """
    import torch

    # Added, not set: 0 for padding, whose id may be that of a kept token. One buffer serves from here on, and
    # the exponentials in it are all that the gradient needs: logsumexp would compute them once more.
    wide = widen(student)
    removal = torch.zeros_like(ids, dtype=wide.dtype).masked_fill(~padding, -math.inf)
    others = (wide / temperature).scatter_add_(1, ids, removal)
    peak = others.detach().amax(dim=1)
    peak = peak.masked_fill(peak == -math.inf, 0.0)
    total = others.sub_(peak[:, None]).exp_().sum(dim=1)
    none_left = total == 0
    # The gradient of log 0 would be NaN.
    return (total.masked_fill(none_left, 1.0).log() + peak).masked_fill(none_left, -math.inf)
