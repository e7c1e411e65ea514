"""Divergences from the teacher's distribution, full or sparse, at the signal's temperature.

A signal and the student are first laid side by side as log-probabilities of the same outcomes: the
vocabulary for a full signal, the k kept tokens and one tail bucket for a sparse one. Then each divergence has
one formula.
T² keeps gradients comparable over temperatures (Hinton et al. 2015, "Distilling the Knowledge in a Neural
Network", §2) and is applied here only.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

from kdlib.losses.student import log_probabilities
from kdlib.signals.signal import FullSignal, SparseSignal

if TYPE_CHECKING:
    from jaxtyping import Bool, Float
    from torch import Tensor

    from kdlib.signals.signal import Signal


def kl(student: Float[Tensor, "positions vocab"], signal: Signal) -> Float[Tensor, " positions"]:
    """Return T²·KL(teacher‖student), zero where both agree.

    T²·Σ p·(log p − log q), with the teacher's p and the student's q = softmax(z / T).

    Args:
        student: Logits z at valid positions, not divided by T.
        signal: The teacher's distributions at the same positions.

    Returns:
        One value per position, in nats times T².

    Raises:
        ValueError: If positions or vocabulary differ.

    Reference:
        Hinton et al. 2015, §2, with the teacher's entropy subtracted.

    Relations:
        A sparse signal gives a lower bound of the full one's value (data-processing inequality), and the very
        value if it keeps every token.
    """
    log_p, log_q = _side_by_side(student, signal)
    return signal.temperature**2 * _relative_entropy(log_p, log_q)


def jsd(student: Float[Tensor, "positions vocab"], signal: Signal) -> Float[Tensor, " positions"]:
    """Return T²·JSD(teacher, student), symmetric and at most T²·ln 2.

    T²·½·[KL(P‖M) + KL(Q‖M)] with M = (P + Q) / 2.

    Args:
        student: Logits at valid positions, not divided by T.
        signal: The teacher's distributions at the same positions.

    Returns:
        One value per position, in nats times T².

    Raises:
        ValueError: If positions or vocabulary differ.

    Reference:
        Lin 1991, "Divergence Measures Based on the Shannon Entropy", §4, with equal weights.
    """
    log_p, log_q = _side_by_side(student, signal)
    impossible = (log_p == -math.inf) & (log_q == -math.inf)
    # The gradient of logaddexp(−inf, −inf) is NaN; there M has no weight, so that any number serves.
    log_m = torch.logaddexp(log_p, log_q.masked_fill(impossible, 0.0)) - math.log(2)
    return signal.temperature**2 * 0.5 * (_relative_entropy(log_p, log_m) + _relative_entropy(log_q, log_m))


def _relative_entropy(
    log_a: Float[Tensor, "positions outcomes"], log_b: Float[Tensor, "positions outcomes"]
) -> Float[Tensor, " positions"]:
    """Return Σ a·(log a − log b), where outcomes with a = 0 add nothing."""
    ratio = (log_a - log_b).masked_fill(log_a == -math.inf, 0.0)
    return (log_a.exp() * ratio).sum(dim=-1)


def _side_by_side(
    student: Float[Tensor, "positions vocab"], signal: Signal
) -> tuple[Float[Tensor, "positions outcomes"], Float[Tensor, "positions outcomes"]]:
    """Return the teacher's and the student's log-probabilities of the outcomes in the signal."""
    positions, vocab = student.shape
    if positions != signal.log_probs.shape[0]:
        raise ValueError(f"student has {positions} positions, the signal {signal.log_probs.shape[0]}")
    log_q = log_probabilities(student, signal.temperature)
    if isinstance(signal, FullSignal):
        if vocab != signal.log_probs.shape[1]:
            raise ValueError(f"student has {vocab} tokens, the signal {signal.log_probs.shape[1]}")
        return signal.log_probs.to(log_q.dtype), log_q
    return _with_tails(log_q, signal)


def _with_tails(
    log_q: Float[Tensor, "positions vocab"], signal: SparseSignal
) -> tuple[Float[Tensor, "positions k_and_tail"], Float[Tensor, "positions k_and_tail"]]:
    """Return both sides' log-probabilities of the signal's tokens and, last, of all other tokens together."""
    positions, vocab = log_q.shape
    padding: Bool[Tensor, "positions k"] = signal.log_probs == -math.inf
    ids = signal.ids.masked_fill(padding, 0)
    if ids.numel() and int(ids.max()) >= vocab:
        raise ValueError(f"student has {vocab} tokens, the signal names token {int(ids.max())}")
    # Padding marks an extra column that is cut off, since its id may also be that of a kept token.
    marks = torch.zeros(positions, vocab + 1, dtype=torch.bool, device=log_q.device)
    taken = marks.scatter(1, ids.masked_fill(padding, vocab), True)[:, :vocab]
    # The tail is summed, not taken as 1 − Σ kept: that difference is rounding noise for a confident student.
    others = log_q.masked_fill(taken, -math.inf)
    none_left = (others == -math.inf).all(dim=1)
    # The gradient of logsumexp over −inf alone is NaN.
    tail_q = others.masked_fill(none_left[:, None], 0.0).logsumexp(dim=1).masked_fill(none_left, -math.inf)
    # A tail without tokens has no mass: what 1 − Σ left there is rounding, yet it would make KL infinite.
    tail_p = signal.tail_mass.to(log_q.dtype).clamp(min=0).masked_fill(taken.all(dim=1), 0.0).log()
    kept_q = log_q.gather(1, ids).masked_fill(padding, -math.inf)
    log_p = torch.cat([signal.log_probs.to(log_q.dtype), tail_p[:, None]], dim=1)
    return log_p, torch.cat([kept_q, tail_q[:, None]], dim=1)
