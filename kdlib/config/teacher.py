"""The section of a teacher."""

from __future__ import annotations

from typing import Any

from pydantic import Field, field_validator

from kdlib.config.base import Name, Strict
from kdlib.config.models import Lora, Size, SizeName
from kdlib.config.presets import named, presets
from kdlib.config.training import Training, TrainingOrProfile


class Teacher(Strict):
    """A teacher: trained on the reference assertions, then asked for its distributions."""

    model: Name | None = Field(
        None, description="name of an entry of models to start from; size builds one from scratch"
    )
    size: Size = Field(
        default_factory=lambda: Size(**presets()["sizes"]["small"]),
        description="name of a size (nano, tiny, mini, small, base; causal_nano, causal_mini) or its five "
        "numbers",
    )
    lora: Lora | None = Field(
        None, description="train a low-rank adapter of model and merge it; left out: train all weights"
    )
    training: TrainingOrProfile = Field(default_factory=Training, description="how it is trained")

    @field_validator("size", mode="before", json_schema_input_type=Size | SizeName)
    @classmethod
    def _size(cls, value: Any) -> Any:  # noqa: ANN401
        return named("sizes", value)
