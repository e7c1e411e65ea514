"""Loss of the position-aware n-gram similarity (PANS), by probabilities of n-grams in place of equality."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from kdlib.losses.base import Loss, Unit
from kdlib.losses.precision import log_probabilities

if TYPE_CHECKING:
    from jaxtyping import Float, Int
    from torch import Tensor

    from kdlib.losses.inputs import Batch

_LONGEST_NGRAM = 4
_DECAY = 0.1  # of a match's worth, per position that it is off


class Pans(Loss):
    """1 − position-aware n-gram similarity."""

    unit: ClassVar[Unit] = "example"

    def values(self, batch: Batch) -> Float[Tensor, " examples"]:
        """Return the loss of every example."""
        return pans(batch.student, batch.ids, batch.lengths)


def pans(
    student: Float[Tensor, "positions vocab"],
    targets: Int[Tensor, " positions"],
    lengths: Sequence[int],
) -> Float[Tensor, " examples"]:
    """Return 1 − PANS of the student's next-token distributions against the reference.

    PANS is the mean over n = 1…4 (at most the example's length L) of
    min(Σ_j max_i w_ij, Σ_i max_j w_ij) / (L − n + 1) with
    w_ij = e^(−0.1·|i−j|)·Π_{k<n} p_{i+k}(r_{j+k}), p_t the distribution at position t, r the reference.

    Entries that tie for a maximum share its gradient evenly, and so do the two sums if they tie for the
    minimum: a Clarke subgradient. Mostly those that tie are one function, e.g. the probability of a token
    that the reference repeats at equal distances, so that nothing is ambiguous.

    It is not convex: descent from afar may settle on right tokens one place off, which are worth 0.9 each, so
    it is a companion of the cross entropy, not a substitute.

    Args:
        student: Logits at valid positions, example after example; p is taken at T = 1.
        targets: Gold token ids.
        lengths: Number of positions of each example, in order.

    Returns:
        One value per example in [0, 1]; 0 for an example without positions.

    Raises:
        ValueError: If the numbers of positions differ.

    Relations:
        For a student that is certain of one token at each position it is 1 − PANS of those tokens. Under
        teacher forcing p_t is conditional on the gold prefix, so it compares next-token choices, not
        free-running output, and prediction and reference are equally long.
    """
    import torch

    positions = student.shape[0]
    if targets.shape != (positions,) or sum(lengths) != positions:
        raise ValueError(
            f"student has {positions} positions, targets {list(targets.shape)}, "
            f"lengths add up to {sum(lengths)}"
        )
    log_p = log_probabilities(student)
    if not positions:
        return log_p.sum().expand(len(lengths))  # zeros with a graph
    count = torch.tensor(lengths, device=student.device)
    matches = _matches(log_p, targets, list(lengths), count)
    longest = matches.shape[1]
    place = torch.arange(longest, device=student.device)
    worth = torch.exp(-_DECAY * (place[:, None] - place).abs().to(log_p.dtype))

    similarity = torch.zeros_like(count, dtype=log_p.dtype)
    grams = torch.ones_like(matches)
    for n in range(1, min(_LONGEST_NGRAM, longest) + 1):
        left = longest - n + 1
        # An n-gram that reaches into the padding has a factor of 0, so that it adds to no maximum.
        grams = grams[:, :left, :left] * matches[:, n - 1 :, n - 1 :]
        weights = grams * worth[:left, :left]
        total = torch.minimum(weights.amax(1).sum(1), weights.amax(2).sum(1))
        similarity = similarity + total / (count - n + 1).clamp(min=1)
    return (count > 0).to(log_p.dtype) - similarity / count.clamp(min=1, max=_LONGEST_NGRAM)


def _matches(
    log_p: Float[Tensor, "positions vocab"],
    targets: Int[Tensor, " positions"],
    lengths: list[int],  # as count, but on the host: reading it from there would stall a GPU
    count: Int[Tensor, " examples"],
) -> Float[Tensor, "examples longest longest"]:
    """Return p_i(r_j) of each example's positions i and j, and 0 in the padding of either."""
    import torch
    from torch.nn.utils.rnn import pad_sequence

    references = pad_sequence(targets.split(lengths), batch_first=True)
    of_position = references.repeat_interleave(count, dim=0, output_size=len(targets))
    rows = pad_sequence(log_p.gather(1, of_position).exp().split(lengths), batch_first=True)
    padding = torch.arange(references.shape[1], device=count.device) >= count[:, None]
    return rows.masked_fill(padding[:, None, :], 0.0)
