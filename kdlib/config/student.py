"""The section of a student."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator
from pydantic import model_validator as check

from kdlib.config.base import Name, Share, Strict
from kdlib.config.models import Layers, Size, SizeName
from kdlib.config.presets import NameOf, named
from kdlib.config.recipes import COMPONENTS_OF, DEFAULT_COMPONENTS, LossName, default_schedule
from kdlib.config.training import Temperature, Training, TrainingOrProfile
from kdlib.losses.table import Components

Weight = Annotated[float, Field(ge=0)]
Weights = tuple[Weight, Weight]
ScheduleName = Annotated[str, NameOf("schedules")]


class SequenceLevel(Strict):
    """Sequence-level distillation: the teacher's beams are references beside the gold target."""

    width: int = Field(4, ge=1, description="beam width of the teacher, which is its beams for a prompt")
    keep: int = Field(
        1,
        ge=1,
        description="best beams of a prompt that become references, of those that are valid assertions other "
        "than the gold target",
    )
    gold_weight: Share = Field(
        0.5, description="γ, weight of the gold target; the beams share the rest, and none has it all"
    )
    temperature: float = Field(
        1.0, gt=0, description="the beams' shares are softmax(log-probability / temperature)"
    )


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
    loss: LossName = Field(
        "multi_component",
        description="ce; traditional = α·kl + (1−α)·ce; enhanced adds pans, ast_enhanced adds ast; or "
        "components weighted by schedule or loss_weights",
    )
    components: Components = Field(
        default_factory=lambda: Components.model_validate({name: {} for name in DEFAULT_COMPONENTS}),
        description="of multi_component",
    )
    signals: Literal["stored", "online"] = Field(
        "stored",
        description="where the teacher's distributions come from: the stored signals, or the teacher itself, "
        "which runs in every step and sees renamed rows as well",
    )
    encoder: Name | None = Field(
        None,
        description="name of an entry of encoders, which reads the student's tokens through a projection, "
        "for semantic and contrastive; the teacher's own encoder if left out",
    )
    schedule: dict[str, Weights] | None = Field(
        None, description="component: [first, last weight], or a name; chosen by the components if left out"
    )
    loss_weights: dict[str, Weight] | None = Field(
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
    beams: SequenceLevel | None = Field(
        None,
        description="sequence-level distillation from the teacher's beams: {} takes its defaults, null is "
        "without",
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
    def _start_and_recipe(cls, raw: Any) -> Any:  # noqa: ANN401
        if not isinstance(raw, dict):
            return raw
        if all(raw.get(start) is None for start in ("size", "model", "layers")):
            raw = {**raw, "size": "tiny"}
        fixed = COMPONENTS_OF.get(str(raw.get("loss")))
        if fixed:
            return {"components": {name: {} for name in fixed}, **raw}
        if raw.get("schedule") is None and raw.get("loss_weights") is None:
            return {**raw, "schedule": default_schedule(_names(raw.get("components")))}
        return raw

    def balanced(self) -> bool:
        """Return whether α weighs kl and 1 − α weighs ce: so it is where kl has no weight of its own."""
        return not (self.schedule or self.loss_weights) and self.components.kl is not None

    def weights(self) -> dict[str, Weights]:
        """Return the first and last weight of every component that no α weighs (see ``training.plan``)."""
        if self.schedule:
            table = self.schedule
        elif self.loss_weights:
            table = _constant(self.loss_weights)
        elif self.balanced():
            table = _constant({"pans": self.pans_weight, "ast": self.ast_weight})
        else:
            table = _constant({"ce": 1.0})
        return {name: table[name] for name in self.components.names() if name in table}

    def needs_signals(self) -> bool:
        """Return whether the loss compares with the teacher's distributions."""
        return bool(self.components.need("signal"))

    def needs_store(self) -> bool:
        """Return whether the loss reads stored signals."""
        return self.needs_signals() and self.signals == "stored"

    def needs_beams(self) -> bool:
        """Return whether the teacher's beams must be generated: stored signals that are read hold them."""
        return self.beams is not None and not self.needs_store()

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


def _names(components: Any) -> set[str]:  # noqa: ANN401  (a raw YAML value, or what was read of one)
    """Return the names of the components in use."""
    if isinstance(components, Components):
        return set(components.names())
    if not isinstance(components, dict):
        return set()
    return {name for name, constants in components.items() if constants is not None}


def _constant(weights: dict[str, float]) -> dict[str, Weights]:
    """Return weights as first and last ones that are equal."""
    return {name: (weight, weight) for name, weight in weights.items()}
