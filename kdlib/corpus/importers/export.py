"""Examples written as the JSONL of the older pipelines, which ``seed`` reads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kdlib.files import DataError, example_schema, iter_examples, read_parquet, write_jsonl
from kdlib.records import Example, Split

_TYPES = {"train": "training", "validation": "validation", "test": "test", None: "all"}


def export_seed(
    examples: Path, splits: Path | None, out: Path, split: Split | None = None, created_at: str | None = None
) -> int:
    """Write examples as the JSONL of the older pipelines: a header line, then a row per example.

    Args:
        examples: Parquet file of examples.
        splits: Parquet file of (id, split), to write one split only.
        out: JSONL file to write.
        split: The split to write; only together with ``splits``.
        created_at: Time for the header; without one, equal examples give equal bytes.

    Returns:
        Number of examples written.

    Raises:
        DataError: If only one of ``splits`` and ``split`` is given, if a file is not what it should be, or if
            there is nothing to write.
    """
    if (splits is None) != (split is None):
        raise DataError("a split needs the file of splits and the name of one: give both or neither")
    chosen = _ids(splits, split) if splits else None
    (ids,) = _columns(examples, ["id"], example_schema().names)
    items = sum(chosen is None or key in chosen for key in ids)
    if not items:
        raise DataError(f"{examples}: no examples to write{f' in the split {split}' if split else ''}")
    header: dict[str, Any] = {"dataset_type": _TYPES[split], "item_count": items}
    if created_at is not None:
        header["created_at"] = created_at
    write_jsonl(out, _exported(header, examples, chosen))
    return items


def _exported(header: dict[str, Any], examples: Path, chosen: set[str] | None) -> Iterator[dict[str, Any]]:
    yield {"header": header}
    for example in iter_examples(examples):
        if chosen is None or example.id in chosen:
            yield _row(example)


def _row(example: Example) -> dict[str, Any]:
    """Return an example as a row; the names let an import keep together what belongs together."""
    where = example.occurrences[0]
    return {
        "focal_method": example.focal_method,
        "test_method_masked": example.masked_test,
        "assertions": list(example.references),
        "repository": where.source,
        "focal_class": where.focal_class,
        "test_class": where.test_class,
        "class_under_test": where.group,
    }


def _ids(splits: Path, split: Split | None) -> set[str]:
    ids, names = _columns(splits, ["id", "split"], ["id", "split"])
    return {key for key, name in zip(ids, names, strict=True) if name == split}


def _columns(path: Path, wanted: list[str], all_names: list[str]) -> list[list[Any]]:
    """Return columns of a Parquet file that must have all of these names."""
    import pyarrow.parquet as pq

    table = read_parquet(path, columns=wanted)
    if missing := set(all_names) - set(pq.read_schema(path).names):
        raise DataError(f"{path}: no column {sorted(missing)[0]}; it must hold {', '.join(all_names)}")
    return [table[name].to_pylist() for name in wanted]
