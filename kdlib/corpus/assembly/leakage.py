"""The leakage audit: what test rows share with the rows that models learn from, read from what is written.

Near duplicates are counted without the hashes and the index by which they were removed: on sets of token
tuples, exactly, for a sample of the test rows against all others.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Literal

from kdlib import config
from kdlib.corpus.assembly.deduplicate import classes_of
from kdlib.corpus.assembly.split import SplitUnit
from kdlib.files import DataError, iter_examples
from kdlib.java.tokens import code_tokens
from kdlib.records import MARKER, Example, Split, digest, normalise_whitespace

SAMPLE = 500
REPORTED = 0.9  # similarity that is reported where none is removed
Shingle = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Audit:
    """What the audit found.

    Attributes:
        leakage: Shares of test rows by what they share.
        rows: Number of test rows that each share is of.
        bounds: Largest shares that pass; a share that is not here never fails.
        near_threshold: Jaccard similarity that counts as near.
        verdict: ``passed``, or ``reported only`` for a row split, which leaks by its nature.
    """

    leakage: dict[str, float]
    rows: dict[str, int]
    bounds: dict[str, float]
    near_threshold: float
    verdict: Literal["passed", "reported only"]


def audit(
    examples: Path, split_of: Mapping[str, Split], split: config.Split, filters: config.Filters
) -> Audit:
    """Return the shares of test rows that occur in train or validation, and fail if they are too many.

    - ``text``: masked test and references are equal up to white space;
    - ``unit``: a class (class split) or the source (project split) is also there; left out for a row split;
    - ``near``: the Jaccard similarity of the token 5-grams of masked test and references with those of a row
      there is at least ``filters.near_duplicates``, or 0.9 where that is 1; of up to 500 test rows, the first
      by sha256(seed:id), which are also those that a small dataset takes;
    - ``focal_method``: the text of the focal method is also there; never fails, for overloads and copies.

    Args:
        examples: Parquet file of all examples that are kept.
        split_of: Split of every id.
        split: Unit of the split, seed and bounds.
        filters: Threshold of near duplicates; at 1 they are reported and never fail.

    Raises:
        DataError: If a share is above its bound (``max_leakage`` for text and unit, ``max_near_leakage`` for
            near); a row split is only reported.
    """
    test = [key for key, home in split_of.items() if home == "test"]
    sample = set(sorted(test, key=lambda key: sha256(f"{split.seed}:{key}".encode()).digest())[:SAMPLE])
    threshold = filters.near_duplicates if filters.near_duplicates < 1 else REPORTED
    leakage = _shares(iter_examples(examples), split_of, split.by)
    leakage["near"] = _near(examples, split_of, sample, threshold)
    rows = {name: len(sample) if name == "near" else len(test) for name in leakage}
    bounds = {name: split.max_leakage for name in leakage if name in ("text", "unit")}
    if filters.near_duplicates < 1:
        bounds["near"] = split.max_near_leakage
    if split.by == "row":
        return Audit(leakage, rows, {}, threshold, "reported only")
    for name, bound in bounds.items():
        if leakage[name] > bound:
            raise DataError(_sentence(name, leakage[name], rows[name], bound))
    return Audit(leakage, rows, bounds, threshold, "passed")


def _sentence(name: str, share: float, rows: int, bound: float) -> str:
    if name == "near":
        what = "have a near duplicate in"
        key = "split.max_near_leakage"
    else:
        what = f"share their {name} with"
        key = "split.max_leakage"
    return (
        f"leakage: {share:.2%} of {rows} test rows {what} train or validation, more than {key} {bound:.2%}; "
        f"remove the copies or raise {key}"
    )


def _shares(examples: Iterable[Example], split_of: Mapping[str, Split], by: SplitUnit) -> dict[str, float]:
    """Return the shares of test rows that have a key in common with other rows, by kind of key."""
    known: dict[str, set[str]] = defaultdict(set)
    tested: dict[str, list[set[str]]] = defaultdict(list)
    for example in examples:
        for name, keys in _keys(example, by).items():
            if split_of[example.id] == "test":
                tested[name].append(keys)
            else:
                known[name] |= keys
    return {
        name: sum(not known[name].isdisjoint(keys) for keys in rows) / len(rows)
        for name, rows in tested.items()
    }


def _keys(example: Example, by: SplitUnit) -> dict[str, set[str]]:
    units = {
        "class": lambda: {"unit": classes_of(example)},
        "project": lambda: {"unit": {where.source for where in example.occurrences}},
        "row": dict,
    }
    return {
        "text": {digest(map(normalise_whitespace, (example.masked_test, *example.references)))},
        **units[by](),
        "focal_method": {digest([normalise_whitespace(example.focal_method)])},
    }


def _near(examples: Path, split_of: Mapping[str, Split], sample: set[str], threshold: float) -> float:
    """Return the share of the sampled rows that a row of train or validation is similar to."""
    rows = {example.id: _shingles(example) for example in iter_examples(examples) if example.id in sample}
    index: dict[Shingle, list[str]] = defaultdict(list)
    for key, shingles in rows.items():
        for shingle in shingles:
            index[shingle].append(key)
    near: set[str] = set()
    for example in iter_examples(examples):
        if split_of[example.id] == "test":
            continue
        shingles = _shingles(example)
        shared = shingles & index.keys()
        # |a ∩ b| / |a ∪ b| ≤ |a ∩ index| / |a|: most rows have too little in common with all of the sample.
        if len(shared) / len(shingles) < threshold:
            continue
        for key, count in Counter(key for shingle in shared for key in index[shingle]).items():
            if count / (len(shingles) + len(rows[key]) - count) >= threshold:
                near.add(key)
    return len(near) / len(sample)


def _shingles(example: Example) -> set[Shingle]:
    """Return the token 5-grams of masked test and references, or all tokens as one where there are fewer."""
    texts = (example.masked_test.replace(MARKER, "ASSERTION_PLACEHOLDER"), *example.references)
    tokens = [token for text in texts for token in code_tokens(text)]
    if len(tokens) < 5:
        return {tuple(tokens)}
    return set(zip(*(tokens[start:] for start in range(5)), strict=False))
