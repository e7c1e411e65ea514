"""The sections of models and their evaluation, and the whole: every key with its default and description."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field, field_validator
from pydantic import model_validator as check

from kdlib.config.base import Name, Share, Strict, TrainingPrecision
from kdlib.config.corpus import Corpus, Dataset, Split, Views
from kdlib.config.models import Layers, Lora, Pretrained, SentenceEncoder, Size
from kdlib.config.sequence import SequenceLevel
from kdlib.config.signals import Signals
from kdlib.losses.table import Components

Weights = tuple[Annotated[float, Field(ge=0)], Annotated[float, Field(ge=0)]]
TRIDENT = {"focal", "jsd", "semantic", "contrastive"}
COMPONENTS_OF = {
    "ce": ("ce",),
    "traditional": ("ce", "kl"),
    "enhanced": ("ce", "kl", "pans"),
    "ast_enhanced": ("ce", "kl", "ast"),
}


@cache
def presets() -> dict[str, dict[str, Any]]:
    """Return the named sizes, schedules and profiles of ``presets.yaml``."""
    return yaml.safe_load(Path(__file__).with_name("presets.yaml").read_text())


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return the end of an error sentence: the nearest known name, or all of them."""
    known = list(known)
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else f"; known: {', '.join(sorted(known))}"


def _named(kind: str, value: Any) -> Any:  # noqa: ANN401  (a raw YAML value)
    """Return the preset that a string names, and anything else as it is."""
    if not isinstance(value, str):
        return value
    if value not in presets()[kind]:
        raise ValueError(f"unknown name {value!r}{did_you_mean(value, presets()[kind])}")
    return presets()[kind][value]


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
        description="steps between checkpoints within an epoch, from which a killed training goes on; "
        "the end of an epoch has one of its own",
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
    records: Records = Field(Records(), description="what is recorded")

    @check(mode="before")
    @classmethod
    def _of_the_profile(cls, raw: Any) -> Any:  # noqa: ANN401
        raw = {"profile": raw} if isinstance(raw, str) else raw
        if not isinstance(raw, dict) or not isinstance(raw.get("profile"), str):
            return raw
        return {**_named("profiles", raw["profile"]), **raw}


class Teacher(Strict):
    """A teacher: fine-tuned on gold assertions, then asked for its distributions."""

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
    training: Training = Field(Training(), description="how it is trained")

    @field_validator("size", mode="before")
    @classmethod
    def _size(cls, value: Any) -> Any:  # noqa: ANN401
        return _named("sizes", value)


class Temperature(Strict):
    """T(e) = start·(end/start)^(e/E) in whole epochs."""

    start: float = Field(4.0, gt=0, description="temperature of the first epoch")
    end: float = Field(1.5, gt=0, description="temperature that the decay tends to")


