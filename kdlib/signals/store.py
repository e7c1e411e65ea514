"""Reading a store: many signals at once, by key, with a few row groups in memory at a time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import torch

from kdlib.files import DataError, sha256
from kdlib.signals.codec.codec import codec_from
from kdlib.signals.index import Index, hashes_of
from kdlib.signals.manifest import SHARED, read_manifest
from kdlib.signals.shard import FIELDS, PREFIX, open_shard
from kdlib.signals.shared import read_tensors
from kdlib.teacher_signal import SignalKey

if TYPE_CHECKING:
    from jaxtyping import UInt8
    from torch import Tensor

    from kdlib.signals.codec.codec import Codec
    from kdlib.teacher_signal import Signal

CACHED_GROUPS = 32
WALKED_ROWS = 4096  # as many keys at a time become Python objects
Group = dict[str, tuple[list[int], memoryview]]  # column: offsets of its rows, and the bytes of all


@dataclass(frozen=True, slots=True)
class TeacherTarget:
    """A target of the store.

    Attributes:
        key: Example, target and rank.
        score: The teacher's log-probability of the whole target, in nats.
        target_ids: Token ids of the teacher's own outputs; None for gold targets.
    """

    key: SignalKey
    score: float
    target_ids: list[int] | None


class SignalStore:
    """The signals of a manifest.

    Attributes:
        provenance: What all shards share; see ``shard.StoreOrigin``.
        codec: The store's codec.
    """

    def __init__(self, manifest: Path) -> None:
        """Open a store and verify the sha256 of every file once.

        Args:
            manifest: What ``write_manifest`` wrote.

        Raises:
            DataError: If a file is missing or damaged, a signal is stored twice, or the codec is unknown.
        """
        found = read_manifest(manifest)
        self._manifest = manifest
        self.provenance: dict[str, Any] = {field: getattr(found, field) for field in SHARED}
        shared = manifest.parent / found.codec_file
        _verify(shared, found.shared)
        with _naming(manifest):
            self.codec = codec_from(found.codec, read_tensors(shared))
        self._paths = [manifest.parent / entry.file for entry in found.files]
        for path, entry in zip(self._paths, found.files, strict=True):
            _verify(path, entry.sha256)
        self._files = [open_shard(path) for path in self._paths]
        self._check_columns()
        self._places = [
            (shard, group) for shard, file in enumerate(self._files) for group in range(file.num_row_groups)
        ]
        sizes = (self._files[shard].metadata.row_group(group).num_rows for shard, group in self._places)
        self._starts = list(accumulate(sizes, initial=0))  # number of the first signal of each row group
        self._index = self._read_index()
        self._group = lru_cache(maxsize=CACHED_GROUPS)(self._read_group)

    def __len__(self) -> int:
        """Return the number of signals."""
        return self._starts[-1]

    def codec_on(self, device: torch.device) -> Codec:
        """Return the codec with what all signals share on a device, so that it moves there only once."""
        tensors = {name: tensor.to(device) for name, tensor in self.codec.tensors().items()}
        return codec_from(self.provenance["codec"], tensors)

    def targets(self) -> Iterator[TeacherTarget]:
        """Yield the target of every signal, in the order of storage."""
        for file in self._files:
            for batch in file.iter_batches(WALKED_ROWS, columns=list(FIELDS), use_threads=False):
                for row in batch.to_pylist():
                    key = SignalKey(row["id"], row["target_hash"], row["rank"])
                    yield TeacherTarget(key, row["score"], row["target_ids"])

    def check(self, expected: Mapping[str, str], keys: Iterable[SignalKey]) -> None:
        """Make sure, before any work starts, that this is the store of a model, a dataset and its rows.

        Args:
            expected: Some of model, tokenizer and dataset: digest that it must have.
            keys: Signals that will be asked for.

        Raises:
            DataError: If one differs or is missing; it names the first.
        """
        for name, digest in expected.items():
            if self.provenance[name] != digest:
                raise DataError(
                    f"{self._manifest}: the signals were stored for another {name} "
                    f"({self.provenance[name]}, now {digest}); extract signals again"
                )
        walked = iter(keys)
        while part := list(islice(walked, WALKED_ROWS)):
            self._numbers(part)

    def read(self, keys: Sequence[SignalKey]) -> dict[str, UInt8[Tensor, " bytes"]]:
        """Return the codec's columns of signals, one after the other, to be decoded.

        Args:
            keys: One or more signals.

        Raises:
            DataError: If a signal is missing or belongs to another target.
        """
        rows = []
        for number in self._numbers(keys):
            group = self._group_of(number)
            rows.append((self._group(group), number - self._starts[group]))
        columns = {}
        for name in self.codec.columns:
            content = bytearray()
            for group_columns, row in rows:
                offsets, view = group_columns[name]
                content += view[offsets[row] : offsets[row + 1]]
            # torch refuses an empty buffer.
            columns[name] = (
                torch.frombuffer(content, dtype=torch.uint8) if content else torch.empty(0, dtype=torch.uint8)
            )
        return columns

    def signal(self, key: SignalKey, temperature: float) -> Signal:
        """Return one signal at a temperature.

        Raises:
            DataError: If the signal is missing, belongs to another target, is damaged, or is not
                available at that temperature.
        """
        columns = self.read([key])
        with _naming(self._manifest, f"id {key.id}, rank {key.rank}: "):
            return self.codec.decode(columns, temperature)

    def _numbers(self, keys: Sequence[SignalKey]) -> list[int]:
        """Return the places of signals in the order of storage."""
        places = self._index.places(keys).tolist()
        if -1 in places:
            self._refuse(keys[places.index(-1)])
        return places

    def _refuse(self, key: SignalKey) -> NoReturn:
        """Say whether a signal is missing or belongs to another target; the whole store is read for that."""
        for target in self.targets():
            if (target.key.id, target.key.rank) == (key.id, key.rank):
                raise DataError(
                    f"{self._manifest}: the signal of id {key.id}, rank {key.rank} was stored for target "
                    f"{target.key.target_hash}, but the dataset has target {key.target_hash}; "
                    "extract signals of this dataset again"
                )
        raise DataError(
            f"{self._manifest}: no signal is stored for id {key.id}, rank {key.rank}; "
            "extract signals of this dataset again"
        )

    def _check_columns(self) -> None:
        expected = {PREFIX + name for name in self.codec.columns}
        for path, file in zip(self._paths, self._files, strict=True):
            if (found := set(file.schema_arrow.names) - set(FIELDS)) != expected:
                raise DataError(
                    f"{path}: has the columns {sorted(found)}, but the codec writes {sorted(expected)}; "
                    "delete it and extract again"
                )

    def _read_index(self) -> Index:
        """Return the places of all signals, after making sure that each example has one a rank."""
        keys = []
        examples = []
        for file in self._files:
            for batch in file.iter_batches(
                WALKED_ROWS, columns=["id", "target_hash", "rank"], use_threads=False
            ):
                columns = (batch[name].to_pylist() for name in ("id", "target_hash", "rank"))
                found = list(map(SignalKey, *columns))
                keys.append(hashes_of(found))
                examples.append(hashes_of([(key.id, key.rank) for key in found]))
        if (number := Index(examples).repeated()) is not None:
            key = next(islice(self.targets(), number, None)).key
            path = self._paths[self._places[self._group_of(number)][0]]
            raise DataError(
                f"{path}: the signal of id {key.id}, rank {key.rank} is stored twice in this store; "
                "delete its shards and extract again"
            )
        return Index(keys)

    def _group_of(self, number: int) -> int:
        """Return the row group of a signal, given its place in the order of storage."""
        return bisect_right(self._starts, number) - 1

    def _read_group(self, number: int) -> Group:
        import numpy as np

        shard, group = self._places[number]
        names = [PREFIX + name for name in self.codec.columns]
        # One thread: a data loader's forked worker does not inherit Arrow's thread pool.
        table = self._files[shard].read_row_group(group, columns=names, use_threads=False)
        found: Group = {}
        for name in self.codec.columns:
            column = table[PREFIX + name].combine_chunks()
            _, offsets, content = column.buffers()
            first = column.offset
            starts = np.frombuffer(offsets, dtype=np.int32)[first : first + len(column) + 1]
            found[name] = (starts.tolist(), memoryview(content or b""))
        return found


@contextmanager
def _naming(path: Path, what: str = "") -> Iterator[None]:
    """Say in a ``DataError`` which file it is about."""
    try:
        yield
    except DataError as error:
        raise DataError(f"{path}: {what}{error}") from None


def _verify(path: Path, expected: str) -> None:
    if not path.is_file():
        raise DataError(f"{path}: the file is missing; extract the signals again")
    actual = sha256(path)
    if actual != expected:
        raise DataError(
            f"{path}: the file is damaged (sha256 {actual}, in the manifest {expected}); "
            "delete it and extract again"
        )
