"""Rows that stay on the disk: a training has as much in memory of a large dataset as of a small one.

Parquet is for keeping: its pages must be unpacked. An Arrow file is read in place, by mapping it into memory.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate, chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, overload

from kdlib.files import DataError, atomic
from kdlib.models.batch import COLUMNS, Row

if TYPE_CHECKING:
    import pyarrow as pa

PART = 1024  # rows that are in memory while a file is read or written
Item = TypeVar("Item")


class Mapped(Sequence[Item]):
    """A sequence whose items are made from the columns of an Arrow file when they are asked for."""

    def __init__(self, file: Path, make: Callable[..., Item]) -> None:
        """Map a file.

        Args:
            file: Arrow file of texts, numbers and lists of numbers.
            make: Returns an item from its values, by the columns' names.
        """
        import pyarrow as pa

        reader = pa.ipc.open_file(pa.memory_map(str(file)))
        parts = [reader.get_batch(number) for number in range(reader.num_record_batches)]
        self._starts = list(accumulate((part.num_rows for part in parts), initial=0))
        self._items = [_maker(part, make) for part in parts]

    def __len__(self) -> int:
        """Return the number of items."""
        return self._starts[-1]

    @overload
    def __getitem__(self, number: int) -> Item: ...

    @overload
    def __getitem__(self, number: slice) -> list[Item]: ...

    def __getitem__(self, number: int | slice) -> Item | list[Item]:
        """Return an item, or a list of some."""
        if isinstance(number, slice):
            return [self[one] for one in range(*number.indices(len(self)))]
        place = range(len(self))[number]
        part = bisect_right(self._starts, place) - 1
        return self._items[part](place - self._starts[part])


def map_rows(dataset: Path, file: Path) -> Mapped[Row]:
    """Return the token rows of a dataset file without holding them.

    Args:
        dataset: Parquet file of the dataset stage.
        file: Arrow file beside the checkpoints, which is written where it is not there yet.

    Raises:
        DataError: If the dataset is damaged.
    """
    if not file.exists():
        write_mapped(file, parts_of(dataset, COLUMNS))
    return Mapped(file, Row)


def iter_rows(dataset: Path) -> Iterator[Row]:
    """Yield the token rows of a dataset file, with a part of them in memory.

    Raises:
        DataError: If the dataset is damaged.
    """
    for part in parts_of(dataset, COLUMNS):
        yield from map(_maker(part, Row), range(part.num_rows))


def number_of_rows(dataset: Path) -> int:
    """Return how many rows a dataset file has."""
    import pyarrow.parquet as pq

    return int(pq.read_metadata(dataset).num_rows)


def parts_of(dataset: Path, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """Yield those columns of a dataset file that it has, in parts of ``PART`` rows, or one part without rows.

    Raises:
        DataError: If the file is damaged.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        # A row group may be the whole dataset; unmapped, its packed pages would all be in memory.
        with pq.ParquetFile(dataset, memory_map=True, pre_buffer=False) as table:
            if not table.metadata.num_rows:
                yield pa.RecordBatch.from_pylist([], table.read(columns=list(columns)).schema)
            yield from table.iter_batches(PART, columns=list(columns), use_threads=False)
        pa.default_memory_pool().release_unused()
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(f"{dataset}: cannot be read as Parquet ({error}); delete it and run again") from None


def write_mapped(file: Path, parts: Iterator[pa.RecordBatch]) -> None:
    """Write record batches, at least one, as an Arrow file."""
    import pyarrow as pa

    first = next(parts)
    with (
        atomic(file) as partial,
        pa.OSFile(str(partial), "wb") as sink,
        pa.ipc.new_file(sink, first.schema) as writer,
    ):
        for part in chain([first], parts):
            writer.write_batch(part)


def _maker(part: pa.RecordBatch, make: Callable[..., Item]) -> Callable[[int], Item]:
    """Return a function from a row's number to the item that is made of it."""
    columns = {name: _reader(part[name]) for name in part.schema.names}
    return lambda number: make(**{name: read(number) for name, read in columns.items()})


def _reader(column: pa.Array) -> Callable[[int], Any]:
    """Return a function from a row's number to its text, its number or its list of numbers."""
    import pyarrow as pa

    if not pa.types.is_list(column.type):
        return lambda number: column[number].as_py()
    # Both are views of the file.
    starts = column.offsets.to_numpy()
    values = column.values.to_numpy()
    return lambda number: values[starts[number] : starts[number + 1]].tolist()
