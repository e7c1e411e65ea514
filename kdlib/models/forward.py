"""The one forward pass of training, extraction and likelihood: logits at the valid target positions alone.

The output head is most of a small model, and most positions are padding or prompt. A hook on the head hands
it the states of the valid positions only, so that whatever a family does before and after its head (T5 scales
the decoder's output by d_model^-0.5 where embeddings are tied) still happens in the model itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kdlib.models.batch import IGNORE
from kdlib.softmax import negative_log_likelihood

if TYPE_CHECKING:
    import torch
    from jaxtyping import Bool, Float
    from torch import Tensor
    from transformers import PreTrainedModel
    from transformers.utils import ModelOutput


@dataclass(frozen=True, eq=False)
class LayerOutput:
    """What the layers of a model's stacks (encoder, decoder) computed.

    Attributes:
        hidden: Stack: ``[positions, width]`` of each layer, after it, at the stack's valid positions, row
            after row: those of prompts in an encoder, of targets in a decoder. The last one has passed the
            stack's final norm.
        attention: Stack: ``[rows, heads, queries, keys]`` of each layer, padding included; ``cross`` is
            that of the decoder to the encoder.
    """

    hidden: dict[str, tuple[Float[Tensor, "positions width"], ...]]
    attention: dict[str, tuple[Float[Tensor, "rows heads queries keys"], ...]]


@dataclass(frozen=True, eq=False)
class TargetOutput:
    """What a model says at the valid target positions of a batch, row after row.

    Attributes:
        states: ``[positions, width]``, what the output head read.
        logits: ``[positions, vocab]``.
        layers: What its layers computed, if requested.
    """

    states: Float[Tensor, "positions width"]
    logits: Float[Tensor, "positions vocab"]
    layers: LayerOutput | None = None


def target_output(
    model: torch.nn.Module,
    batch: Mapping[str, Tensor],
    inner: PreTrainedModel | None = None,
    hidden: bool = False,
    attention: bool = False,
) -> TargetOutput:
    """Run a model under teacher forcing.

    Args:
        model: The model, or a wrapper of it that must be called in its place.
        batch: What ``collate`` made, on the model's device; other entries are left alone.
        inner: The model inside the wrapper.
        hidden: Whether to return the states of all layers.
        attention: Whether to return the attention of all layers, which only ``eager`` attention returns.
    """
    names = ("input_ids", "attention_mask", "decoder_input_ids")
    network: PreTrainedModel = model if inner is None else inner
    with head_sees(network, batch["labels"] != IGNORE) as seen:
        inputs: dict[str, Any] = {name: batch[name] for name in names if name in batch}
        if getattr(network.config, "use_cache", False):  # keys and values are for generation
            inputs["use_cache"] = False
        found = model(**inputs, **_options(hidden, attention))
    layers = _layers(found, batch, hidden, attention) if hidden or attention else None
    return TargetOutput(seen[0], found.logits, layers)


def target_nll(model: PreTrainedModel, batch: Mapping[str, Tensor]) -> Float[Tensor, " positions"]:
    """Return −log p of every target token under teacher forcing, in nats and double precision.

    Validation and evaluation both sum this, so that they say the same of the same model and rows.

    Args:
        model: The model, on whose device the batch is.
        batch: What ``collate`` made.
    """
    targets = batch["labels"][batch["labels"] != IGNORE]
    return negative_log_likelihood(target_output(model, batch).logits, targets)


def _options(hidden: bool, attention: bool) -> dict[str, bool]:
    """Return the options of a call, without those that are false: some models do not know them."""
    options = {"output_hidden_states": hidden, "output_attentions": attention}
    return {name: wanted for name, wanted in options.items() if wanted}


def _layers(found: ModelOutput, batch: Mapping[str, Tensor], hidden: bool, attention: bool) -> LayerOutput:
    """Return what a model's layers computed, by stack."""
    valid = {"encoder": batch["attention_mask"].bool(), "decoder": batch["labels"] != IGNORE}
    if found.get("encoder_last_hidden_state") is not None:
        states = {stack: f"{stack}_hidden_states" for stack in ("encoder", "decoder")}
        maps = {"encoder": "encoder_attentions", "decoder": "decoder_attentions", "cross": "cross_attentions"}
    else:
        states = {"decoder": "hidden_states"}
        maps = {"decoder": "attentions"}
    return LayerOutput(
        # The first are the embeddings.
        {stack: tuple(h[valid[stack]] for h in found[name][1:]) for stack, name in states.items()}
        if hidden
        else {},
        {stack: tuple(found[name]) for stack, name in maps.items()} if attention else {},
    )


@contextmanager
def head_sees(
    model: PreTrainedModel, valid: Bool[Tensor, "rows time"]
) -> Iterator[list[Float[Tensor, "positions width"]]]:
    """Let the output head read valid positions only, and keep what it read.

    Args:
        model: Model with an output head.
        valid: Positions of the states that reach the head; its logits are ``[positions, vocab]``.
    """
    seen: list[Float[Tensor, "positions width"]] = []

    def select(_: torch.nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor]:
        seen.append(inputs[0][valid])
        return (seen[0],)

    hook = model.get_output_embeddings().register_forward_pre_hook(select)
    try:
        yield seen
    finally:
        hook.remove()
