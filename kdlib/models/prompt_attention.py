"""Attention of several outputs to one prompt, whose keys and values stand in memory once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

if TYPE_CHECKING:
    from jaxtyping import Bool, Float
    from torch import Tensor, nn
    from transformers import PreTrainedModel

_NAME = "sdpa_shared_prompts"


def attention(
    module: nn.Module,
    query: Float[Tensor, "outputs heads queries width"],
    key: Float[Tensor, "rows heads keys width"],
    value: Float[Tensor, "rows heads keys width"],
    attention_mask: Bool[Tensor, "rows one queries keys"] | None,
    **options: Any,  # noqa: ANN401 (signature of transformers)
) -> tuple[Float[Tensor, "outputs queries heads width"], None]:
    """Attend as ``sdpa`` does; outputs of one row are queries side by side of its keys and values."""
    if len(query) == len(key):
        return sdpa_attention_forward(module, query, key, value, attention_mask, **options)
    # [rows, heads, outputs of a row, width]; each output asks for one token.
    beside = query.squeeze(2).unflatten(0, (len(key), -1)).transpose(1, 2)
    options["is_causal"] = False  # outputs are no sequence
    found, _ = sdpa_attention_forward(module, beside, key, value, attention_mask, **options)
    return found.flatten(0, 1).unsqueeze(1), None


@contextmanager
def shared_prompts(model: PreTrainedModel) -> Iterator[bool]:
    """Let the decoder of an encoder-decoder take fewer prompts than outputs, as many outputs for each.

    Args:
        model: Model in evaluation mode.

    Yields:
        Whether it does; not if its attention is none of ``sdpa``.
    """
    before = model.config._attn_implementation
    if not before.startswith("sdpa"):
        yield False
        return
    AttentionInterface.register(_NAME, attention)
    AttentionMaskInterface.register(_NAME, sdpa_mask)
    model.set_attn_implementation(_NAME)
    try:
        yield True
    finally:
        model.set_attn_implementation(before)
