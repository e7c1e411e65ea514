"""Dropout and attention on a CPU at a fraction of torch's cost.

Four units are dropped or kept by one random word, and attention with a learned bias makes no pass over the
scores that it need not make.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor
    from transformers import PreTrainedModel

UNITS_OF_A_WORD = 4
CHANCES = 2**16  # a unit's 16 bits are one of so many
ATTENTION = "sdpa_word_dropout"


def kept(like: Float[Tensor, "*units"], rate: float) -> Float[Tensor, "*units"]:
    """Draw which units to keep: ``1 / (1 - p)`` with probability ``1 - p``, else 0.

    ``p`` is the rate rounded to a multiple of 2⁻¹⁶, so that the expectation is exactly one. torch draws a
    double for each unit, which takes as long as the linear layer before it.

    Args:
        like: Tensor whose shape, type and device the factors have.
        rate: Probability of dropping a unit, in [0, 1).

    Source: Srivastava et al. 2014, Dropout, section 4; scaled in training, as torch does.
    """
    dropped = round(rate * CHANCES)
    words = torch.empty(-(-like.numel() // UNITS_OF_A_WORD), dtype=torch.int64, device=like.device)
    words.random_(-(2**63), None)  # all 64 bits
    units = words.view(torch.int16)[: like.numel()].view(like.shape)
    return (units >= dropped - CHANCES // 2).to(like.dtype).mul_(CHANCES / (CHANCES - dropped))


class WordDropout(torch.nn.Dropout):
    """Dropout whose factors are those of ``kept``."""

    def forward(self, input: Float[Tensor, "*units"]) -> Float[Tensor, "*units"]:
        """Return the input with some units zero and the others scaled up; unchanged outside of training."""
        if not self.training or self.p == 0:
            return input
        return input * kept(input, self.p)


def attention(
    module: torch.nn.Module,
    query: Float[Tensor, "rows heads queries width"],
    key: Float[Tensor, "rows heads keys width"],
    value: Float[Tensor, "rows heads keys width"],
    attention_mask: Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    is_causal: bool | None = None,
    position_bias: Float[Tensor, "one heads queries keys"] | None = None,
    **kwargs: object,
) -> tuple[Float[Tensor, "rows queries heads width"], None]:
    """Attend as ``sdpa`` does, with factors of ``kept`` on the weights (signature of transformers).

    ``sdpa`` has no fast kernel for dropout on a CPU, nor for the gradient to a position bias: it looks for
    rows without any key then, at the cost of several passes over the scores.
    """
    learned_bias = position_bias is not None and torch.is_grad_enabled()
    if (dropout == 0 and not learned_bias) or getattr(module, "num_key_value_groups", 1) > 1:
        return sdpa_attention_forward(
            module, query, key, value, attention_mask, dropout, scaling, is_causal, position_bias, **kwargs
        )
    scores = query @ key.transpose(2, 3)
    scores = scores.mul_(query.shape[-1] ** -0.5 if scaling is None else scaling)
    if position_bias is not None:
        scores = scores.add_(position_bias)
    if attention_mask is None and (getattr(module, "is_causal", True) if is_causal is None else is_causal):
        attention_mask = torch.ones(scores.shape[2:], dtype=torch.bool, device=scores.device).tril()
    if attention_mask is not None and attention_mask.dtype == torch.bool:
        scores = scores.masked_fill_(~attention_mask, torch.finfo(scores.dtype).min)
    elif attention_mask is not None:
        scores = scores.add_(attention_mask)
    weights = torch.softmax(scores, dim=-1)
    if dropout > 0:
        weights = weights * kept(weights, dropout)
    return (weights @ value).transpose(1, 2).contiguous(), None


def with_word_dropout(model: PreTrainedModel) -> None:
    """Exchange a model's dropout, in its layers and its attention, for that of ``kept``."""
    for parent in model.modules():
        for name, child in parent.named_children():
            if type(child) is torch.nn.Dropout:
                setattr(parent, name, WordDropout(child.p))
    if model.config._attn_implementation == "sdpa":
        AttentionInterface.register(ATTENTION, attention)
        AttentionMaskInterface.register(ATTENTION, sdpa_mask)
        model.set_attn_implementation(ATTENTION)
