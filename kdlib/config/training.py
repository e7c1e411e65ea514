"""The sections of a training run and of its temperature."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field
from pydantic import model_validator as check

from kdlib.config.base import Share, Strict, TrainingPrecision
from kdlib.config.presets import NameOf, named


class Temperature(Strict):
    """T(e) = start·(end/start)^(e/E) in whole epochs."""

    start: float = Field(4.0, gt=0, description="temperature of the first epoch")
    end: float = Field(1.5, gt=0, description="temperature that the decay tends to")


class Records(Strict):
    """What a training run records beside its losses."""

    gradient_every: int = Field(
        50,
        ge=0,
        description="steps between gradient norms of the components, a backward pass each; 0: never",
    )


class Training(Strict):
    """One training run."""

    profile: str | None = Field(
        None,
        description="name of settings that go together (quick_start, high_quality, memory_constrained, "
        "gpu_8gb, gpu_16gb, gpu_24gb, cpu_only), also as `training: NAME`; keys given beside it win",
    )
    epochs: int = Field(10, ge=1, description="passes over the training rows at most")
    epoch_samples: int | None = Field(
        None,
        ge=1,
        description="rows of an epoch, a fresh random subset each time; all if left out, or if fewer",
    )
    sampling_seed: int = Field(42, ge=0, description="seed of the first epoch's subset, plus one an epoch")
    batch_size: int = Field(16, ge=1, description="rows per forward pass")
    accumulation: int = Field(1, ge=1, description="forward passes per optimiser step")
    learning_rate: float = Field(
        1e-3, gt=0, description="peak of AdamW's rate (1e-3 suits small scratch models)"
    )
    floor: Share = Field(0.2, description="share of the peak at which linear decay ends")
    warmup_ratio: Share = Field(0.15, description="share of the steps with rising rate")
    warmup_steps: int | None = Field(None, ge=0, description="steps with rising rate, in place of the share")
    weight_decay: float = Field(0.01, ge=0, description="AdamW's decoupled weight decay")
    dropout: Share = Field(
        0.1,
        description="dropout in every layer, in a causal model of attention weights only; a pretrained "
        "model's own rate is replaced",
    )
    clip: float = Field(1.0, gt=0, description="largest gradient norm")
    patience: int = Field(4, ge=1, description="validations without improvement before stopping")
    save_steps: int = Field(
        500,
        ge=1,
        description="steps between checkpoints within an epoch, from which a killed training is "
        "resumed; the end of an epoch has one as well",
    )
    validation_frequency: int = Field(
        1, ge=1, description="epochs from one validation to the next; the last epoch is always validated"
    )
    threads: int | None = Field(None, ge=1, description="CPU threads; the run's threads if left out")
    accelerate: str | None = Field(
        None,
        description="configuration of accelerate, e.g. profiles/accelerate/multi-gpu.yaml, whose processes "
        "train together; one process if left out",
    )
    workers: int | None = Field(
        None, ge=0, description="processes that read rows ahead; 2 on a GPU and none elsewhere if left out"
    )
    copy_steps: int = Field(
        0,
        ge=0,
        description="steps of continuing random prompts before training: a scratch model learns to copy",
    )
    renaming: Share = Field(
        0.0, description="share of the rows whose names are exchanged, prompt and assertion alike, when drawn"
    )
    precision: TrainingPrecision = Field(
        "float32",
        description="of the forward pass: auto is bfloat16 where the hardware computes in it, float32 "
        "elsewhere; float16, with scaled losses, needs a CUDA GPU; weights stay float32",
    )
    gradient_checkpointing: bool = Field(
        False, description="compute layers again in the backward pass, which takes less memory and more time"
    )
    seed: int = Field(42, description="seed of initialisation, order, renaming and dropout")
    deterministic: bool = Field(
        False,
        description="equal bytes on a GPU too, by slower algorithms; on a CPU equal threads suffice",
    )
    records: Records = Field(default_factory=Records, description="what is recorded")

    @check(mode="before")
    @classmethod
    def _of_the_profile(cls, raw: Any) -> Any:  # noqa: ANN401
        if not isinstance(raw, dict) or not isinstance(raw.get("profile"), str):
            return raw
        return {**named("profiles", raw["profile"]), **raw}


def _section(value: Any) -> Any:  # noqa: ANN401  (a raw YAML value)
    return {"profile": value} if isinstance(value, str) else value


ProfileName = Annotated[str, NameOf("profiles")]
TrainingOrProfile = Annotated[
    Training, BeforeValidator(_section, json_schema_input_type=Training | ProfileName)
]
