"""The section of a sweep, and its expansion to students of other sizes, temperatures and seeds."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

from pydantic import Field, ValidationError

from kdlib.config.base import Name, Strict
from kdlib.config.models import SizeName
from kdlib.config.presets import did_you_mean, presets
from kdlib.config.student import Student
from kdlib.config.training import Temperature

Raw = dict[str, Any]


class Sweep(Strict):
    """Students to add: every recipe in every size, at every temperature, with every seed."""

    recipes: tuple[Name, ...] = Field(min_length=1, description="entries of students that are varied")
    sizes: tuple[SizeName, ...] | None = Field(
        None, min_length=1, description="names of sizes; the recipe's own if left out"
    )
    temperatures: tuple[Annotated[float, Field(gt=0)] | Temperature, ...] | None = Field(
        None,
        min_length=1,
        description="a number is held, {start, end} decays; the recipe's own if left out, and where its loss "
        "reads none",
    )
    seeds: tuple[int, ...] | None = Field(
        None, min_length=1, description="of training; the recipe's own if left out"
    )


def expand(raw: Raw) -> list[str]:
    """Add the students of a configuration's sweep to its students.

    Args:
        raw: Nested mappings as YAML gives them; its ``students`` grow. A mistake in the keys of the sweep or
            in a recipe is left to the check of the whole configuration.

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
    known = presets()["sizes"]
    problems = [
        f"sweep.sizes: unknown name {size!r}{did_you_mean(size, known)}"
        for size in sweep.sizes or []
        if size not in known
    ]
    if problems:
        return problems
    for recipe in dict.fromkeys(sweep.recipes):
        problems += _expand_recipe(students, recipe, sweep)
    return problems


def _expand_recipe(students: Raw, recipe: str, sweep: Sweep) -> Iterator[str]:
    """Add the variants of one recipe, and yield what is wrong with them."""
    if recipe not in students:
        yield f"sweep.recipes: no student {recipe!r}{did_you_mean(recipe, students)}"
        return
    student = _student(students[recipe])
    if student is None:
        return
    if sweep.sizes and (student.model or student.layers):
        yield f"sweep.sizes: students.{recipe} starts from a model and has no size to vary"
        return
    # An entry that is there already must be the same, as in a configuration that was dumped.
    for name, entry in _variants(recipe, students[recipe], student, sweep):
        if name in students and _student(students[name]) != _student(entry):
            yield f"sweep: students.{name} is there already, and another; rename it"
        students.setdefault(name, entry)


def _student(raw: Any) -> Student | None:  # noqa: ANN401  (a raw YAML value)
    """Return the student of an entry, or None if the entry has a mistake."""
    try:
        return Student.model_validate(raw)
    except ValidationError:
        return None


def _variants(recipe: str, raw: Raw, student: Student, sweep: Sweep) -> Iterator[tuple[str, Raw]]:
    """Yield the names and entries of one recipe's students."""
    sizes: Sequence[str | None] = sweep.sizes or [None]
    read = sweep.temperatures if student.needs_signals() else None
    temperatures: Sequence[float | Temperature | None] = read or [None]
    seeds: Sequence[int | None] = sweep.seeds or [None]
    for size, temperature, seed in itertools.product(sizes, temperatures, seeds):
        parts = [recipe]
        entry = dict(raw)
        if size is not None:
            parts.append(size)
            entry["size"] = size
        if temperature is not None:
            parts.append(_name_part(temperature))
            held = {"start": temperature, "end": temperature}
            entry["temperature"] = temperature.model_dump() if isinstance(temperature, Temperature) else held
        if seed is not None:
            parts.append(f"s{seed}")
            training = raw.get("training") or {}
            training = {"profile": training} if isinstance(training, str) else training
            entry["training"] = {**training, "seed": seed}
        if parts != [recipe]:
            yield "-".join(parts), entry


def _name_part(temperature: float | Temperature) -> str:
    """Return a temperature as part of a name, which has no dots: t4, t1_5, t4to1_5."""
    ends = [temperature.start, temperature.end] if isinstance(temperature, Temperature) else [temperature]
    return "t" + "to".join(f"{end:g}".replace(".", "_") for end in ends)
