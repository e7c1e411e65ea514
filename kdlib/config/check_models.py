"""Combinations of models, encoders and sizes that cannot work, each right by itself."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from kdlib.config.models import Size
from kdlib.config.presets import did_you_mean
from kdlib.config.run import Config
from kdlib.config.student import Student
from kdlib.config.teacher import Teacher


def impossible_models(config: Config, wrong: Collection[str]) -> Iterator[str]:
    """Yield what cannot work of models and sizes.

    Args:
        config: The configuration.
        wrong: Names of entries of models that have mistakes, which are reported already.
    """
    known = {*config.models, *wrong}
    for name, entry in config.models.items():
        if entry.kind == "folder" and not Path(entry.path).is_dir():
            yield f"models.{name}.path: there is no folder {entry.path}"
        if entry.kind == "gguf" and not Path(entry.path).is_file():
            yield f"models.{name}.path: there is no file {entry.path}"
    tokenizer = config.dataset.tokenizer.model
    if tokenizer is not None and tokenizer not in known:
        yield f"dataset.tokenizer.model: no model {tokenizer!r}{_nearest(tokenizer, known, 'models')}"
    for name, student in config.students.items():
        where = f"students.{name}"
        starts = [start for start in ("size", "model", "layers") if getattr(student, start) is not None]
        if len(starts) > 1:
            yield f"{where}: {' and '.join(starts)} exclude each other; set all but one to null"
        elif student.size is not None:
            yield from _impossible_size(where, student.size, student.training.copy_steps)
        else:
            yield from _impossible_start(where, student, known, tokenizer)
    for name, teacher in config.teachers.items():
        where = f"teachers.{name}"
        if teacher.model is not None:
            yield from _impossible_start(where, teacher, known, tokenizer)
            continue
        yield from _impossible_size(where, teacher.size, teacher.training.copy_steps)
        if teacher.lora is not None:
            yield f"{where}.lora: it adapts a pretrained model; name one in model, or leave lora out"


def _impossible_start(
    where: str, entry: Teacher | Student, known: Collection[str], tokenizer: str | None
) -> Iterator[str]:
    """Yield what cannot work of a teacher or a student that does not start from scratch."""
    if entry.model is not None and entry.model not in known:
        yield f"{where}.model: no model {entry.model!r}{_nearest(entry.model, known, 'models')}"
    elif entry.model is not None and tokenizer is None:
        yield (
            f"{where}.model: a pretrained model reads only its own tokens; "
            f"set dataset.tokenizer.model: {entry.model}"
        )
    if entry.training.copy_steps:
        yield f"{where}.training.copy_steps: a pretrained model can copy; set it to 0"


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


def impossible_encoders(config: Config, wrong: Collection[str]) -> Iterator[str]:
    """Yield what cannot work of sentence encoders.

    Args:
        config: The configuration.
        wrong: Names of entries of encoders that have mistakes, which are reported already.
    """
    known = {*config.encoders, *wrong}
    for name, entry in config.encoders.items():
        if entry.kind == "folder" and not Path(entry.path).is_dir():
            yield f"encoders.{name}.path: there is no folder {entry.path}"
    for name, student in config.students.items():
        where = f"students.{name}.encoder"
        chosen = student.encoder
        if chosen is None:
            continue
        if chosen not in known:
            yield f"{where}: no encoder {chosen!r}{_nearest(chosen, known, 'encoders')}"
        if not student.components.need("encoder"):
            yield f"{where}: no component of its loss reads an encoder; leave it out"
    chosen = config.evaluation.encoder
    if chosen is not None and chosen not in known:
        yield f"evaluation.encoder: no encoder {chosen!r}{_nearest(chosen, known, 'encoders')}"


def _nearest(name: str, known: Collection[str], table: str) -> str:
    """Return the end of a sentence about a name that a table does not have."""
    return did_you_mean(name, known) if known else f"; name it under {table}"
