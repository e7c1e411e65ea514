"""How many rows a forward pass may take at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kdlib.models.batch import Row

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

SHARE = 0.5  # of the free memory: other jobs of the machine want some too
LARGEST = 256


def rows_that_fit(model: PreTrainedModel, rows: Sequence[Row], beams: int = 0, max_tokens: int = 0) -> int:
    """Return the largest power of two of the longest rows whose forward pass fits into half the free memory.

    Per row, in single precision: attention scores of one layer, some twenty activations of the width, and
    four times the logits (scores, log-probabilities and what a codec sorts); per beam, the keys and values of
    all layers and four times the logits of a token.

    Args:
        model: On its device.
        rows: All rows to come.
        beams: Beams of each row, if it generates too.
        max_tokens: Longest of these.

    Returns:
        1…256; 1 if even that may be too much.
    """
    config = model.config
    source = max((len(row.source_ids) for row in rows), default=1)
    target = max([max_tokens if beams else 1, *(len(row.target_ids) for row in rows)])
    tokens = source + target
    forward = config.num_attention_heads * tokens**2 + 20 * tokens * config.hidden_size
    logits = 4 * config.vocab_size
    per_beam = 2 * config.num_hidden_layers * tokens * config.hidden_size + logits
    per_row = 4 * (forward + logits * target + beams * per_beam)
    fitting = int(SHARE * free_bytes(model.device) / per_row)
    return min(LARGEST, 1 << max(fitting.bit_length() - 1, 0))


def free_bytes(device: torch.device) -> int:
    """Return the memory of a device that nobody uses."""
    import psutil
    import torch

    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return int(psutil.virtual_memory().available)
