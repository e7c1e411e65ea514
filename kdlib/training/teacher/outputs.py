"""The teacher's beams for the training prompts, from which students learn as whole sequences."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from kdlib.files import DataError, read_parquet, write_json, write_parquet
from kdlib.metrics.exact import without_whitespace
from kdlib.metrics.validity import is_assertion
from kdlib.models.mapped import iter_rows
from kdlib.models.tokenizer import decode, load_tokenizer
from kdlib.records import target_hash

if TYPE_CHECKING:
    import pyarrow as pa
    from transformers import PreTrainedTokenizerFast

    from kdlib.signals.store import SignalStore

COUNTS = ("rows", "generated", "finished", "valid", "usable")


@dataclass(frozen=True, slots=True)
class Beam:
    """One output of the teacher's beam search that may serve as a further reference.

    Attributes:
        id: Id of the example.
        rank: Place among the finished beams of this prompt, 1 for the best.
        score: The teacher's log-probability of the whole output, in nats.
        target: Text.
        target_ids: Token ids, closed by the end token.
        target_hash: Hash of ``target_ids``.
    """

    id: str
    rank: int
    score: float
    target: str
    target_ids: list[int]
    target_hash: str


def usable(
    row_id: str,
    gold: str,
    outputs: Iterable[tuple[Sequence[int], float]],
    tokenizer: PreTrainedTokenizerFast,
    counts: Counter[str],
) -> Iterator[Beam]:
    """Yield a row's beams that can serve as further references.

    Args:
        row_id: Id of the example.
        gold: Its gold target.
        outputs: Token ids and log-probability of its finished beams, best first.
        tokenizer: The run's tokenizer.
        counts: Finished, valid and usable beams are added to it.
    """
    seen = {without_whitespace(gold)}
    for rank, (ids, score) in enumerate(outputs, 1):
        text = decode(tokenizer, ids)
        counts["finished"] += 1
        if not is_assertion(text):
            continue
        counts["valid"] += 1
        if (form := without_whitespace(text)) in seen:
            continue
        seen.add(form)
        counts["usable"] += 1
        yield Beam(row_id, rank, score, text, list(ids), target_hash(ids))


def merge_beams(shards: Sequence[Path], out: Path) -> None:
    """Write the beams of all shards, by id and rank, and beside them a JSON of how many there are.

    It holds the numbers of prompts (``rows``) and of beams: ``generated``, those of them that came to an
    end (``finished``), of these the valid assertions (``valid``), and of these the ones that differ from the
    gold target and from better beams (``usable``).

    Args:
        shards: Files that ``generate.beams_shard`` wrote.
        out: Parquet file with the fields of ``Beam``.
    """
    import pyarrow as pa

    tables = [read_parquet(shard) for shard in shards]
    total = Counter(dict.fromkeys(COUNTS, 0))
    for shard, table in zip(shards, tables, strict=True):
        if b"counts" not in (table.schema.metadata or {}):
            raise DataError(f"{shard}: holds no counts; delete it and run again")
        total.update(json.loads(table.schema.metadata[b"counts"]))
    _write(out, pa.concat_tables([table.replace_schema_metadata(None) for table in tables]), total)


def stored_beams(signals: SignalStore, train: Path, tokenizer: Path, width: int, out: Path) -> None:
    """Write the usable beams whose signals are stored, as ``merge_beams`` writes those of the rule.

    Args:
        signals: Stored signals, of the teacher's beams too.
        train: Token rows.
        tokenizer: Folder of the run's tokenizer.
        width: Largest number of beams of a prompt, best first.
        out: Parquet file with the fields of ``Beam``.
    """
    loaded = load_tokenizer(tokenizer)
    golds = {row.id: decode(loaded, row.target_ids) for row in iter_rows(train)}
    counts = Counter({"rows": len(golds), "generated": width * len(golds)})
    # The beams of a row are stored side by side.
    beams = (t for t in signals.targets() if 1 <= t.key.rank <= width and t.key.id in golds)
    found: list[Beam] = []
    for key, targets in groupby(beams, lambda target: target.key.id):
        outputs = ((target.target_ids or [], target.score) for target in targets)
        found += usable(key, golds[key], outputs, loaded, counts)
    _write(out, beam_table(found), counts)


def _write(out: Path, table: pa.Table, counts: Counter[str]) -> None:
    write_parquet(out, table.sort_by([("id", "ascending"), ("rank", "ascending")]))
    write_json(out.with_suffix(".json"), {name: counts[name] for name in COUNTS})


def read_beams(path: Path) -> Iterator[Beam]:
    """Yield the beams that ``merge_beams`` wrote."""
    for batch in read_parquet(path).to_batches():
        yield from (Beam(**row) for row in batch.to_pylist())


def beam_table(beams: Sequence[Beam]) -> pa.Table:
    """Return beams as a table with the fields of ``Beam``."""
    import pyarrow as pa

    schema = pa.schema(
        [
            ("id", pa.string()),
            ("rank", pa.int32()),
            ("score", pa.float64()),
            ("target", pa.string()),
            ("target_ids", pa.list_(pa.int32())),
            ("target_hash", pa.string()),
        ]
    )
    return pa.Table.from_pylist([asdict(beam) for beam in beams], schema=schema)
