"""The sections of models and their evaluation, and the whole: every key with its default and description."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator
from pydantic import model_validator as check

from kdlib.config.base import Name, Share, Strict
from kdlib.config.corpus import Corpus, Dataset, Split, Views
from kdlib.config.execution import Execution
from kdlib.config.models import Layers, Lora, Pretrained, SentenceEncoder, Size, SizeName
from kdlib.config.presets import NameOf, named, presets
from kdlib.config.sequence import SequenceLevel
from kdlib.config.signals import Signals
from kdlib.config.sweep import Sweep
from kdlib.config.training import Temperature, Training, TrainingOrProfile
from kdlib.losses.table import Components

Weights = tuple[Annotated[float, Field(ge=0)], Annotated[float, Field(ge=0)]]
ScheduleName = Annotated[str, NameOf("schedules")]
TRIDENT = {"focal", "jsd", "semantic", "contrastive"}
COMPONENTS_OF = {
    "ce": ("ce",),
    "traditional": ("ce", "kl"),
    "enhanced": ("ce", "kl", "pans"),
    "ast_enhanced": ("ce", "kl", "ast"),
}


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
    training: TrainingOrProfile = Field(default_factory=Training, description="how it is trained")

    @field_validator("size", mode="before", json_schema_input_type=Size | SizeName)
    @classmethod
    def _size(cls, value: Any) -> Any:  # noqa: ANN401
        return named("sizes", value)


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
        default_factory=lambda: Components.model_validate({"focal": {}, "jsd": {}, "semantic": {}}),
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
    temperature: Temperature = Field(
        default_factory=Temperature, description="of all divergences from the teacher"
    )
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
    training: TrainingOrProfile = Field(default_factory=Training, description="how it is trained")

    @field_validator("size", mode="before", json_schema_input_type=Size | SizeName | None)
    @classmethod
    def _size(cls, value: Any) -> Any:  # noqa: ANN401
        return named("sizes", value)

    @field_validator(
        "schedule", mode="before", json_schema_input_type=dict[str, Weights] | ScheduleName | None
    )
    @classmethod
    def _schedule(cls, value: Any) -> Any:  # noqa: ANN401
        return named("schedules", value)

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

    beams: int = Field(4, ge=1, description="beam width; 1 is greedy search")
    n_best: int = Field(4, ge=1, description="predictions kept for each row")
    batch_size: int = Field(32, ge=1, description="rows of a generation batch at most")
    batch_tokens: int = Field(
        16384,
        ge=1,
        description="tokens of the prompts of a generation batch at most, padding included: it bounds the "
        "memory of long prompts",
    )
    latency_rows: int = Field(
        16, ge=1, description="test rows that are predicted alone, to measure a model's latency"
    )
    encoder: Name | None = Field(
        None,
        description="name of an entry of encoders that measures the semantic similarity of predictions; the "
        "encoder of the first teacher if left out",
    )
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
    corpus: Corpus = Field(default_factory=Corpus, description="sources and filters")
    split: Split = Field(default_factory=Split, description="train, validation and test")
    dataset: Dataset = Field(default_factory=Dataset, description="tokens and subsets")
    views: Views = Field(default_factory=Views, description="other texts of the same sources")
    models: dict[Name, Pretrained] = Field({}, description="name: pretrained model")
    encoders: dict[Name, SentenceEncoder] = Field({}, description="name: sentence encoder that only measures")
    teachers: dict[Name, Teacher] = Field(description="name: teacher", min_length=1)
    signals: Signals = Field(default_factory=Signals, description="teacher distributions")
    students: dict[Name, Student] = Field(description="name: student preset", min_length=1)
    sweep: Sweep | None = Field(None, description="students to add: a recipe in every combination")
    evaluation: Evaluation = Field(default_factory=Evaluation, description="predictions and scores")
    execution: Execution = Field(
        default_factory=Execution, description="predictions compiled and run in their tests"
    )
    tracking: Tracking = Field(default_factory=Tracking, description="MLflow")
    gpu_partitions: tuple[Name, ...] = Field(
        ("gpu",), min_length=1, description="partitions of a cluster that the target check_gpu tries"
    )

    def seed_groups(self) -> list[list[str]]:
        """Return the students that differ in nothing but the seed of their training, by groups of several."""
        groups: dict[str, list[str]] = {}
        for name, student in self.students.items():
            same = student.model_copy(update={"training": student.training.model_copy(update={"seed": 0})})
            groups.setdefault(same.model_dump_json(), []).append(name)
        return [names for names in groups.values() if len(names) > 1]
