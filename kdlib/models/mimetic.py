"""Mimetic initialisation: attention that can copy from the first step on.

Most words of an assertion stand in its prompt. A transformer from scratch needs many thousands of steps until
its heads match equal tokens; pretrained ones show what they come to: W_q·W_kᵀ and W_v·W_o close to multiples
of the identity. From there, some hundred steps are enough (``models.copying``).

Reference: Trockman & Kolter 2023, "Mimetic Initialization of Self-Attention Layers". Cross-attention and the
heads that look at a neighbouring token are our addition: with them, "what followed this token in the prompt?"
is two attention layers away at the start.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from transformers import T5ForConditionalGeneration
    from transformers.models.t5.modeling_t5 import T5Attention

MATCH = 0.3  # W_q·W_kᵀ of cross-attention; T5 does not divide scores by √d, so 1 would be a hard choice
SELF_MATCH = 0.1  # the same for self-attention, which also has to follow positions
PASS = 0.5  # W_v·W_o
NEIGHBOUR = 4.0  # score that favours one relative position

# Buckets of T5's relative positions (key − query) up to a distance of 8: bidirectional ones hold 0…−8 in
# 0…8 and +1…+8 from half of the buckets on; causal ones hold 0…−8 in 0…8.
PREVIOUS = 1
SECOND_LAST = 2


def mimetic_initialisation(model: T5ForConditionalGeneration, seed: int) -> None:
    """Give every attention layer weights that match and pass on equal tokens, in place.

    Args:
        model: T5 model with random weights.
        seed: Seed of the random rotations.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for block in model.encoder.block:
            _match(block.layer[0].SelfAttention, SELF_MATCH, generator)
        for block in model.decoder.block:
            _match(block.layer[0].SelfAttention, SELF_MATCH, generator)
            _match(block.layer[1].EncDecAttention, MATCH, generator)
        next_token = model.config.relative_attention_num_buckets // 2 + 1
        _look(model.encoder.block[0].layer[0].SelfAttention, [PREVIOUS, next_token, SECOND_LAST])
        _look(model.decoder.block[0].layer[0].SelfAttention, [PREVIOUS, SECOND_LAST, 0])


def _match(attention: T5Attention, strength: float, generator: torch.Generator) -> None:
    """Set W_q = W_k and W_o = W_vᵀ to rotations: W_q·W_kᵀ and W_v·W_o are multiples of the identity."""
    inner, width = attention.q.weight.shape
    matched = _rotation(width, generator)[:inner] * math.sqrt(strength)
    passed = _rotation(width, generator)[:inner] * math.sqrt(PASS)
    attention.q.weight.copy_(matched)
    attention.k.weight.copy_(matched)
    attention.v.weight.copy_(passed)
    attention.o.weight.copy_(passed.T)


def _rotation(width: int, generator: torch.Generator) -> torch.Tensor:
    """Return a random orthogonal matrix [width, width]."""
    q: torch.Tensor = torch.linalg.qr(torch.randn(width, width, generator=generator))[0]
    return q


def _look(attention: T5Attention, buckets: list[int]) -> None:
    """Let the first heads favour one relative position each, as far as there are heads."""
    bias = attention.relative_attention_bias.weight  # [buckets, heads]
    bias.zero_()
    for head, bucket in list(enumerate(buckets))[: bias.shape[1]]:
        bias[bucket, head] = NEIGHBOUR
