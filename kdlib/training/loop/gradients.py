"""Gradient norms of a model's parts and of a loss's components, beside that of the whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import torch
from transformers import TrainerCallback

from kdlib.training.loop.record_writer import Norms

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor
    from transformers import PreTrainedModel, TrainingArguments

EPSILON = 1e-6  # torch.nn.utils.clip_grad_norm_ adds it to the norm that it divides by


class PartNorms(TrainerCallback):
    """Keeps the norms of the parts of the last optimiser step, as they are after clipping.

    Before clipping there is no public place where gradients of half precision are unscaled already.

    Attributes:
        encoder: Norm over the parameters of the encoder alone, or None for a causal model.
        decoder: Norm over the parameters of the decoder alone.
    """

    def __init__(self) -> None:
        self.encoder: float | None = None
        self.decoder: float | None = None

    def on_pre_optimizer_step(
        self,
        args: TrainingArguments,
        state: Any,
        control: Any,
        model: PreTrainedModel,
        **_: Any,
    ) -> None:
        """Measure (signature of transformers)."""
        self.encoder, self.decoder = part_norms(model)

    def norms(self, total: float, clip: float) -> Norms:
        """Return the norms as they were before clipping.

        Args:
            total: Norm of the whole gradient before clipping.
            clip: Largest norm; 0 for none.
        """
        encoder, decoder = (unclipped(part, total, clip) for part in (self.encoder, self.decoder))
        return Norms(total, encoder, decoder)


def part_norms(model: PreTrainedModel) -> tuple[float | None, float | None]:
    """Return the norms of the gradients of a model's encoder and of its decoder.

    What both use, the embeddings, and the output head belong to neither. A causal model is a decoder
    altogether. A part without a trained parameter has no norm.

    Args:
        model: Model with gradients.
    """
    if not model.config.is_encoder_decoder:
        return None, _norm(model.parameters())
    parts = (model.get_encoder(), model.get_decoder())
    encoder, decoder = ({id(p): p for p in part.parameters()} for part in parts)
    common = encoder.keys() & decoder.keys()
    return (
        _norm(p for key, p in encoder.items() if key not in common),
        _norm(p for key, p in decoder.items() if key not in common),
    )


def component_norms(
    totals: Iterable[tuple[str, Float[Tensor, ""]]],
    parameters: Iterable[torch.nn.Parameter],
    reduce: Callable[[list[Tensor], str], list[Tensor]],
) -> dict[str, float]:
    """Return the norm of each weighted component's gradient, by a backward pass each.

    Args:
        totals: Component and its weighted loss, whose graph is kept; they are computed one at a time.
        parameters: Parameters of the model; frozen ones are left out.
        reduce: Combines gradients over the processes, called with ``sum``.
    """
    trained = [parameter for parameter in parameters if parameter.requires_grad]
    norms = {}
    for name, total in totals:
        gradients = torch.autograd.grad(total, trained, retain_graph=True, allow_unused=True)
        found = reduce([gradient for gradient in gradients if gradient is not None], "sum")
        norms[name] = float(torch.nn.utils.get_total_norm(found))
    return norms


def unclipped(norm: float | None, total: float, clip: float) -> float | None:
    """Return a part's norm before the whole gradient was scaled down to ``clip``.

    Args:
        norm: Norm after clipping, or None.
        total: Norm of the whole gradient before clipping.
        clip: Largest norm; 0 for none.
    """
    if norm is None or clip <= 0:
        return norm
    return norm * max(1.0, (total + EPSILON) / clip)


def _norm(parameters: Iterable[torch.nn.Parameter]) -> float | None:
    gradients = [p.grad for p in parameters if p.grad is not None]
    return float(torch.nn.utils.get_total_norm(gradients)) if gradients else None
