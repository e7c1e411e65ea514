"""Reading a configuration: overlays, and errors that are all reported at once."""

from __future__ import annotations

import copy
import typing
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from kdlib.config.check_run import impossible
from kdlib.config.presets import did_you_mean
from kdlib.config.run import Config
from kdlib.config.sweep import expand

Place = tuple[int | str, ...]

# Keys of earlier versions and where their values belong now; * is the name of an entry.
RENAMED = {
    "corpus.max_file_bytes": "corpus.filters.max_file_bytes",
    "students.*.sequence": "students.*.beams, and its key beams is width",
    "students.*.beams.beams": "students.*.beams.width",
}


class ConfigError(Exception):
    """Everything that is wrong with a configuration, one line each."""


def load_config(raw: dict[str, Any]) -> Config:
    """Return the checked configuration.

    Args:
        raw: Nested mappings as YAML gives them; ``null`` drops an entry of sources, models,
            encoders, teachers or students.

    Raises:
        ConfigError: With every unknown or renamed key, wrong value and impossible combination, and the
            nearest name.
    """
    raw = _without_nulls(copy.deepcopy(raw))
    problems = expand(raw)
    removed: set[Place] = set()
    # Wrong entries are reported and taken out, so that combinations of the right ones can be checked as well.
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
        problems += impossible(config, _wrong_entries(removed))
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


def _sentence(error: Any) -> str:  # noqa: ANN401  (pydantic's ErrorDetails)
    place = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        if now := _renamed(error["loc"]):
            return f"{place} is now {now}"
        return f"{place}: unknown key{did_you_mean(str(error['loc'][-1]), _keys_beside(error['loc']))}"
    if error["type"] == "missing":
        return f"{place}: missing"
    message = error["msg"].removeprefix("Value error, ")
    return f"{place}: {message}" + ("" if error["type"] == "value_error" else f", got {error['input']!r}")


def _renamed(place: Place) -> str | None:
    """Return what a key of an earlier version is called now, or None for any other key."""
    for old, new in RENAMED.items():
        parts = old.split(".")
        if len(parts) == len(place) and all(a in ("*", b) for a, b in zip(parts, place, strict=True)):
            return new.replace("*", str(place[1]))
    return None


def _keys_beside(loc: Place) -> set[str]:
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
    """Return whether an error at ``place`` follows from what was taken out there or below."""
    return any(gone[: len(place)] == place for gone in removed)


def _wrong_entries(removed: set[Place]) -> dict[str, set[str]]:
    """Return the names of entries of which something was taken out, by their tables."""
    tables = ("models", "encoders", "teachers", "students")
    return {
        table: {str(place[1]) for place in removed if place[0] == table and place[1:]} for table in tables
    }


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
