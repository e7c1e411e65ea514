"""From the candidates of a split to its files: without what later splits know, in the wanted shares."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from kdlib import config
from kdlib.corpus.views.rows import COMMENT, FIM, PAIR
from kdlib.files import DataError, atomic, read_jsonl, write_jsonl

_PAIR_COLUMNS = ("id", "doc", "code", "class", "method", "source", "path", "licence")
_BATCH = 1000  # rows in memory


@dataclass(frozen=True, slots=True)
class Selection:
    """What is written of the candidates of a split.

    Attributes:
        ids: Ids of the rows that are written, by task.
        removed: Number of candidates that are not, by task and reason.
    """

    ids: dict[str, set[str]]
    removed: dict[str, Counter[str]]


def select(pool: Path, later: set[str], views: config.Views) -> Selection:
    """Choose from the candidates of a split.

    Args:
        pool: JSONL file of its ``Candidate``s.
        later: Keys of the code that later splits know.
        views: ``fim_share`` and seed.

    Raises:
        DataError: If both tasks are wanted but only one has rows.
    """
    ids, removed = _distinct(pool, later)
    for task, other in ((FIM, COMMENT), (COMMENT, FIM)):
        if 0 < views.fim_share < 1 and ids[other] and not ids[task]:
            raise DataError(
                f"views: the {pool.stem} split has no {task} row, so views.fim_share cannot be "
                f"{views.fim_share}; add sources or set it to {1 if task == COMMENT else 0}"
            )
    wanted = thin(len(ids[FIM]), len(ids[COMMENT]), views.fim_share)
    for task, count in zip((FIM, COMMENT), wanted, strict=True):
        removed[task]["for the share"] = len(ids[task]) - count
        ids[task] = set(sorted(ids[task], key=lambda key: _rank(views.seed, key))[:count])
    return Selection(ids, removed)


def write_split(pool: Path, selection: Selection, rows: Path, pairs: Path) -> dict[str, Any]:
    """Write the rows and the pairs of a split, in the order of the files.

    Args:
        pool: JSONL file of its ``Candidate``s.
        selection: Rows to write, from ``select``.
        rows: JSONL file to write.
        pairs: Parquet file to write.

    Returns:
        Counts for the card.
    """
    counts: dict[str, Counter[str]] = {name: Counter() for name in ("tasks", "orders", "spans", "characters")}
    write_jsonl(rows, _counted(_chosen(pool, (FIM, COMMENT), selection.ids), counts))
    _write_pairs(pairs, _chosen(pool, (PAIR,), selection.ids))
    total = counts["tasks"].total()
    return {
        "rows": total,
        "fim_share": round(counts["tasks"][FIM] / total, 4) if total else None,
        "pairs": len(selection.ids[PAIR]),
        **{name: dict(sorted(counter.items())) for name, counter in counts.items()},
        "removed": {task: dict(reasons) for task, reasons in selection.removed.items()},
    }


def thin(fim: int, comments: int, share: float) -> tuple[int, int]:
    """Return how many rows of each task make the largest whole in which ``share`` are fill-in-the-middle.

    Args:
        fim: Fill-in-the-middle rows that there are.
        comments: Comment-to-code rows that there are.
        share: Between 0 and 1.
    """
    whole = min(count / part for count, part in ((fim, share), (comments, 1 - share)) if part)
    return min(fim, round(whole * share)), min(comments, round(whole * (1 - share)))


def _distinct(pool: Path, later: set[str]) -> tuple[dict[str, set[str]], dict[str, Counter[str]]]:
    """Return the ids of each task that no later split knows, and counts of the others."""
    ids: dict[str, set[str]] = {FIM: set(), COMMENT: set(), PAIR: set()}
    removed: dict[str, Counter[str]] = {task: Counter() for task in ids}
    for candidate in read_jsonl(pool):
        key = candidate["row"]["id"]
        task = candidate["row"]["task"]
        if not later.isdisjoint(candidate["codes"]):
            removed[task]["code of a later split"] += 1
        elif key in ids[task]:
            removed[task]["equal"] += 1
        else:
            ids[task].add(key)
    return ids, removed


def _rank(seed: int, key: str) -> bytes:
    return hashlib.sha256(f"{seed}:{key}".encode()).digest()


def _chosen(pool: Path, tasks: Iterable[str], ids: dict[str, set[str]]) -> Iterator[dict[str, Any]]:
    """Yield the rows with some ids, in the order of the files, equal ones once."""
    left = {task: set(ids[task]) for task in tasks}
    for candidate in read_jsonl(pool):
        row = candidate["row"]
        if row["id"] in left.get(row["task"], ()):
            left[row["task"]].remove(row["id"])
            yield row


def _counted(rows: Iterable[dict[str, Any]], counts: dict[str, Counter[str]]) -> Iterator[dict[str, Any]]:
    for row in rows:
        counts["tasks"][row["task"]] += 1
        counts["characters"]["all"] += len(row["text"])
        counts["characters"]["learned"] += len(row["text"]) - row["prefix_length"]
        if row["task"] == FIM:
            counts["orders"][row["order"]] += 1
            counts["spans"][row["span"]] += 1
        yield row


def _write_pairs(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([(name, pa.string()) for name in _PAIR_COLUMNS])
    with atomic(path) as partial, pq.ParquetWriter(partial, schema, compression="zstd") as writer:
        rest = iter(rows)
        while batch := list(islice(rest, _BATCH)):
            writer.write_table(pa.Table.from_pylist(batch, schema=schema))
