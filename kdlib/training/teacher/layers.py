"""Which layers of a teacher a student's layers follow, and what both computed on a batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from transformers.utils import logging

from kdlib.files import DataError
from kdlib.losses.inputs import LayerPairs, MapPairs, StatePairs
from kdlib.losses.projections import Projections, layer_map
from kdlib.models.batch import IGNORE
from kdlib.models.load import load
from kdlib.models.shrink import layer_counts

if TYPE_CHECKING:
    from jaxtyping import Bool
    from torch import Tensor
    from transformers import PreTrainedModel

    from kdlib.losses.table import Components
    from kdlib.models.forward import LayerOutput

# A child of the student while it is trained: so the optimiser trains them and checkpoints keep them. A model
# that is loaded from a checkpoint has no place for them.
CHILD = "kd_projections"


@dataclass(frozen=True, eq=False)
class Pairing:
    """A student's layers and those that they follow.

    Attributes:
        layers: Stack (encoder, decoder): for each layer of the student the teacher's, counted from 1.
        projections: Stack: maps of the states of its layers; empty if states are not compared.
        attention: Whether attention is compared.
    """

    layers: Mapping[str, Sequence[int]]
    projections: Mapping[str, Projections]
    attention: bool

    @property
    def hidden(self) -> bool:
        """Return whether states are compared."""
        return bool(self.projections)

    def pairs(
        self, student: LayerOutput, teacher: LayerOutput, inputs: Mapping[str, Tensor], lengths: Sequence[int]
    ) -> LayerPairs:
        """Return what the layers of student and teacher computed, side by side.

        Args:
            student: With a graph.
            teacher: Without one.
            inputs: The student's batch.
            lengths: Target positions of each example.
        """
        positions = {"decoder": lengths}
        if "encoder" in self.projections:
            positions["encoder"] = inputs["attention_mask"].sum(dim=1).tolist()
        states = [
            StatePairs(
                student.hidden[stack],
                [teacher.hidden[stack][layer - 1] for layer in self.layers[stack]],
                positions[stack],
                projections,
            )
            for stack, projections in self.projections.items()
        ]
        masks = attended(inputs) if self.attention else {}
        maps = [
            MapPairs(
                student.attention[stack],
                [teacher.attention[stack][layer - 1] for layer in self.layers[_stack_of(stack)]],
                mask,
            )
            for stack, mask in masks.items()
        ]
        return LayerPairs(states, maps)


def pair(student: PreTrainedModel, teacher: PreTrainedModel, components: Components, seed: int) -> Pairing:
    """Return which layers follow which, and make both models ready to return what they compute.

    Each layer of the student follows that of ``layer_map``. The projections become a child of the student.

    Args:
        student: Of any family; attention is compared within one family only.
        teacher: With as many layers at least.
        components: ``hidden``, ``attention`` or both.
        seed: Seed of the projections' initial weights.

    Raises:
        DataError: If the student has more layers than the teacher, or attends to other positions.
    """
    counts = layer_counts(student.config)
    teacher_counts = layer_counts(teacher.config)
    stacks = [stack for stack in counts if stack in teacher_counts]
    for stack in stacks:
        if counts[stack] > teacher_counts[stack]:
            raise DataError(
                f"the student has {counts[stack]} {stack} layers, its teacher {teacher_counts[stack]}: a "
                "layer must have one to follow; make the student smaller, or leave hidden and attention out"
            )
    if components.attention is not None:
        if counts.keys() != teacher_counts.keys():
            raise DataError(
                "components.attention: an encoder-decoder and a causal model attend to other positions; "
                "leave attention out"
            )
        for model in (student, teacher):
            model.set_attn_implementation("eager")
    layers = {stack: layer_map(counts[stack], teacher_counts[stack]) for stack in stacks}
    projections: dict[str, Projections] = {}
    if components.hidden is not None:
        widths = (student.config.hidden_size, teacher.config.hidden_size)
        projections = {stack: Projections(counts[stack], *widths, seed) for stack in stacks}
        student.add_module(CHILD, torch.nn.ModuleDict(projections))
    return Pairing(layers, projections, components.attention is not None)


def without_projections(checkpoint: Path) -> PreTrainedModel:
    """Load the plain model of a checkpoint with projections, which transformers would call unexpected.

    Args:
        checkpoint: Checkpoint of a student whose hidden states are compared.

    Raises:
        DataError: As ``load`` does, if a weight is missing.
    """
    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        return load(checkpoint)
    finally:
        logging.set_verbosity(verbosity)


def attended(inputs: Mapping[str, Tensor]) -> dict[str, Bool[Tensor, "rows queries keys"]]:
    """Return by stack which keys a valid query attends to.

    Queries of a causal model are the positions that predict the target, as in a decoder.

    Args:
        inputs: What ``collate`` made.
    """
    source = inputs["attention_mask"].bool()
    target = inputs["labels"] != IGNORE
    earlier = torch.ones(target.shape[1], target.shape[1], dtype=torch.bool, device=target.device).tril()
    if "decoder_input_ids" not in inputs:
        return {"decoder": target[:, :, None] & source[:, None, :] & earlier}
    return {
        "encoder": source[:, :, None] & source[:, None, :],
        "decoder": target[:, :, None] & target[:, None, :] & earlier,
        "cross": target[:, :, None] & source[:, None, :],
    }


def _stack_of(maps: str) -> str:
    """Return the stack whose layers hold some attention maps."""
    return "decoder" if maps == "cross" else maps
