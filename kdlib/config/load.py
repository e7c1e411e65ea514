"""Reading a configuration: overlays, and errors that are all told at once."""

from __future__ import annotations

import copy
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from kdlib.config.checks.models import impossible_encoders, impossible_layers, impossible_models, is_causal
from kdlib.config.checks.students import impossible_pairing, impossible_sequence
from kdlib.config.corpus import Source
from kdlib.config.expand import expand
from kdlib.config.presets import did_you_mean
from kdlib.config.sections import COMPONENTS_OF, Config, Student
from kdlib.config.training import Training
from kdlib.losses.table import Components

Place = tuple[int | str, ...]


class ConfigError(Exception):
    """Everything that is wrong with a configuration, one line each."""


def load_config(raw: dict[str, Any]) -> Config:
    """Return the checked configuration.

    Args:
        raw: Nested mappings as YAML gives them; ``null`` drops an entry of sources, models,
            encoders, teachers or students.

    Raises:
        ConfigError: With every unknown key, wrong value and impossible combination, and the nearest name.
    """
    raw = _without_nulls(copy.deepcopy(raw))
    problems = expand(raw)
    removed: set[Place] = set()
    # Wrong entries are told and taken out, so that combinations of the right ones can be checked as well.
    for _ in range(5):
        try:
            config = Config.model_validate(raw)
        except ValidationError as error:
            errors = error.errors()
            problems += [_sentence(item) for item in errors if not _follows(item["loc"], removed)]
            # An unknown key is taken out without loss, so nothing follows from that.
            removed |= {item["loc"] for item in errors if item["type"] != "extra_forbidden"}
            _remove(raw, [item["loc"][:-1] if item["type"] == "missing" else item["loc"] for item in errors])
            continue
        problems += list(_impossible(config, removed))
        if not problems:
            return config
        break
    lines = list(dict.fromkeys(problems))
    raise ConfigError(f"{len(lines)} problem(s) in the configuration:\n" + "\n".join(f"- {p}" for p in lines))


def read_config(paths: list[Path]) -> Config:
    """Read and check YAML files, each laid over the ones before it."""
    return load_config(merged(paths))


def merged(paths: list[Path]) -> dict[str, Any]:
    """Return YAML files, each laid over the ones before it, as ``snakemake --configfile`` does.

    Raises:
        ConfigError: If a file cannot be read or holds no mapping.
    """
    import yaml

    whole: dict[str, Any] = {}
    for path in paths:
        try:
            overlay = yaml.safe_load(path.read_text()) or {}
        except (OSError, yaml.YAMLError) as error:
            raise ConfigError(f"{path}: {error}") from None
        if not isinstance(overlay, dict):
            raise ConfigError(f"{path}: holds {overlay!r} in place of keys and values")
        _lay_over(whole, overlay)
    return whole


def _lay_over(base: dict[str, Any], overlay: dict[str, Any]) -> None:
    for key, value in overlay.items():
        if isinstance(value, dict) and isinstance(base.get(key), dict):
            _lay_over(base[key], value)
        else:
            base[key] = value


def _without_nulls(raw: dict[str, Any]) -> dict[str, Any]:
    corpus = raw.get("corpus")
    tables = [
        raw.get("models"),
        raw.get("encoders"),
        raw.get("teachers"),
        raw.get("students"),
        corpus.get("sources") if isinstance(corpus, dict) else None,
    ]
    for table in tables:
        if isinstance(table, dict):
            for name in [name for name, entry in table.items() if entry is None]:
                del table[name]
    return raw


def _impossible(config: Config, removed: set[Place]) -> Iterator[str]:
    """Yield the combinations of values, each right by itself, that cannot work."""
    shares = config.split.train + config.split.validation + config.split.test
    if abs(shares - 1) > 1e-6:
        yield f"split: train + validation + test must be 1, got {shares:g}"
    for name, source in config.corpus.sources.items():
        yield from _impossible_source(f"corpus.sources.{name}", source)
    if config.split.by == "project" and len(config.corpus.sources) < 3:
        yield f"split.by: project needs at least 3 sources, got {len(config.corpus.sources)}; use class"
    if config.views.max_middle_chars >= config.views.max_chars:
        yield (
            f"views.max_middle_chars: {config.views.max_middle_chars} must be below "
            f"views.max_chars {config.views.max_chars}"
        )
    if config.evaluation.n_best > config.evaluation.beams:
        wanted, beams = config.evaluation.n_best, config.evaluation.beams
        yield f"evaluation.n_best: {wanted} predictions need as many beams, got {beams}"
    yield from impossible_models(config, _taken_out("models", removed))
    yield from impossible_encoders(config, _taken_out("encoders", removed))
    for where, training in _trainings(config):
        if training.accelerate is not None and not Path(training.accelerate).is_file():
            yield f"{where}.accelerate: there is no file {training.accelerate}"
    teachers = {*config.teachers, *_taken_out("teachers", removed)}
    for name, student in config.students.items():
        if not _follows(("students", name), removed):
            yield from _impossible_student(name, student, teachers)
            yield from _impossible_distillation(f"students.{name}", student, config)


