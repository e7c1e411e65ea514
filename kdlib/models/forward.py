"""The one forward pass of training, extraction and likelihood: logits at the valid target positions alone.

The output head is most of a small model, and most positions are padding or prompt. A hook on the head hands
it the states of the valid positions only, so that whatever a family does before and after its head (T5 scales
the decoder's output by d_model^-0.5 where embeddings are tied) still happens in the model itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kdlib.models.batch import IGNORE

if TYPE_CHECKING:
    import torch
    from jaxtyping import Bool, Float
    from torch import Tensor
    from transformers import PreTrainedModel


@dataclass(frozen=True, eq=False)
class TargetOutput:
    """What a model says at the valid target positions of a batch, row after row.

    Attributes:
        states: ``[positions, width]``, what the output head read.
        logits: ``[positions, vocab]``.
    """

    states: Float[Tensor, "positions width"]
    logits: Float[Tensor, "positions vocab"]


def target_output(
    model: torch.nn.Module, batch: Mapping[str, Tensor], inner: PreTrainedModel | None = None
) -> TargetOutput:
    """Run a model under teacher forcing.

    Args:
        model: The model, or a wrapper of it that must be called in its place.
        batch: What ``collate`` made, on the model's device; other entries are left alone.
        inner: The model inside the wrapper.
    """
    names = ("input_ids", "attention_mask", "decoder_input_ids")
    network: PreTrainedModel = model if inner is None else inner
    with _head_sees(network, batch["labels"] != IGNORE) as seen:
        logits = model(**{name: batch[name] for name in names if name in batch}).logits
    return TargetOutput(seen[0], logits)


@contextmanager
def _head_sees(
    model: PreTrainedModel, valid: Bool[Tensor, "rows time"]
) -> Iterator[list[Float[Tensor, "positions width"]]]:
    """Let the output head read valid positions only, and keep what it read."""
    seen: list[Float[Tensor, "positions width"]] = []

    def select(_: torch.nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor]:
        seen.append(inputs[0][valid])
        return (seen[0],)

    hook = model.get_output_embeddings().register_forward_pre_hook(select)
    try:
        yield seen
    finally:
        hook.remove()
