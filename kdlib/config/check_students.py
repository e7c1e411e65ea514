"""Combinations of losses, teachers and stored signals that cannot work, each right by itself."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from kdlib.config.models import Layers
from kdlib.config.presets import did_you_mean
from kdlib.config.recipes import COMPONENTS_OF
from kdlib.config.run import Config
from kdlib.config.student import SequenceLevel, Student
from kdlib.config.teacher import Teacher
from kdlib.losses.table import Components


def impossible_students(config: Config, wrong: Mapping[str, Collection[str]]) -> Iterator[str]:
    """Yield what cannot work of students.

    Args:
        config: The configuration.
        wrong: Names of the entries of ``teachers`` and ``students`` that have mistakes, which are reported
            already; such students are not checked.
    """
    teachers = {*config.teachers, *wrong["teachers"]}
    for name, student in config.students.items():
        if name not in wrong["students"]:
            where = f"students.{name}"
            if student.teacher not in teachers:
                nearest = did_you_mean(student.teacher, teachers)
                yield f"{where}.teacher: no teacher {student.teacher!r}{nearest}"
            yield from _impossible_renaming(where, student)
            yield from _impossible_loss(where, student)
            yield from _impossible_distillation(where, student, config)


def _impossible_renaming(where: str, student: Student) -> Iterator[str]:
    """Yield what cannot be had of rows whose names are exchanged."""
    if student.training.renaming and student.token_weight != 1:
        yield f"{where}.token_weight: critical tokens are found in the original names; set renaming to 0"
    if student.training.renaming and student.needs_store():
        yield (
            f"{where}.training.renaming: stored signals belong to the original names; use signals: online, "
            "or loss ce"
        )


def _impossible_loss(where: str, student: Student) -> Iterator[str]:
    """Yield what cannot work of a loss, its components and their weights."""
    names = student.components.names()
    if student.loss != "multi_component":
        if set(names) != set(COMPONENTS_OF[student.loss]) or student.schedule or student.loss_weights:
            yield f"{where}: loss {student.loss} has fixed components and weights; use loss: multi_component"
        return
    if student.schedule and student.loss_weights:
        yield f"{where}: schedule and loss_weights exclude each other"
    table = student.schedule or student.loss_weights or {}
    if missing := [component for component in names if component not in table]:
        yield f"{where}: no weight for {', '.join(missing)} in schedule or loss_weights"
    if not names:
        yield f"{where}.components: name at least one of {', '.join(Components.model_fields)}"


def _impossible_distillation(where: str, student: Student, config: Config) -> Iterator[str]:
    """Yield what a student asks of its teacher or of stored signals that these cannot give."""
    teacher = config.teachers.get(student.teacher)
    if teacher and student.layers is not None:
        yield from _impossible_layers(where, student, student.layers, teacher, config)
    if student.beams:
        yield from _impossible_beams(where, student, student.beams, config)
    if teacher and student.needs_layers():
        yield from _impossible_pairing(where, student, teacher, config)
    if teacher and student.needs_teachers_encoder() and _is_causal(teacher, config):
        for component in student.components.need("encoder"):
            yield (
                f"{where}.components.{component}: teacher {student.teacher} is a causal model without an "
                f"encoder; name an entry of encoders in {where}.encoder, or leave {component} out"
            )
    yield from _impossible_codec(where, student, config)


def _impossible_layers(
    where: str, student: Student, layers: Layers, teacher: Teacher, config: Config
) -> Iterator[str]:
    """Yield which layers a teacher does not have; those of hubs and folders are not known yet."""
    if layers.encoder is not None and _is_causal(teacher, config):
        yield (
            f"{where}.layers.encoder: teacher {student.teacher} is a causal model without an encoder; "
            "leave it out"
        )
        return
    if teacher.model is not None:
        return
    for part, asked, held in (
        ("encoder", layers.encoder, teacher.size.encoder_layers),
        ("decoder", layers.decoder, teacher.size.decoder_layers),
    ):
        if asked is not None and asked > held:
            yield f"{where}.layers.{part}: teacher {student.teacher} has {held}, got {asked}"


def _impossible_beams(where: str, student: Student, beams: SequenceLevel, config: Config) -> Iterator[str]:
    """Yield what cannot work of a sequence-level distillation."""
    if beams.keep > beams.width:
        yield f"{where}.beams.keep: {beams.keep} references need as many beams, got width {beams.width}"
    if beams.gold_weight == 1:
        yield f"{where}.beams.gold_weight: at 1 the teacher's beams weigh nothing; lower it"
    if student.needs_store() and config.signals.beams < beams.width:
        yield (
            f"{where}.beams.width: {', '.join(student.components.need('signal'))} need the signals of as "
            f"many beams, got signals.beams {config.signals.beams}; set it to {beams.width}, or "
            f"{where}.signals to online"
        )


def _impossible_pairing(where: str, student: Student, teacher: Teacher, config: Config) -> Iterator[str]:
    """Yield what cannot work of losses on layers; those of hubs and folders are not known yet."""
    compared = ", ".join(student.components.need("layers"))
    if student.signals != "online":
        yield f"{where}.components: {compared} read the teacher itself; set signals: online"
    size = student.size
    if size is None or teacher.model is not None:
        return
    causal = _is_causal(teacher, config)
    if student.components.attention is not None and causal != (size.encoder_layers == 0):
        yield (
            f"{where}.components.attention: an encoder-decoder and a causal model attend to other positions; "
            "leave attention out"
        )
    for stack in ("encoder_layers", "decoder_layers"):
        asked = getattr(size, stack)
        held = getattr(teacher.size, stack)
        if asked > held and held:
            yield (
                f"{where}.size.{stack}: for {compared} each layer follows one of the teacher's, which has "
                f"{held}, got {asked}"
            )


def _impossible_codec(where: str, student: Student, config: Config) -> Iterator[str]:
    """Yield what a loss asks of stored distributions that their codec leaves out."""
    codec = config.signals.codec
    made_for = getattr(codec, "temperature", None)
    if made_for is None or not student.needs_store():
        return
    if student.components.reverse_kl is not None:
        yield (
            f"{where}.components.reverse_kl: it is infinite where signals.codec {codec.kind} keeps no tail; "
            "use codec hidden, or skew_kl or jsd, which stay finite"
        )
    asked = sorted({student.temperature.start, student.temperature.end} - {made_for})
    if asked:
        yield (
            f"{where}.temperature: signals.codec {codec.kind} answers only at T = {made_for:g}, asked for "
            f"{', '.join(f'{t:g}' for t in asked)}; use codec hidden, which is exact at any T"
        )


def _is_causal(teacher: Teacher, config: Config) -> bool:
    """Return whether a teacher is known to have no encoder; of hubs and folders only loading shows it."""
    if teacher.model is None:
        return not teacher.size.encoder_layers
    return teacher.model in config.models and config.models[teacher.model].kind in ("gguf", "package")