class Student(Strict):
    """A student preset: which teacher, how small, which loss."""

    teacher: Name = Field(description="name of an entry of teachers")
    size: Size | None = Field(
        None, description="built from scratch, as of a teacher; tiny where model and layers are left out too"
    )
    model: Name | None = Field(None, description="name of an entry of models to start from, in place of size")
    layers: Layers | None = Field(
        None, description="start from so many of the teacher's layers, in place of size"
    )
    loss: Literal["ce", "traditional", "enhanced", "ast_enhanced", "multi_component"] = Field(
        "multi_component",
        description="ce; traditional = α·kl + (1−α)·ce; enhanced adds pans, ast_enhanced adds ast; or "
        "components weighted by schedule or loss_weights",
    )
    components: Components = Field(
        Components.model_validate({"focal": {}, "jsd": {}, "semantic": {}}),
        description="of multi_component",
    )
    signals: Literal["stored", "online"] = Field(
        "stored",
        description="whence the teacher's distributions come: its store, or the teacher itself, which runs "
        "in every step and sees renamed rows as well",
    )
    encoder: Name | None = Field(
        None,
        description="name of an entry of encoders, which reads the student's tokens through a projection, "
        "for semantic and contrastive; the teacher's own encoder if left out",
    )
    schedule: dict[str, Weights] | None = Field(
        None, description="component: [first, last weight], or a name; chosen by the components if left out"
    )
    loss_weights: dict[str, Annotated[float, Field(ge=0)]] | None = Field(
        None, description="constant weights in place of a schedule"
    )
    temperature: Temperature = Field(Temperature(), description="of all divergences from the teacher")
    alpha: Share = Field(0.5, description="α0 of the traditional loss and those that add to it")
    pans_weight: float = Field(0.1, ge=0, description="weight of pans in the enhanced loss")
    ast_weight: float = Field(0.1, ge=0, description="weight of ast in the ast_enhanced loss")
    token_weight: float = Field(
        1.0, gt=0, description="factor on ce and focal where a critical token of Java tests stands, e.g. 2.5"
    )
    sequence: SequenceLevel | None = Field(
        None, description="sequence-level distillation: {} takes its defaults, null is without"
    )
    convergence: Share = Field(0.01, description="improvement of ce per epoch below which α begins to fall")
    converged_by: Literal["ce", "validation"] = Field(
        "ce",
        description="whose improvement: ce of the training rows, epoch by epoch, or the validation loss, "
        "from one validation to the next",
    )
    training: Training = Field(Training(), description="how it is trained")

    @field_validator("size", mode="before")
    @classmethod
    def _size(cls, value: Any) -> Any:  # noqa: ANN401
        return _named("sizes", value)

    @field_validator("schedule", mode="before")
    @classmethod
    def _schedule(cls, value: Any) -> Any:  # noqa: ANN401
        return _named("schedules", value)

    @check(mode="before")
    @classmethod
    def _defaults_of_start_and_loss(cls, raw: Any) -> Any:  # noqa: ANN401
        if not isinstance(raw, dict):
            return raw
        if all(raw.get(start) is None for start in ("size", "model", "layers")):
            raw = {**raw, "size": "tiny"}
        fixed = COMPONENTS_OF.get(str(raw.get("loss")))
        chosen = raw.get("components")
        if isinstance(chosen, Components):
            names = set(chosen.names())
        else:
            chosen = chosen if isinstance(chosen, dict) else {}
            names = {name for name, constants in chosen.items() if constants is not None}
        if fixed:
            raw = {"components": {name: {} for name in fixed}, **raw}
        elif raw.get("schedule") is None and raw.get("loss_weights") is None:
            raw = {**raw, "schedule": "trident" if names <= TRIDENT else "legacy"}
        return raw

    def weights(self) -> dict[str, Weights]:
        """Return the first and last weight of every component that no α weighs (see ``training.plan``)."""
        if self.loss == "ce":
            return {"ce": (1.0, 1.0)}
        if self.loss != "multi_component":
            extra = {"enhanced": {"pans": self.pans_weight}, "ast_enhanced": {"ast": self.ast_weight}}
            return {name: (w, w) for name, w in extra.get(self.loss, {}).items()}
        table = self.schedule or {name: (w, w) for name, w in (self.loss_weights or {}).items()}
        return {name: table[name] for name in self.components.names() if name in table}

    def needs_signals(self) -> bool:
        """Return whether the loss compares with the teacher's distributions."""
        return bool(self.components.need("signal"))

    def needs_store(self) -> bool:
        """Return whether the loss reads stored signals."""
        return self.needs_signals() and self.signals == "stored"

    def needs_beams(self) -> bool:
        """Return whether the teacher's answers must be generated: a store that is read holds them."""
        return self.sequence is not None and not self.needs_store()

    def needs_online(self) -> bool:
        """Return whether the teacher runs beside the student."""
        return self.signals == "online" and (self.needs_signals() or self.needs_layers())

    def needs_layers(self) -> bool:
        """Return whether the loss compares intermediate layers."""
        return bool(self.components.need("layers"))

    def needs_teachers_encoder(self) -> bool:
        """Return whether the loss runs the encoder of the teacher."""
        return bool(self.components.need("encoder")) and self.encoder is None

    def needs_teacher(self) -> bool:
        """Return whether the teacher's model is used: to run, for its layers, or as proof of signals."""
        runs = self.needs_online() or self.needs_teachers_encoder()
        return runs or self.needs_signals() or self.layers is not None


class Evaluation(Strict):
    """Predictions and scores."""

    beams: int = Field(4, ge=1, description="beam width")
    n_best: int = Field(4, ge=1, description="predictions kept for each row")
    batch_size: int = Field(32, ge=1, description="rows per generation batch")
    resamples: int = Field(2000, ge=100, description="bootstrap resamples")
    confidence: float = Field(0.95, gt=0, lt=1, description="mass of the intervals")
    seed: int = Field(42, description="seed of the resampling")


class Tracking(Strict):
    """MLflow."""

    uri: str = Field("sqlite:///results/mlflow.db", description="tracking server or SQLite file")
    experiment: str = Field("kdlib", description="experiment name")


class Config(Strict):
    """A run."""

    run: Name = Field("default", description="name of the folder under results/")
    threads: int = Field(2, ge=1, description="CPU threads of a job; equal threads give equal bytes")
    corpus: Corpus = Field(Corpus(), description="sources and filters")
    split: Split = Field(Split(), description="train, validation and test")
    dataset: Dataset = Field(Dataset(), description="tokens and subsets")
    views: Views = Field(Views(), description="other texts of the same sources")
    models: dict[Name, Pretrained] = Field({}, description="name: pretrained model")
    encoders: dict[Name, SentenceEncoder] = Field({}, description="name: sentence encoder that only measures")
    teachers: dict[Name, Teacher] = Field(description="name: teacher", min_length=1)
    signals: Signals = Field(Signals(), description="teacher distributions")
    students: dict[Name, Student] = Field(description="name: student preset", min_length=1)
    evaluation: Evaluation = Field(Evaluation(), description="predictions and scores")
    tracking: Tracking = Field(Tracking(), description="MLflow")
