"""Expected embeddings through a frozen encoder: vectors of assertions that are differentiable in the logits.

Arg-max text would have no gradient; the expectation of its embeddings has one at every logit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch.nn.utils.rnn import pad_sequence

from kdlib.losses.precision import log_probabilities

if TYPE_CHECKING:
    from jaxtyping import Float, Int
    from torch import Tensor

    Encode = Callable[
        [Float[Tensor, "rows time width"], Int[Tensor, "rows time"]], Float[Tensor, "rows features"]
    ]


@dataclass(frozen=True, eq=False)
class FrozenEncoder:
    """An encoder that only measures, of the student's vocabulary.

    Attributes:
        embedding: ``[vocab, width]`` input embeddings E. No gradient reaches them.
        encode: Input embeddings [rows, time, width] and 0/1 mask [rows, time] to vectors [rows, features].
            Its parameters take no gradient, and it is in evaluation mode.
    """

    embedding: Float[Tensor, "vocab width"]
    encode: Encode


def expected_vectors(
    student: Float[Tensor, "positions vocab"], lengths: Sequence[int], encoder: FrozenEncoder
) -> Float[Tensor, "examples features"]:
    """Return encode(e) of the expected embeddings e_t = Σ_v p_t(v)·E[v].

    Under teacher forcing p_t is conditional on the gold prefix, so a vector describes next-token choices,
    not free-running output.

    Args:
        student: Logits at valid positions, example after example; p is taken at T = 1.
        lengths: Positions of each example.
        encoder: Passes gradients through, and takes none.

    Returns:
        One vector per example; zeros for an example without positions.

    Raises:
        ValueError: If positions or vocabulary differ.

    Reference:
        Expected embeddings into a frozen scorer: Jauregi Unanue et al. 2021, "BERTTune".

    Relations:
        A student that is certain of the gold tokens has the vectors of ``gold_vectors``.
    """
    embedding = encoder.embedding.detach()
    if student.shape[1] != len(embedding):
        raise ValueError(f"student has {student.shape[1]} tokens, the embedding {len(embedding)}")
    p = log_probabilities(student).exp()
    # In the encoder's precision, in which the result is read: widening E would copy the table on each call.
    return _encoded(p.to(embedding.dtype) @ embedding, lengths, encoder)


def gold_vectors(
    ids: Int[Tensor, " positions"], lengths: Sequence[int], encoder: FrozenEncoder
) -> Float[Tensor, "examples features"]:
    """Return encode(E[id]) of gold tokens, without a graph.

    Args:
        ids: Gold token ids, example after example.
        lengths: Positions of each example.
        encoder: The frozen encoder.

    Returns:
        One vector per example; zeros for an example without positions.

    Raises:
        ValueError: If the lengths do not add up to the positions.
    """
    with torch.no_grad():
        return _encoded(encoder.embedding[ids], lengths, encoder)


def _encoded(
    vectors: Float[Tensor, "positions width"], lengths: Sequence[int], encoder: FrozenEncoder
) -> Float[Tensor, "examples features"]:
    """Return one vector per example of input embeddings that stand example after example."""
    if sum(lengths) != len(vectors):
        raise ValueError(f"there are {len(vectors)} positions, but {sum(lengths)} in the lengths")
    # Examples without positions are left out: attention over padding alone gives NaN.
    present = [example for example, length in enumerate(lengths) if length]
    if not present:
        # Only the encoder knows the number of features; any token shows it.
        token = encoder.embedding[:1].detach()
        one = encoder.encode(token[None], torch.ones(1, 1, dtype=torch.long, device=token.device))
        return one.new_zeros(len(lengths), one.shape[1]) + vectors.sum()  # zeros with a graph
    parts = vectors.split([lengths[example] for example in present])
    masks = [torch.ones(len(part), dtype=torch.long, device=vectors.device) for part in parts]
    encoded = encoder.encode(pad_sequence(parts, batch_first=True), pad_sequence(masks, batch_first=True))
    places = torch.tensor(present, device=encoded.device)
    return encoded.new_zeros(len(lengths), encoded.shape[1]).index_copy(0, places, encoded)
