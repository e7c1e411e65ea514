"""The leakage audit: what test rows share with the rows that models learn from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from kdlib import config
from kdlib.corpus.deduplicate import classes_of
from kdlib.files import DataError
from kdlib.records import Example, Split, digest, normalise_whitespace


def audit(
    examples: Sequence[Example], split_of: Mapping[str, Split], split: config.Split
) -> dict[str, float]:
    """Return the shares of test rows that occur in train or validation, and fail if they are too many.

    - ``text``: masked test and references are equal up to white space;
    - ``unit``: a class (class split) or the source (project split) is also there; left out for a row split;
    - ``focal_method``: the text of the focal method is also there; never fails, for overloads and copies.

    Args:
        examples: All examples that are kept.
        split_of: Split of every id.
        split: Unit of the split and ``max_leakage``.

    Raises:
        DataError: If ``text`` or ``unit`` is above ``max_leakage``; a row split is only reported.
    """
    test = [example for example in examples if split_of[example.id] == "test"]
    known = [example for example in examples if split_of[example.id] != "test"]
    unit = {"class": classes_of, "project": _sources}.get(split.by)
    shares = {"text": _share(test, known, _texts)}
    if unit is not None:
        shares["unit"] = _share(test, known, unit)
    if split.by != "row":
        for name, share in shares.items():
            if share > split.max_leakage:
                raise DataError(
                    f"leakage: {share:.2%} of the test rows share their {name} with train or validation, "
                    f"more than split.max_leakage {split.max_leakage:.2%}; "
                    "remove the copies or raise split.max_leakage"
                )
    return {**shares, "focal_method": _share(test, known, _focal_methods)}


def _share(test: Sequence[Example], known: Sequence[Example], keys: Callable[[Example], set[str]]) -> float:
    seen = {key for example in known for key in keys(example)}
    return sum(bool(keys(example) & seen) for example in test) / len(test)


def _texts(example: Example) -> set[str]:
    return {digest(map(normalise_whitespace, (example.masked_test, *example.references)))}


def _sources(example: Example) -> set[str]:
    return {where.source for where in example.occurrences}


def _focal_methods(example: Example) -> set[str]:
    return {normalise_whitespace(example.focal_method)}
