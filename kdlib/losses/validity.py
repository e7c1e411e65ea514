"""The syntax loss in its sampled form: how often drawn outputs are no Java statement."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from kdlib.losses.base import Loss, Need, Unit

if TYPE_CHECKING:
    import torch
    from jaxtyping import Float
    from torch import Tensor

    from kdlib.losses.inputs import Batch

REMEMBERED = 1 << 14  # verdicts: a student that has learnt draws the same outputs again and again


@dataclass(frozen=True, eq=False)
class Judging:
    """Who judges samples, and what they are drawn with.

    Attributes:
        valid: Judges the ids of one sample.
        generator: Source of randomness, on the student's device.
    """

    valid: Callable[[list[int]], bool]
    generator: torch.Generator


class SampledAst(Loss):
    """Share of drawn outputs that no Java parser takes, with a score-function gradient."""

    unit: ClassVar[Unit] = "example"
    needs: ClassVar[frozenset[Need]] = frozenset({"judge"})
    form: Literal["sampled"] = Field(description="drawn outputs, judged by a parser")
    samples: int = Field(
        4, ge=2, description="outputs drawn for each example; the variance falls as 1/samples"
    )

    def values(self, batch: Batch) -> Float[Tensor, " examples"]:
        """Return the invalid share of every example's samples."""
        from kdlib.losses.syntax import sampled_validity

        if batch.judging is None:
            raise ValueError("this loss needs a judge of samples")
        return sampled_validity(
            batch.student, batch.lengths, batch.judging.valid, self.samples, batch.judging.generator
        )


def judge(decode: Callable[[Sequence[int]], str], end: int) -> Callable[[list[int]], bool]:
    """Return a judge of samples: whether what stands before the first end token is one Java statement.

    Args:
        decode: Returns the text of ids.
        end: The end token. A sample without one is judged as a whole.
    """
    from kdlib.java.validity import is_statement

    @lru_cache(REMEMBERED)
    def verdict(ids: tuple[int, ...]) -> bool:
        return is_statement(decode(ids))

    def valid(ids: list[int]) -> bool:
        length = ids.index(end) if end in ids else len(ids)
        return verdict(tuple(ids[:length]))

    return valid
