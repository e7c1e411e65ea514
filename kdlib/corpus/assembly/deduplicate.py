"""Equal examples are merged; those too similar to a test example are removed from train and validation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING

from kdlib.config import Filters
from kdlib.corpus.assembly.near import NearIndex, shingles
from kdlib.corpus.assembly.split import Placed, SplitUnit
from kdlib.java.tokens import code_tokens
from kdlib.records import MARKER, SPLITS, Example, Occurrence, Split, digest

if TYPE_CHECKING:
    from kdlib.corpus.assembly.near import Shingles

_PLACE = attrgetter(*Occurrence.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class Entry:
    """What is held in memory of an example to decide about it: everything but its texts.

    Attributes:
        id: Id of the example.
        text: ``text_key`` of the example.
        shingles: Hashed 5-grams of the code tokens of masked test and references.
        lengths: Code tokens of focal method, masked test (the marker is one) and first reference.
        occurrences: All places where the example stands, sorted.
    """

    id: str
    text: str
    shingles: Shingles
    lengths: tuple[int, int, int]
    occurrences: tuple[Occurrence, ...]


def merge(examples: Iterable[Example]) -> list[Entry]:
    """Return one entry per id, in the order of first appearance, with the occurrences of all that had it.

    Args:
        examples: Examples; they are read once and not kept in memory.
    """
    first: dict[str, Entry] = {}
    places: dict[str, set[Occurrence]] = {}
    for example in examples:
        if example.id not in first:
            first[example.id] = entry_of(example)
            places[example.id] = set()
        places[example.id].update(example.occurrences)
    return [
        replace(entry, occurrences=tuple(sorted(places[entry.id], key=_PLACE))) for entry in first.values()
    ]


def entry_of(example: Example) -> Entry:
    """Return the entry of an example by itself."""
    parts = _code(example)
    return Entry(
        id=example.id,
        text=_key(parts),
        shingles=shingles([token for part in parts for token in part]),
        lengths=(_length(example.focal_method), len(parts[0]), len(parts[1])),
        occurrences=example.occurrences,
    )


def text_key(example: Example) -> str:
    """Return a digest of the code of an example's test and references, blind to comments and white space."""
    return _key(_code(example))


def _code(example: Example) -> list[list[str]]:
    # As a comment the marker would vanish, and with it the place of the assertion.
    test = example.masked_test.replace(MARKER, "ASSERTION_PLACEHOLDER")
    return [code_tokens(text) for text in (test, *example.references)]


def _key(parts: Iterable[Sequence[str]]) -> str:
    return digest(" ".join(tokens) for tokens in parts)


@lru_cache(1 << 12)  # the assertions of one test share their focal methods
def _length(focal_method: str) -> int:
    return len(code_tokens(focal_method))


def classes_of(example: Placed) -> set[str]:
    """Return the classes that an example is about: focal classes, test classes and groups.

    Class names of imported examples may lack their package; only their groups distinguish projects.
    """
    mined = [where for where in example.occurrences if where.reason != "given"]
    names = {name for where in mined for name in (where.focal_class, where.test_class)}
    return names | {where.group for where in example.occurrences}


@dataclass(slots=True)
class _Known:
    """What later splits know."""

    by: SplitUnit
    near: NearIndex | None
    texts: set[str] = field(default_factory=set)
    classes: set[str] = field(default_factory=set)

    def reason(self, entry: Entry) -> str:
        """Return why an entry of an earlier split has to go, or nothing."""
        if entry.text in self.texts:
            return "equal text"
        if self.by == "class" and not self.classes.isdisjoint(classes_of(entry)):
            return "shared class"
        return "near duplicate" if self.near and self.near.holds(entry.shingles) else ""

    def add(self, entry: Entry) -> None:
        self.texts.add(entry.text)
        self.classes |= classes_of(entry)
        if self.near:
            self.near.add(entry.shingles)


def remove_from_train(
    entries: Sequence[Entry], split_of: Mapping[str, Split], by: SplitUnit, filters: Filters
) -> tuple[list[Entry], dict[Split, Counter[str]]]:
    """Remove from train and validation what a later split knows; test rows always stay.

    Validation is compared with test, train with test and with what is left of validation. A row goes for the
    first of these reasons: ``equal text`` (code tokens of test and references), in a class split a
    ``shared class``, or ``near duplicate`` (``NearIndex``).

    Args:
        entries: All examples, distinct by id.
        split_of: Split of every id.
        by: Unit of the split; only ``class`` removes rows for their classes.
        filters: Threshold of near duplicates (1: none are looked for) and MinHash permutations.

    Returns:
        The entries that stay, in their order, and for each split the number of removed ones by reason.
    """
    near = NearIndex(filters.near_duplicates, filters.permutations) if filters.near_duplicates < 1 else None
    known = _Known(by, near)
    removed: dict[Split, Counter[str]] = {split: Counter() for split in SPLITS}
    kept: set[str] = set()
    for split in reversed(SPLITS):
        stays = []
        for entry in entries:
            if split_of[entry.id] != split:
                continue
            if reason := known.reason(entry):
                removed[split][reason] += 1
            else:
                stays.append(entry)
        kept.update(entry.id for entry in stays)
        for entry in stays if split != SPLITS[0] else ():
            known.add(entry)
    return [entry for entry in entries if entry.id in kept], removed
