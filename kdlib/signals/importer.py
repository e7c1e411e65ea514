"""Stored logits of an earlier system become a store: matched, cut to their targets and encoded anew."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from kdlib.config import Hidden
from kdlib.files import DataError, atomic, sha256, write_json
from kdlib.models.batch import Row, read_rows
from kdlib.provenance import code_digest
from kdlib.records import digest
from kdlib.signals.codec.codec import Codec, codec_for
from kdlib.signals.import_counts import ImportCounts
from kdlib.signals.legacy import decode_legacy, legacy_shape
from kdlib.signals.manifest import write_manifest
from kdlib.signals.shard import ShardMetadata, SignalRow, write_shard
from kdlib.signals.shared import write_tensors
from kdlib.teacher_signal import SignalKey

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float

    from kdlib.config import Codec as Options

PADDING = 128  # models round the size of their vocabulary up, mostly to a multiple of 64 or 128
PROBE = 100  # rows after which a wrong position shows


@dataclass(frozen=True, slots=True)
class LegacyRow:
    """A row of an earlier system's JSONL.

    Attributes:
        line: Number of the line in the file.
        id: Id of the example that its texts make; empty if they make none.
        references: Number of correct assertions; earlier systems joined all of them to one target.
        logits: The object ``compressed_logits``, or what stands in its place.
        reason: Why its texts make no example.
        beginning: First characters, to be quoted.
    """

    line: int
    id: str
    references: int
    logits: object
    reason: str
    beginning: str


@dataclass(frozen=True, slots=True)
class LogitLayout:
    """How stored logits are to be read.

    Attributes:
        logit_scale: Factor that the earlier system left out: d_model^−½ where it applied a tied output head
            by itself, else 1.
        skip: Positions before the target's first token: 1 where the tokenizer puts a token before a text.
        joined: Whether to take rows of several assertions. All of their positions are right but the end
            token's, where the teacher expected the next assertion.

    Raises:
        DataError: If the scale is no number above 0 or ``skip`` is negative.
    """

    logit_scale: float = 1.0
    skip: int = 0
    joined: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.logit_scale < math.inf:
            raise DataError(f"the logit scale must be a number > 0, got {self.logit_scale}")
        if self.skip < 0:
            raise DataError(f"the number of positions to skip must be ≥ 0, got {self.skip}")


class _RejectedError(Exception):
    """A row that gives no signal; the arguments are a short reason and what exactly is wrong."""


def import_store(
    path: Path,
    read: Callable[[], Iterable[LegacyRow]],
    dataset: Mapping[str, Path],
    tokenizer: Path,
    options: Options,
    out: Path,
    layout: LogitLayout,
) -> dict[str, Any]:
    """Write a store of the logits in a file of an earlier system.

    The folder holds a shard for each split, the codec's file, the manifest, ``import.json`` with all counts,
    and ``import.rejected.jsonl`` with each row that gave no signal: its line, the reason and its beginning.

    Args:
        path: The file; its digest stands for the teacher's.
        read: Yields its rows; called once a split, so that no more than a row is in memory.
        dataset: Split: its token rows.
        tokenizer: Folder of the run's tokenizer.
        options: Codec; ``hidden`` is impossible.
        out: Folder, written as a whole or not at all.
        layout: How the logits are to be read.

    Returns:
        What ``import.json`` holds: counts, and per token entropy, loss, and how often the target is the best.

    Raises:
        DataError: If the codec is ``hidden``, the folder is in use, no row gives a signal, or the logits fit
            the targets better at other positions.
    """
    from kdlib.models.tokenizer import load_tokenizer

    _check_possible(options, out)
    rows = {split: read_rows(file) for split, file in dataset.items()}
    codec = codec_for(options, len(load_tokenizer(tokenizer)), {})
    counts = ImportCounts()
    with atomic(out) as folder:
        folder.mkdir()
        shared = folder / "codec.safetensors"
        write_tensors(shared, codec.tensors())
        origin = _origin(path, dataset, tokenizer, codec, shared, layout)
        shards = []
        stored = {}
        with (folder / "import.rejected.jsonl").open("w") as aside:
            for split in rows:
                shards.append(folder / split / "0.parquet")
                before = counts.imported
                signals = _signals(path, _of(split, read, rows), codec, layout, counts, aside)
                metadata = origin.model_copy(update={"split": split})
                write_shard(shards[-1], signals, codec.columns, codec.compression, metadata)
                stored[split] = counts.imported - before
        counts.check(path, layout.skip)
        write_manifest(shards, shared, folder / "manifest.json")
        missing = {split: len(rows[split]) - number for split, number in stored.items()}
        report = {
            "file": path.name,
            "signals": stored,
            "rows_without_signal": missing,
            **asdict(layout),
            **counts.report(layout.skip),
        }
        write_json(folder / "import.json", report)
    return report


def _check_possible(options: Options, out: Path) -> None:
    if isinstance(options, Hidden):
        raise DataError(
            "codec hidden needs the teacher's hidden states, and earlier systems stored none; use dense for "
            "all temperatures, or topk, nucleus or sampled for one"
        )
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise DataError(f"{out}: is in use; name a new or an empty folder")


def _origin(
    path: Path, dataset: Mapping[str, Path], tokenizer: Path, codec: Codec, shared: Path, layout: LogitLayout
) -> ShardMetadata:
    return ShardMetadata(
        model=f"legacy:{sha256(path)}",
        tokenizer=sha256(tokenizer / "tokenizer.json"),
        dataset=digest(map(sha256, dataset.values())),
        code=code_digest(Path(__file__)),
        codec=codec.metadata(),
        shared=sha256(shared),
        precision=f"legacy, scale {layout.logit_scale:g}, skip {layout.skip}",
        split="",
        shard=0,
        shards=1,
    )


def _of(
    split: str, read: Callable[[], Iterable[LegacyRow]], rows: Mapping[str, list[Row]]
) -> Iterator[tuple[LegacyRow, Row | None]]:
    """Yield the rows of a split with their targets; those of no split go with the first."""
    from tqdm import tqdm

    targets = {row.id: row for row in rows[split]}
    others = {row.id for name, found in rows.items() if name != split for row in found}
    first = split == next(iter(rows))
    for row in tqdm(read(), desc=split, unit=" rows", disable=None):
        target = targets.get(row.id)
        if target or (first and row.id not in others):
            yield row, target


def _signals(
    path: Path,
    rows: Iterable[tuple[LegacyRow, Row | None]],
    codec: Codec,
    layout: LogitLayout,
    counts: ImportCounts,
    aside: TextIO,
) -> Iterator[SignalRow]:
    """Yield the signals of rows, count them, and write rejected rows aside."""
    seen: set[str] = set()
    for row, target in rows:
        counts.rows += 1
        try:
            if target is None:
                raise _RejectedError(row.reason or "not in the dataset", "")
            if row.id in seen:
                raise _RejectedError("repeated", f"the example {row.id} has a signal of an earlier line")
            signal = _signal(f"{path}:{row.line}", row, target, codec, layout, counts)
        except _RejectedError as rejected:
            reason, detail = rejected.args
            counts.filtered[reason] += 1
            line = {"file": path.name, "line": row.line, "reason": reason, "detail": detail}
            aside.write(json.dumps({**line, "row": row.beginning}, ensure_ascii=False) + "\n")
            continue
        seen.add(row.id)
        if counts.imported == PROBE:
            counts.check(path, layout.skip)
        yield signal


def _signal(
    where: str, row: LegacyRow, target: Row, codec: Codec, layout: LogitLayout, counts: ImportCounts
) -> SignalRow:
    import torch

    if row.references > 1 and not layout.joined:
        raise _RejectedError("several assertions", f"{row.references} are joined, and only the first is here")
    if not isinstance(row.logits, Mapping):
        raise _RejectedError("no logits", "")
    vocab = codec.metadata()["vocab_size"]
    length = len(target.target_ids)
    try:
        window, first = _window(row.logits, where, length, vocab, layout.skip)
        logits = window[layout.skip - first :][:length, :vocab]
        if (logits.max(axis=1) == logits.min(axis=1)).any():
            raise _RejectedError("padding", "a position of the target holds equal logits for all tokens")
        scaled = torch.from_numpy(logits) * layout.logit_scale
        key = SignalKey(row.id, target.target_hash, 0)
        (columns,) = codec.encode(scaled.new_empty(length, 0), scaled, [key], [length])
    except (DataError, ValueError) as error:
        raise _RejectedError("damaged logits", str(error)) from None
    log_probs = torch.log_softmax(scaled.double(), dim=1)
    score = float(log_probs[torch.arange(length), torch.tensor(target.target_ids)].sum())
    counts.add(row.logits["bits"], -score, float(torch.special.entr(log_probs.exp()).sum()), length)
    counts.compare(window.argmax(axis=1).tolist(), first, target.target_ids, layout.skip)
    return SignalRow(key.id, key.target_hash, 0, score, length, None, columns)


def _window(
    stored: Mapping[str, Any], where: str, length: int, vocab: int, skip: int
) -> tuple[Float[np.ndarray, "positions vocab"], int]:
    """Return the logits of a target and of a position on either side, and the first of these positions."""
    positions, entries = legacy_shape(stored, where)
    if not 0 <= entries - vocab < PADDING:
        raise _RejectedError("other vocabulary", f"of {entries} tokens, but the run's tokenizer has {vocab}")
    if positions < skip + length:
        raise _RejectedError("too few positions", f"{positions}; the target has {length}, from {skip} on")
    first = max(skip - 1, 0)
    return decode_legacy(stored, where, first, skip + length + 1 - first), first