def _trainings(config: Config) -> Iterator[tuple[str, Training]]:
    """Yield every training with its place."""
    for name, teacher in config.teachers.items():
        yield f"teachers.{name}.training", teacher.training
    for name, student in config.students.items():
        yield f"students.{name}.training", student.training


def _impossible_source(where: str, source: Source) -> Iterator[str]:
    if source.kind == "path" and not Path(source.path).is_dir():
        yield f"{where}.path: there is no folder {source.path}"
    if source.kind == "import" and not Path(source.path).exists():
        yield f"{where}.path: there is no file or folder {source.path}"
    if source.kind == "archive" and "://" not in source.url and not Path(source.url).is_file():
        yield f"{where}.url: there is no file {source.url}"


def _impossible_distillation(where: str, student: Student, config: Config) -> Iterator[str]:
    """Yield what a student asks of its teacher or of the store that these cannot give."""
    teacher = config.teachers.get(student.teacher)
    if teacher and student.layers is not None:
        yield from impossible_layers(where, student, student.layers, teacher, config)
    if student.sequence:
        yield from impossible_sequence(where, student, student.sequence, config)
    if teacher and student.needs_layers():
        yield from impossible_pairing(where, student, teacher, config)
    if teacher and student.needs_teachers_encoder() and is_causal(teacher, config):
        for component in student.components.need("encoder"):
            yield (
                f"{where}.components.{component}: teacher {student.teacher} is a causal model without an "
                f"encoder; name an entry of encoders in {where}.encoder, or leave {component} out"
            )
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


def _impossible_student(name: str, student: Student, teachers: set[str]) -> Iterator[str]:
    where = f"students.{name}"
    if student.teacher not in teachers:
        hint = did_you_mean(student.teacher, teachers)
        yield f"{where}.teacher: no teacher {student.teacher!r}{hint}"
    names = student.components.names()
    if student.training.renaming and student.token_weight != 1:
        yield f"{where}.token_weight: critical tokens are found in the original names; set renaming to 0"
    if student.training.renaming and student.needs_store():
        yield (
            f"{where}.training.renaming: stored signals belong to the original names; use signals: online, "
            "or loss ce"
        )
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


def _sentence(error: Any) -> str:  # noqa: ANN401  (pydantic's ErrorDetails)
    place = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        return f"{place}: unknown key{did_you_mean(str(error['loc'][-1]), _keys_beside(error['loc']))}"
    if error["type"] == "missing":
        return f"{place}: missing"
    message = error["msg"].removeprefix("Value error, ")
    return f"{place}: {message}" + ("" if error["type"] == "value_error" else f", got {error['input']!r}")


def _keys_beside(loc: tuple[int | str, ...]) -> set[str]:
    """Return the keys that would be valid where the last part of ``loc`` stands."""
    models: set[type[BaseModel]] = {Config}
    for part in loc[:-1]:
        fields = [model.model_fields[part].annotation for model in models if part in model.model_fields]
        if fields:
            models = {model for annotation in fields for model in _models_in(annotation)}
    return {key for model in models for key in model.model_fields}


def _models_in(annotation: Any) -> set[type[BaseModel]]:  # noqa: ANN401
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return {annotation}
    return {model for part in typing.get_args(annotation) for model in _models_in(part)}


def _follows(place: Place, removed: set[Place]) -> bool:
    """Return whether something at ``place`` or below it was taken out, so that an error there is no news."""
    return any(gone[: len(place)] == place for gone in removed)


def _taken_out(table: str, removed: set[Place]) -> set[str]:
    """Return the names of wrong entries of a table, so that naming one is no second mistake."""
    return {str(part) for place in removed if place[:1] == (table,) for part in place[1:2]}


def _remove(raw: dict[str, Any], places: list[Place]) -> None:
    """Take the entries at places, or the deepest ones on the way to them, out of nested mappings."""
    entries: list[tuple[dict[int | str, Any], int | str]] = []
    for place in places:
        inner: Any = raw
        tagged: Any = None
        trail = []
        for part in place:
            if not isinstance(inner, dict):
                break
            if inner.get("kind") == part and inner is not tagged:  # a union's tag; it may be a key as well
                tagged = inner
            elif part in inner:
                trail.append((inner, part))
                inner = inner[part]
        entries += trail[-1:]
    for table, key in entries:
        table.pop(key, None)
