"""What every loss is to a configuration and to a training: constants, and values of a batch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    from kdlib.losses.inputs import Batch

Unit = Literal["position", "example"]
Need = Literal["signal", "encoder", "legality", "layers", "judge"]


class Loss(BaseModel, ABC):
    """A loss's constants, which a configuration checks, over a pure function of tensors.

    Nothing here imports torch before ``values`` is called: configurations are read where no model is.

    Attributes:
        unit: What a value belongs to, and so which count divides the sum.
        needs: What must be there beside the student's logits and the gold ids.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
    unit: ClassVar[Unit] = "position"
    needs: ClassVar[frozenset[Need]] = frozenset()

    @abstractmethod
    def values(self, batch: Batch) -> Float[Tensor, " units"]:
        """Return one value per unit of the batch, with a graph to what it reads of the student.

        That are the logits, or, for a loss that needs layers, their states and attention. A unit's value must
        not depend on other examples of the student.
        """

    def factor(self) -> float:
        """Return the constant factor on the raw value, beside the weight."""
        return 1.0
