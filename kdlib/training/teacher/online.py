"""A teacher that runs beside its student: the same signals as stored ones, for the cost of a forward pass."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch

from kdlib.models.batch import layout_of
from kdlib.models.forward import TargetOutput, target_output
from kdlib.softmax import normalise
from kdlib.teacher_signal import FullSignal

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel


class OnlineTeacher:
    """A frozen model in evaluation mode.

    Attributes:
        model: The teacher.
        layout: How it reads prompt and target, which a student of another family does differently.
    """

    def __init__(self, model: PreTrainedModel) -> None:
        self.model = model.eval().requires_grad_(False)
        self.layout = layout_of(model.config)

    def to(self, device: torch.device) -> OnlineTeacher:
        """Move the model to a device and return the teacher."""
        self.model.to(device)
        return self

    def output(
        self, inputs: Mapping[str, Tensor], hidden: bool = False, attention: bool = False
    ) -> TargetOutput:
        """Return the teacher's output at the valid target positions, without a graph.

        Args:
            inputs: Batch that ``collate`` made for ``layout``, on the teacher's device.
            hidden: Whether to return the states of all layers.
            attention: Whether to return their attention.
        """
        with torch.no_grad():
            return target_output(self.model, inputs, hidden=hidden, attention=attention)

    def signal(self, inputs: Mapping[str, Tensor], temperature: float) -> FullSignal:
        """Return the teacher's distributions log softmax(logits / T) at the valid target positions.

        Args:
            inputs: Batch that ``collate`` made for ``layout``, on the teacher's device.
            temperature: T > 0.
        """
        return signal_of(self.output(inputs), temperature)


def signal_of(output: TargetOutput, temperature: float) -> FullSignal:
    """Return a teacher's distributions log softmax(logits / T).

    Args:
        output: The teacher's output.
        temperature: T > 0.
    """
    return FullSignal(normalise(output.logits.float() / temperature), temperature)
