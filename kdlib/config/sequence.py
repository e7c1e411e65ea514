"""Sequence-level distillation: how many of the teacher's answers a student learns from."""

from __future__ import annotations

from pydantic import Field

from kdlib.config.base import Share, Strict


class SequenceLevel(Strict):
    """The teacher's own answers to the training prompts as further references, beside the gold target."""

    beams: int = Field(4, ge=1, description="beam width of the teacher, and its answers a prompt")
    keep: int = Field(
        1,
        ge=1,
        description="best answers a prompt that become references, of those that are valid assertions other "
        "than the gold target",
    )
    gold_weight: Share = Field(
        0.5, description="γ, weight of the gold target; the answers share the rest, and none has it all"
    )
    temperature: float = Field(
        1.0, gt=0, description="the answers' shares are softmax(log-probability / temperature)"
    )
