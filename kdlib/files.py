"""Files between stages: written atomically, read strictly, checked by sha256."""

from __future__ import annotations

import errno
import glob
import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields
from itertools import accumulate, chain, islice
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kdlib.records import Example, Occurrence, Prediction

if TYPE_CHECKING:
    import pyarrow as pa


ROW_GROUP = 2000  # examples; some 10 MB of text
_TEXTS = ("id", "focal_method", "masked_test")
_OCCURRENCE = tuple(field.name for field in fields(Occurrence))
_occurrence_values = attrgetter(*_OCCURRENCE)

NO_ROOM = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the quota of the disk is used up",
    errno.EFBIG: "the file is larger than the system allows",
}


class DataError(Exception):
    """Input that a user can mend; the message names the value and the way out."""


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path`` that replaces it (file or folder) only if the block succeeds.

    What a killed process left of the same path is removed.

    Raises:
        DataError: If there is no room to write it.
    """
    with needs_room(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(path)
        partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
        try:
            yield partial
            if partial.is_dir() and path.is_dir():
                shutil.rmtree(path)
            os.replace(partial, path)
        finally:
            _remove(partial)


@contextmanager
def needs_room(path: Path) -> Iterator[None]:
    """Turn the errors of a full disk, in whatever library they arise, into a ``DataError`` about a path."""
    try:
        yield
    except Exception as error:
        for number, reason in NO_ROOM.items():
            # Libraries in Rust have errors of their own, with the number as text.
            if getattr(error, "errno", None) == number or f"(os error {number})" in str(error):
                raise DataError(f"{path}: cannot be written: {reason}; make room and run again") from error
        if "inline_container.cc" in str(error) and "unexpected pos" in str(error):  # all that torch.save says
            raise DataError(
                f"{path}: torch could not write it: the disk is full or its quota used up; "
                "make room and run again"
            ) from error
        raise


def _remove_leftovers(path: Path) -> None:
    """Remove what dead processes began to write in place of a path."""
    for leftover in path.parent.glob(f".{glob.escape(path.name)}.*.partial"):
        process = leftover.name.split(".")[-2]
        if process.isdecimal() and not _is_running(int(process)):
            _remove(leftover)


def _is_running(process: int) -> bool:
    import psutil

    try:
        # One that was killed stays a while, until its parent has asked how it ended.
        return bool(psutil.Process(process).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:  # another user's
        return True


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def sha256(path: Path) -> str:
    """Return the sha256 of a file's bytes as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_json(path: Path, value: Any) -> None:  # noqa: ANN401  (JSON has no narrower type)
    """Write ``value`` as indented JSON; NaN is an error, since no other tool reads it."""
    with atomic(path) as partial:
        partial.write_text(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:  # noqa: ANN401
    """Read a JSON file; a broken one is a ``DataError`` that names it."""
    try:
        return json.loads(path.read_text())
    except json.JSONDecodeError as error:
        raise DataError(f"{path}:{error.lineno}: not JSON ({error.msg})") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not JSON, for it is not UTF-8 ({error})") from None


def write_jsonl(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Write one JSON object a line."""
    with atomic(path) as partial, partial.open("w") as file:
        file.writelines(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n" for row in rows)


def read_jsonl(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the objects of a JSONL file; a broken line is a ``DataError`` with its number."""
    with path.open() as file:
        for number, line in enumerate(file, 1):
            try:
                yield json.loads(line)
            except json.JSONDecodeError as error:
                raise DataError(f"{path}:{number}: not JSON ({error.msg})") from None


def write_parquet(path: Path, table: pa.Table, compression: str = "zstd") -> None:
    """Write a table; equal tables give equal bytes."""
    import pyarrow.parquet as pq

    with atomic(path) as partial:
        pq.write_table(table, partial, compression=compression)


def read_parquet(path: Path, columns: list[str] | None = None) -> pa.Table:
    """Read a table; a damaged file is a ``DataError`` that names it."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(path).read(columns=columns)
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(f"{path}: cannot be read as Parquet ({error}); delete it and run again") from None


def example_schema() -> pa.Schema:
    """Return the Parquet schema of examples; the fields of an occurrence follow ``Occurrence``."""
    import pyarrow as pa

    return pa.schema(
        [
            ("id", pa.string()),
            ("focal_method", pa.string()),
            ("masked_test", pa.string()),
            ("references", pa.list_(pa.string())),
            ("occurrences", pa.list_(_occurrence_type())),
        ]
    )


def write_examples(path: Path, examples: Iterable[Example]) -> None:
    """Write examples with their occurrences as one Parquet file, a row group at a time.

    Args:
        path: File to write; equal examples in equal order give equal bytes.
        examples: Examples, possibly a generator; at most one row group is in memory.
    """
    rows = iter(examples)
    write_example_batches(path, map(example_batch, iter(lambda: list(islice(rows, ROW_GROUP)), [])))


def write_example_batches(path: Path, batches: Iterable[pa.RecordBatch]) -> None:
    """Write what ``example_batch`` returned; no row group spans two batches."""
    import pyarrow.parquet as pq

    # Masked tests differ from each other: a dictionary of them would only be built and thrown away.
    repeated = ["focal_method", *(f"occurrences.list.element.{name}" for name in _OCCURRENCE)]
    options = {"compression": "zstd", "use_dictionary": repeated}
    with atomic(path) as partial, pq.ParquetWriter(partial, example_schema(), **options) as writer:
        for batch in batches:
            if batch.num_rows:
                writer.write_batch(batch, row_group_size=ROW_GROUP)


def _occurrence_type() -> pa.DataType:
    import pyarrow as pa

    arrow = {"int": pa.int64(), "str": pa.string()}
    return pa.struct([(field.name, arrow[str(field.type)]) for field in fields(Occurrence)])


def example_batch(examples: Sequence[Example]) -> pa.RecordBatch:
    """Return examples as rows of ``example_schema``, built column by column."""
    import pyarrow as pa

    def lists(values: Sequence[Sequence[object]], inner: pa.Array) -> pa.Array:
        offsets = [0, *accumulate(map(len, values))]
        return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), inner)

    texts = zip(*map(attrgetter(*_TEXTS), examples), strict=True) if examples else ([],) * len(_TEXTS)
    references = [example.references for example in examples]
    places = [example.occurrences for example in examples]
    flat = [_occurrence_values(where) for example in examples for where in example.occurrences]
    values = zip(*flat, strict=True) if flat else ([],) * len(_OCCURRENCE)
    struct = _occurrence_type()
    columns = [pa.array(column, part.type) for column, part in zip(values, struct, strict=True)]
    return pa.RecordBatch.from_arrays(
        [
            *(pa.array(column, pa.string()) for column in texts),
            lists(references, pa.array(list(chain.from_iterable(references)), pa.string())),
            lists(places, pa.StructArray.from_arrays(columns, fields=list(struct))),
        ],
        schema=example_schema(),
    )


def read_examples(path: Path) -> list[Example]:
    """Read what ``write_examples`` wrote."""
    return list(iter_examples(path))


def iter_examples(path: Path) -> Iterator[Example]:
    """Yield what ``write_examples`` wrote, a row group at a time."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            for group in range(file.num_row_groups):
                yield from _examples(file.read_row_group(group))
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(f"{path}: cannot be read as Parquet ({error}); delete it and run again") from None


def _examples(table: pa.Table) -> Iterator[Example]:
    places = table["occurrences"].combine_chunks()
    flat = [places.flatten().field(name).to_pylist() for name in _OCCURRENCE]
    found = map(Occurrence, *flat)
    texts = [table[name].to_pylist() for name in _TEXTS]
    rows = zip(*texts, table["references"].to_pylist(), places.value_lengths().to_pylist(), strict=True)
    for key, focal_method, masked_test, references, count in rows:
        yield Example(key, focal_method, masked_test, tuple(references), tuple(islice(found, count)))


def write_predictions(path: Path, predictions: Iterable[Prediction]) -> None:
    """Write predictions as JSONL, one candidate a line."""
    write_jsonl(path, map(asdict, predictions))


def read_predictions(path: Path) -> list[Prediction]:
    """Read what ``write_predictions`` wrote; a line with other fields is a ``DataError``."""
    predictions = []
    for number, row in enumerate(read_jsonl(path), 1):
        try:
            predictions.append(Prediction(**row))
        except TypeError:
            raise DataError(
                f"{path}:{number}: a prediction has the fields id, rank, text, score; got {sorted(row)}"
            ) from None
    return predictions
