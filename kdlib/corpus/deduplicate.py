"""Equal and akin examples: merged where they are the same, removed from what must not know the test."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Literal

from kdlib.java.tokens import code_tokens
from kdlib.records import MARKER, SPLITS, Example, Occurrence, Split, digest

_PLACE = attrgetter(*Occurrence.__dataclass_fields__)
Unit = Literal["class", "project", "row"]


def merge(examples: Iterable[Example]) -> list[Example]:
    """Return one example per id, in order of ids, with the sorted occurrences of all that had it."""
    first: dict[str, Example] = {}
    places: dict[str, set[Occurrence]] = {}
    for example in examples:
        first.setdefault(example.id, example)
        places.setdefault(example.id, set()).update(example.occurrences)
    return [replace(first[key], occurrences=tuple(sorted(places[key], key=_PLACE))) for key in sorted(first)]


def text_key(example: Example) -> str:
    """Return a digest of the code of an example's test and references, blind to comments and white space."""
    # As a comment the marker would vanish, and with it the place of the assertion.
    test = example.masked_test.replace(MARKER, "ASSERTION_PLACEHOLDER;")
    return digest(" ".join(code_tokens(text)) for text in (test, *example.references))


def classes_of(example: Example) -> set[str]:
    """Return the classes that an example is about: focal classes, test classes and groups."""
    places = example.occurrences
    return {name for where in places for name in (where.focal_class, where.test_class, where.group)}


def remove_from_train(
    examples: Sequence[Example], split_of: Mapping[str, Split], by: Unit
) -> tuple[list[Example], dict[Split, Counter[str]]]:
    """Remove from train and validation what a later split knows; test rows always stay.

    Validation is compared with test, train with test and with what is left of validation. A row goes for
    ``equal text``, or, in a class split, for a ``shared class``.

    Args:
        examples: All examples, distinct by id.
        split_of: Split of every id.
        by: Unit of the split; only ``class`` removes rows for their classes.

    Returns:
        The examples that stay, in their order, and for each split the number of removed ones by reason.
    """
    removed: dict[Split, Counter[str]] = {split: Counter() for split in SPLITS}
    texts: set[str] = set()
    classes: set[str] = set()
    kept: set[str] = set()
    for split in reversed(SPLITS):
        own_texts: set[str] = set()
        own_classes: set[str] = set()
        for example in (example for example in examples if split_of[example.id] == split):
            text, names = text_key(example), classes_of(example)
            if text in texts:
                removed[split]["equal text"] += 1
            elif by == "class" and classes & names:
                removed[split]["shared class"] += 1
            else:
                kept.add(example.id)
                own_texts.add(text)
                own_classes |= names
        texts |= own_texts
        classes |= own_classes
    return [example for example in examples if example.id in kept], removed
