"""Combinations of models, sizes and layers that cannot work, each right by itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from kdlib.config.models import Layers, Size
from kdlib.config.presets import did_you_mean
from kdlib.config.sections import Config, Student, Teacher


def impossible_models(config: Config, wrong: set[str]) -> Iterator[str]:
    """Yield what cannot work of models and sizes.

    Args:
        config: The configuration.
        wrong: Names of entries of models that were told and taken out.
    """
    known = {*config.models, *wrong}
    for name, entry in config.models.items():
        if entry.kind == "folder" and not Path(entry.path).is_dir():
            yield f"models.{name}.path: there is no folder {entry.path}"
        if entry.kind == "gguf" and not Path(entry.path).is_file():
            yield f"models.{name}.path: there is no file {entry.path}"
    chosen = config.dataset.tokenizer.model
    if chosen is not None and chosen not in known:
        yield f"dataset.tokenizer.model: no model {chosen!r}{_did_you_mean_model(chosen, known)}"
    for name, student in config.students.items():
        where, size = f"students.{name}", student.size
        starts = [start for start in ("size", "model", "layers") if getattr(student, start) is not None]
        if len(starts) > 1:
            yield f"{where}: {' and '.join(starts)} exclude each other; set all but one to null"
        elif size is not None:
            yield from _impossible_size(where, size, student.training.copy_steps)
        else:
            yield from _impossible_start(where, student, known, chosen)
    for name, teacher in config.teachers.items():
        where = f"teachers.{name}"
        if teacher.model is not None:
            yield from _impossible_start(where, teacher, known, chosen)
            continue
        yield from _impossible_size(where, teacher.size, teacher.training.copy_steps)
        if teacher.lora is not None:
            yield f"{where}.lora: it adapts a pretrained model; name one in model, or leave lora out"


def _impossible_start(
    where: str, entry: Teacher | Student, known: set[str], tokenizer: str | None
) -> Iterator[str]:
    """Yield what cannot work of a teacher or a student that does not start from scratch."""
    if entry.model is not None and entry.model not in known:
        yield f"{where}.model: no model {entry.model!r}{_did_you_mean_model(entry.model, known)}"
    elif entry.model is not None and tokenizer is None:
        yield (
            f"{where}.model: a pretrained model reads only its own tokens; "
            f"set dataset.tokenizer.model: {entry.model}"
        )
    if entry.training.copy_steps:
        yield f"{where}.training.copy_steps: a pretrained model can copy; set it to 0"


def _did_you_mean_model(name: str, known: set[str]) -> str:
    return did_you_mean(name, known) if known else "; name it under models"


def impossible_encoders(config: Config, wrong: set[str]) -> Iterator[str]:
    """Yield what cannot work of sentence encoders.

    Args:
        config: The configuration.
        wrong: Names of entries of encoders that were told and taken out.
    """
    known = {*config.encoders, *wrong}
    for name, entry in config.encoders.items():
        if entry.kind == "folder" and not Path(entry.path).is_dir():
            yield f"encoders.{name}.path: there is no folder {entry.path}"
    for name, student in config.students.items():
        where, chosen = f"students.{name}.encoder", student.encoder
        if chosen is None:
            continue
        if chosen not in known:
            yield f"{where}: no encoder {chosen!r}{_did_you_mean_encoder(chosen, known)}"
        if not student.components.need("encoder"):
            yield f"{where}: no component of its loss reads an encoder; leave it out"
    measure = config.evaluation.encoder
    if measure is not None and measure not in known:
        yield f"evaluation.encoder: no encoder {measure!r}{_did_you_mean_encoder(measure, known)}"


def _did_you_mean_encoder(name: str, known: set[str]) -> str:
    return did_you_mean(name, known) if known else "; name it under encoders"


def _impossible_size(where: str, size: Size, copy_steps: int) -> Iterator[str]:
    if size.d_model % size.heads:
        yield f"{where}.size: heads {size.heads} must divide d_model {size.d_model}"
    if size.encoder_layers:
        return
    if size.d_model // size.heads % 2:
        yield (
            f"{where}.size: d_model / heads must be even in a causal model, got {size.d_model} / {size.heads}"
        )
    if copy_steps:
        yield f"{where}.training.copy_steps: only a model with an encoder is taught to copy; set it to 0"


def impossible_layers(
    where: str, student: Student, layers: Layers, teacher: Teacher, config: Config
) -> Iterator[str]:
    """Yield what a student asks of its teacher's layers; those of hubs and folders are not known yet."""
    if layers.encoder is not None and is_causal(teacher, config):
        yield (
            f"{where}.layers.encoder: teacher {student.teacher} is a causal model without an encoder; "
            "leave it out"
        )
        return
    if teacher.model is not None:
        return
    size = teacher.size
    for part, asked, held in (
        ("encoder", layers.encoder, size.encoder_layers),
        ("decoder", layers.decoder, size.decoder_layers),
    ):
        if asked is not None and asked > held:
            yield f"{where}.layers.{part}: teacher {student.teacher} has {held}, got {asked}"


def is_causal(teacher: Teacher, config: Config) -> bool:
    """Return whether a teacher is known to have no encoder; hubs and folders tell only when they are read."""
    if teacher.model is None:
        return not teacher.size.encoder_layers
    return teacher.model in config.models and config.models[teacher.model].kind in ("gguf", "package")
