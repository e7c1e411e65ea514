"""From a sweep to its students: a recipe in another size, at another temperature, with another seed."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import ValidationError

from kdlib.config.presets import did_you_mean, presets
from kdlib.config.sections import Student
from kdlib.config.sweep import Sweep
from kdlib.config.training import Temperature

Raw = dict[str, Any]


def expand(raw: Raw) -> list[str]:
    """Add the students of a configuration's sweep to its students.

    Args:
        raw: Nested mappings as YAML gives them; its ``students`` grow. What is wrong with the sweep's own
            keys, or with a recipe, is left for the check of the whole.

    Returns:
        A sentence for everything that cannot be expanded.
    """
    try:
        sweep = Sweep.model_validate(raw["sweep"])
    except (KeyError, ValidationError):
        return []
    students = raw.get("students")
    if not isinstance(students, dict):
        return []
    problems = [
        f"sweep.sizes: unknown name {size!r}{did_you_mean(size, known)}"
        for size in sweep.sizes or []
        if size not in (known := presets()["sizes"])
    ]
    for recipe in () if problems else dict.fromkeys(sweep.recipes):
        if recipe not in students:
            problems.append(f"sweep.recipes: no student {recipe!r}{did_you_mean(recipe, students)}")
        elif own := _read(students[recipe]):
            if sweep.sizes and (own.model or own.layers):
                problems.append(f"sweep.sizes: students.{recipe} starts from a model and has no size to vary")
            else:
                problems += _add(students, _variants(recipe, students[recipe], own, sweep))
    return problems


def _read(raw: Any) -> Student | None:  # noqa: ANN401  (a raw YAML value)
    try:
        return Student.model_validate(raw)
    except ValidationError:
        return None


def _variants(recipe: str, raw: Raw, own: Student, sweep: Sweep) -> Iterator[tuple[str, Raw]]:
    """Yield the names and entries of one recipe's students."""
    sizes: Sequence[str | None] = sweep.sizes or [None]
    read = sweep.temperatures if own.needs_signals() else None
    temperatures: Sequence[float | Temperature | None] = read or [None]
    seeds: Sequence[int | None] = sweep.seeds or [None]
    for size, temperature, seed in itertools.product(sizes, temperatures, seeds):
        parts, entry = [recipe], dict(raw)
        if size is not None:
            parts.append(size)
            entry["size"] = size
        if temperature is not None:
            parts.append(_word(temperature))
            held = {"start": temperature, "end": temperature}
            entry["temperature"] = temperature.model_dump() if isinstance(temperature, Temperature) else held
        if seed is not None:
            parts.append(f"s{seed}")
            training = raw.get("training") or {}
            training = {"profile": training} if isinstance(training, str) else training
            entry["training"] = {**training, "seed": seed}
        if parts != [recipe]:
            yield "-".join(parts), entry


def _word(temperature: float | Temperature) -> str:
    """Return a temperature as part of a name, which has no dots: t4, t1_5, t4to1_5."""
    ends = [temperature.start, temperature.end] if isinstance(temperature, Temperature) else [temperature]
    return "t" + "to".join(f"{end:g}".replace(".", "_") for end in ends)


def _add(students: dict[str, Any], variants: Iterator[tuple[str, Raw]]) -> Iterator[str]:
    """Add entries; one that stands there already must be the same, as in a configuration that was dumped."""
    for name, entry in variants:
        if name in students and _read(students[name]) != _read(entry):
            yield f"sweep: students.{name} is there already, and another; rename it"
        students.setdefault(name, entry)
