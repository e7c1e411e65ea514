"""Semantic loss: distance of meanings in a frozen encoder, differentiable through expected embeddings."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch.nn.functional import cosine_similarity

from kdlib.losses.student import log_probabilities

if TYPE_CHECKING:
    from jaxtyping import Float, Int
    from torch import Tensor

    Encode = Callable[
        [Float[Tensor, "rows time width"], Int[Tensor, "rows time"]], Float[Tensor, "rows features"]
    ]


def semantic(
    student: Float[Tensor, "positions vocab"],
    targets: Int[Tensor, " positions"],
    rows: Int[Tensor, " positions"],
    examples: int,
    embedding: Float[Tensor, "vocab width"],
    encode: Encode,
) -> Float[Tensor, " examples"]:
    """Return 1 − cos(encode(e), encode(E[target])) with the expected embeddings e_t = Σ_v p_t(v)·E[v].

    Arg-max text would have no gradient; the expectation has one at every logit. Under teacher forcing p_t is
    conditional on the gold prefix, so this compares next-token choices, not free-running output.

    Args:
        student: Logits at valid positions; p is taken at T = 1.
        targets: Gold token ids.
        rows: Example of each position, 0…examples−1; positions of an example stand in their order.
        examples: Number of examples.
        embedding: E, input embeddings of the encoder. No gradient reaches it.
        encode: Maps input embeddings and a 0/1 mask to one vector a row. It must be frozen (parameters
            without gradient) and in evaluation mode.

    Returns:
        One value per example in [0, 2]; 0 for an example without positions.

    Raises:
        ValueError: If positions or vocabulary differ.

    Reference:
        Expected embeddings into a frozen scorer: Jauregi Unanue et al. 2021, "BERTTune".
    """
    _check(student, targets, rows, embedding)
    embedding = embedding.detach()
    p = log_probabilities(student).exp()
    expected = (p @ embedding.to(p.dtype)).to(embedding.dtype)
    if not len(rows):
        return expected.sum().expand(examples)  # zeros with a graph
    # Rows without positions are left out: attention over padding alone gives NaN.
    present, compact = torch.unique(rows, return_inverse=True)
    columns = _columns(compact)
    encoded = encode(*_padded(expected, compact, columns))
    with torch.no_grad():
        reference = encode(*_padded(embedding[targets], compact, columns))
    wide = torch.promote_types(encoded.dtype, torch.float32)
    distance = 1 - cosine_similarity(encoded.to(wide), reference.to(wide), dim=-1)
    return distance.new_zeros(examples).index_put((present,), distance)


def _check(
    student: Float[Tensor, "positions vocab"],
    targets: Int[Tensor, " positions"],
    rows: Int[Tensor, " positions"],
    embedding: Float[Tensor, "vocab width"],
) -> None:
    positions, vocab = student.shape
    if targets.shape != (positions,) or rows.shape != (positions,):
        raise ValueError(f"student has {positions} positions, targets {len(targets)}, rows {len(rows)}")
    if vocab != embedding.shape[0]:
        raise ValueError(f"student has {vocab} tokens, the embedding {embedding.shape[0]}")


def _columns(rows: Int[Tensor, " positions"]) -> Int[Tensor, " positions"]:
    """Return how many earlier positions belong to the same row."""
    order = rows.argsort(stable=True)
    lengths = rows.bincount()
    starts = lengths.cumsum(0) - lengths
    place = torch.arange(len(rows), device=rows.device) - starts[rows[order]]
    return torch.empty_like(place).scatter(0, order, place)


def _padded(
    vectors: Float[Tensor, "positions width"],
    rows: Int[Tensor, " positions"],
    columns: Int[Tensor, " positions"],
) -> tuple[Float[Tensor, "rows time width"], Int[Tensor, "rows time"]]:
    """Return one padded sequence of vectors per row, and the mask that is 1 on what is not padding."""
    shape = (int(rows.max()) + 1, int(columns.max()) + 1)
    mask = torch.zeros(shape, dtype=torch.long, device=rows.device).index_put(
        (rows, columns), torch.ones_like(rows)
    )
    return vectors.new_zeros(*shape, vectors.shape[1]).index_put((rows, columns), vectors), mask
