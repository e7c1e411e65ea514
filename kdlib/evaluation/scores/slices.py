"""Scores of parts of the test rows: by assertion, by length, by project, and by what training has seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from kdlib.evaluation.predictions.outputs import ScoredRow
from kdlib.evaluation.scores.compare import Sampling, scores_of
from kdlib.evaluation.text.metrics import Columns
from kdlib.files import DataError, read_parquet
from kdlib.java.tokens import code_tokens
from kdlib.metrics.exact import without_whitespace
from kdlib.results.evaluation import SliceScore

SLICED = ("exact_match", "token_f1", "codebleu", "syntax_valid")
FEWEST = 10  # rows; an interval over fewer says nothing
OTHERS = f"others, fewer than {FEWEST} rows each"
LENGTHS = (10, 20, 40)  # tokens of the reference: ends of the bins

# Slice: its value for every row.
Memberships = Mapping[str, Sequence[str]]


def memberships(rows: Sequence[ScoredRow], examples: Path, train: Path) -> dict[str, list[str]]:
    """Return which part of each slice every row belongs to.

    Args:
        rows: The test rows.
        examples: The corpus' examples (Parquet), which say where each row stood.
        train: Rows that models learned from (Parquet).

    Returns:
        Slice: a value a row. ``kind`` is the assertion's name and ``project`` the source of the first place
        where the row stood, ``length`` the tokens of its first reference, ``target`` whether training has a
        row with the same target up to white space.

    Raises:
        DataError: If a row is no example of the corpus.
    """
    places = {
        example["id"]: example["occurrences"][0]
        for example in read_parquet(examples, ["id", "occurrences"]).to_pylist()
    }
    if lacking := [row.id for row in rows if row.id not in places]:
        raise DataError(f"{examples}: has no example {lacking[0]!r}; make the dataset again from this corpus")
    seen = set(map(without_whitespace, read_parquet(train, ["target"]).column("target").to_pylist()))
    return {
        "kind": [places[row.id]["kind"] for row in rows],
        "length": [_length(len(code_tokens(row.references[0]))) for row in rows],
        "project": [places[row.id]["source"] for row in rows],
        "target": [
            "also in training" if without_whitespace(row.references[0]) in seen else "new" for row in rows
        ],
    }


def _length(tokens: int) -> str:
    for low, high in zip((0, *LENGTHS), LENGTHS, strict=False):
        if tokens <= high:
            return f"{low + 1}-{high} tokens"
    return f"over {LENGTHS[-1]} tokens"


def slice_scores(
    parts: Memberships,
    columns: Mapping[str, Columns],
    details: Mapping[str, str],
    draw: Callable[[int], Sampling],
) -> dict[str, list[SliceScore]]:
    """Return the scores of every system on every part of every slice.

    Args:
        parts: From ``memberships``.
        columns: System: its statistics on all rows.
        details: Metric: how a row is read.
        draw: Returns the draws for a number of rows.

    Returns:
        Slice: its parts, largest first.
    """
    return {name: list(_parts(values, columns, details, draw)) for name, values in parts.items()}


def _parts(
    values: Sequence[str],
    columns: Mapping[str, Columns],
    details: Mapping[str, str],
    draw: Callable[[int], Sampling],
) -> list[SliceScore]:
    sizes = Counter(values)
    grouped = np.array([value if sizes[value] >= FEWEST else OTHERS for value in values])
    found = []
    for value, count in sorted(Counter(grouped.tolist()).items(), key=lambda item: (-item[1], item[0])):
        chosen = grouped == value
        models = {}
        for model, rows in columns.items():
            part = {name: rows[name][chosen] for name in SLICED if name in rows}
            models[model] = scores_of(part, details, draw)
        found.append(SliceScore(value, count, models))
    return found
