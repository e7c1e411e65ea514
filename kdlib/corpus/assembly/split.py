"""Train, validation and test: whole units, chosen by hashes, so that a new class moves few others."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, Protocol

from kdlib import config
from kdlib.files import DataError
from kdlib.records import SPLITS, Occurrence, Split

SplitUnit = Literal["class", "project", "row"]
# Where an example stands in units of several splits, the first of these wins; they are filled in this order.
ORDER: tuple[Split, ...] = SPLITS[::-1]


class Placed(Protocol):
    """An example as far as division looks at it: its id and the places where it stands."""

    @property
    def id(self) -> str: ...  # noqa: D102

    @property
    def occurrences(self) -> tuple[Occurrence, ...]: ...  # noqa: D102


def assign(examples: Sequence[Placed], split: config.Split) -> dict[str, Split]:
    """Return the split of every example.

    Units (classes under test, sources or rows) are ordered by sha256(seed:unit) and fill test, validation and
    train to their shares of the examples. An example that stands in units of several splits belongs to the
    first of test, validation, train.

    Args:
        examples: Examples, distinct by id.
        split: Unit, shares and seed.

    Returns:
        id -> split.

    Raises:
        DataError: If a split stays empty.
    """
    units = assign_units(examples, split)
    found = {
        example.id: min((units[unit] for unit in units_of(example, split)), key=ORDER.index)
        for example in examples
    }
    check_not_empty(Counter(found.values()), split, len(units))
    return found


def assign_units(examples: Sequence[Placed], split: config.Split) -> dict[str, Split]:
    """Return the split of every unit.

    In the order of their hashes, a unit goes to test if that brings test nearer to its share, else to
    validation under the same condition, else to train; so no small split gets a unit that is too large for
    it. A split that is still empty then takes the smallest unit of train.
    """
    sizes = Counter(unit for example in examples for unit in units_of(example, split))
    ranked = sorted(sizes, key=lambda unit: hashlib.sha256(f"{split.seed}:{unit}".encode()).digest())
    total = sizes.total()
    shares: dict[Split, float] = {name: getattr(split, name) for name in SPLITS}
    assigned: dict[str, Split] = {}
    filled: Counter[Split] = Counter()
    for unit in ranked:
        fitting = (name for name in ORDER[:-1] if filled[name] + sizes[unit] / 2 <= shares[name] * total)
        assigned[unit] = next(fitting, ORDER[-1])
        filled[assigned[unit]] += sizes[unit]
    for name in ORDER[:-1]:
        left = [unit for unit in ranked if assigned[unit] == ORDER[-1]]
        if not filled[name] and shares[name] and len(left) > 1:
            assigned[min(left, key=lambda unit: sizes[unit])] = name
    return assigned


def units_of(example: Placed, split: config.Split) -> set[str]:
    """Return the units that an example stands in."""
    if split.by == "row":
        return {example.id}
    return {_unit(where, split) for where in example.occurrences}


def at_home(
    places: Iterable[Occurrence], home: Split, units: Mapping[str, Split], split: config.Split
) -> list[Occurrence]:
    """Return those places of an example that are in units of its own split.

    So an example that also stands in a unit of another split is removed there.
    """
    return [where for where in places if split.by == "row" or units[_unit(where, split)] == home]


def check_not_empty(counts: Mapping[Split, int], split: config.Split, units: int) -> None:
    """Raise a ``DataError`` that names the empty splits and the way out, if there are any.

    Args:
        counts: Examples per split.
        split: Configuration of the split.
        units: Number of units that there were to divide.
    """
    empty = [name for name in SPLITS if not counts.get(name)]
    if empty:
        what = {"class": "classes under test", "project": "sources", "row": "rows"}[split.by]
        raise DataError(
            f"split by {split.by}: no examples in {' and '.join(empty)} ({what}: {units}); "
            "add sources, give these splits a larger share, change split.seed, or split by smaller units"
        )


def _unit(where: Occurrence, split: config.Split) -> str:
    return where.group if split.by == "class" else where.source
