"""Syntax loss: what the student gives to text that no Java statement contains at that place.

Two forms. ``impossible_mass`` is exact and differentiable, but sees only brackets, literals and the end of
the statement (``kdlib.java.legality``): a lower bound of the mass on wrong syntax. ``sampled_validity`` takes
any judge, a whole parser too, at the price of a noisy gradient. Both are conditional on the gold prefix, so
neither says how often free-running output is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from kdlib.losses.base import Loss, Need, Unit
from kdlib.losses.precision import log_probabilities

if TYPE_CHECKING:
    import torch
    from jaxtyping import Bool, Float, Int
    from torch import Tensor

    from kdlib.losses.inputs import Batch


class Ast(Loss):
    """Probability mass on syntactically impossible continuations."""

    needs: ClassVar[frozenset[Need]] = frozenset({"legality"})
    form: Literal["mass"] = Field("mass", description="exact, from brackets, literals and the end alone")

    def values(self, batch: Batch) -> Float[Tensor, " positions"]:
        """Return the impossible mass of every position."""
        if batch.illegality is None:
            raise ValueError("this loss needs the legality of tokens")
        return impossible_mass(batch.student, batch.illegality.situations, batch.illegality.bank)


class SampledAst(Loss):
    """Share of drawn outputs that no Java parser takes, with a score-function gradient."""

    unit: ClassVar[Unit] = "example"
    needs: ClassVar[frozenset[Need]] = frozenset({"judge"})
    form: Literal["sampled"] = Field(description="drawn outputs, judged by a parser")
    samples: int = Field(
        4, ge=2, description="outputs drawn for each example; the variance falls as 1/samples"
    )

    def values(self, batch: Batch) -> Float[Tensor, " examples"]:
        """Return the invalid share of every example's samples."""
        if batch.judging is None:
            raise ValueError("this loss needs a judge of samples")
        return sampled_validity(
            batch.student, batch.lengths, batch.judging.valid, self.samples, batch.judging.generator
        )


def impossible_mass(
    student: Float[Tensor, "positions vocab"],
    situations: Int[Tensor, " positions"],
    bank: Bool[Tensor, "situations vocab"],
) -> Float[Tensor, " positions"]:
    """Return the probability of an impossible next token, Σ over impossible v of p(v).

    Args:
        student: Logits at valid positions; p is taken at T = 1.
        situations: Row of the bank for each position.
        bank: Which tokens are impossible in each situation.

    Returns:
        One value per position in [0, 1].

    Raises:
        ValueError: If positions or vocabulary differ.

    Relations:
        −log(1 − mass) is the semantic loss of Xu et al. 2018, "A Semantic Loss Function for Deep Learning
        with Symbolic Knowledge", for the constraint that the next token is possible. The mass itself is
        bounded; its gradient vanishes where the mass is nearly 1, as it does where it is nearly 0.
    """
    positions, vocab = student.shape
    if situations.shape != (positions,):
        raise ValueError(f"student has {positions} positions, situations {list(situations.shape)}")
    if bank.shape[1] != vocab:
        raise ValueError(f"student has {vocab} tokens, the bank {bank.shape[1]}")
    # The product takes half the time of masked_fill or where.
    return (log_probabilities(student).exp() * bank[situations]).sum(dim=-1)


def sampled_validity(
    student: Float[Tensor, "positions vocab"],
    lengths: Sequence[int],
    valid: Callable[[list[int]], bool],
    samples: int,
    generator: torch.Generator | None,
) -> Float[Tensor, " examples"]:
    """Return the share of sampled outputs that are invalid, with a score-function gradient.

    Each token of a sample y is drawn from p_t given the *gold* prefix. With w_s = 1 if sample s is invalid,
    else 0, value and gradient are

    mean of w_s   and   mean of (w_s − b_s)·∇log p(y_s),   b_s = mean of w over the other samples.

    Both are unbiased for P(invalid) under this drawing (b_s does not depend on y_s), and biased for
    free-running output, whose prefixes are the student's own. The variance falls as 1/samples and grows with
    the number of positions; where all samples are valid, or all invalid, the gradient is 0.

    Args:
        student: Logits at valid positions, example after example; p is taken at T = 1.
        lengths: Number of positions of each example, in order.
        valid: Judges one sample, as many ids as the example has positions; what an end token among them
            means is up to it.
        samples: Samples per example, at least 2.
        generator: Source of randomness, on the student's device; None takes torch's own.

    Returns:
        One value per example in [0, 1]; 0 for an example without positions.

    Raises:
        ValueError: If there are fewer than 2 samples, or the numbers of positions differ.

    Reference:
        Score function: Williams 1992, REINFORCE. Leave-one-out baseline: Kool et al. 2019, "Buy 4 REINFORCE
        Samples, Get a Baseline for Free!".
    """
    import torch

    if samples < 2:
        raise ValueError(f"the leave-one-out baseline needs at least 2 samples, got {samples}")
    if sum(lengths) != len(student):
        raise ValueError(f"student has {len(student)} positions, lengths add up to {sum(lengths)}")
    log_p = log_probabilities(student)
    if not len(student):
        return log_p.sum().expand(len(lengths))  # zeros with a graph
    drawn = torch.multinomial(log_p.detach().exp(), samples, replacement=True, generator=generator)
    verdicts = [
        [len(ids) > 0 and not valid(ids) for ids in part.T.tolist()] for part in drawn.split(list(lengths))
    ]
    invalid = torch.tensor(verdicts, device=student.device).to(log_p.dtype)
    baseline = (invalid.sum(dim=1, keepdim=True) - invalid) / (samples - 1)
    count = torch.tensor(lengths, device=student.device)
    advantage = (invalid - baseline).repeat_interleave(count, dim=0, output_size=len(student))
    surrogate = (advantage * log_p.gather(1, drawn)).mean(dim=1)
    owner = torch.arange(len(lengths), device=student.device).repeat_interleave(count)
    score = log_p.new_zeros(len(lengths)).index_add(0, owner, surrogate)
    return invalid.mean(dim=1) + score - score.detach()
