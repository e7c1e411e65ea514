"""Sequence-level distillation: training rows with the teacher's beams as further references."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kdlib.config import SequenceLevel
from kdlib.files import DataError, atomic, read_json
from kdlib.models.mapped import parts_of
from kdlib.training.teacher.outputs import Beam, read_beams

if TYPE_CHECKING:
    import pyarrow as pa

COLUMNS = ("id", "target", "source_ids", "target_ids", "target_hash")
Weights = Mapping[str, Sequence[float]]


def write_references(train: Path, beams: Path, sequence: SequenceLevel, out: Path) -> dict[str, int]:
    """Write each training row once for its gold target and once for each kept beam of the teacher.

    A row's ``weight`` is that of ``reference_weights``, times rows / examples: one factor for all, so that
    the weights' mean is 1 and losses keep their scale. Rows that weigh nothing are left out.

    Args:
        train: Token rows.
        beams: File that ``merge_beams`` wrote; its counts lie beside it.
        sequence: How many beams are kept, and what they weigh.
        out: Parquet file of token rows with ``weight`` and ``rank``.

    Returns:
        The counts, with the number of beams ``kept``.

    Raises:
        DataError: If there is no beam to learn from, or the beams belong to other rows.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    kept = _kept(beams, sequence.keep)
    if not kept:
        raise DataError(
            f"{beams}: none of the teacher's beams is a valid assertion other than the gold target; train "
            "the teacher longer, or leave the student's key beams out"
        )
    ids = {key for part in parts_of(train, ["id"]) for key in part["id"].to_pylist()}
    if unknown := sorted(kept.keys() - ids):
        raise DataError(
            f"{beams}: id {unknown[0]} is not in {train}; generate the beams of this dataset again"
        )
    weights = _weights(kept, sequence)
    used = sum(weight > 0 for _, *others in weights.values() for weight in others)
    without_gold = sum(not gold for gold, *_ in weights.values())
    scale = (len(ids) - without_gold + used) / len(ids)
    schema = next(parts_of(train, COLUMNS)).schema
    schema = schema.append(pa.field("weight", pa.float64())).append(pa.field("rank", pa.int32()))
    with atomic(out) as partial, pq.ParquetWriter(partial, schema, compression="zstd") as writer:
        for part in parts_of(train, COLUMNS):
            rows = list(_rows(part, kept, weights, scale))
            writer.write_batch(pa.RecordBatch.from_pylist(rows, schema=schema))
    return {**read_json(beams.with_suffix(".json")), "kept": used}


def _rows(
    part: pa.RecordBatch, kept: Mapping[str, Sequence[Beam]], weights: Weights, scale: float
) -> Iterator[dict[str, Any]]:
    """Yield the rows of some examples, a reference each."""
    for row in part.to_pylist():
        gold, *others = weights.get(row["id"], (1.0,))
        if gold:
            yield {**row, "weight": scale * gold, "rank": 0}
        for beam, weight in zip(kept.get(row["id"], ()), others, strict=True):
            target = {name: getattr(beam, name) for name in ("target", "target_ids", "target_hash", "rank")}
            if weight:
                yield {**row, **target, "weight": scale * weight}


def _kept(beams: Path, keep: int) -> dict[str, list[Beam]]:
    """Return the best beams of each example."""
    found: dict[str, list[Beam]] = defaultdict(list)
    for beam in read_beams(beams):
        if len(found[beam.id]) < keep:
            found[beam.id].append(beam)
    return dict(found)


def _weights(kept: Mapping[str, Sequence[Beam]], sequence: SequenceLevel) -> Weights:
    """Return, for each example with beams, the weights of its gold target and of its beams."""
    import torch

    from kdlib.losses.sequence import reference_weights

    scores = [score for beams in kept.values() for score in (0.0, *(beam.score for beam in beams))]
    lengths = [1 + len(beams) for beams in kept.values()]
    weights = reference_weights(
        torch.tensor(scores).double(), lengths, sequence.gold_weight, sequence.temperature
    )
    return {key: part.tolist() for key, part in zip(kept, weights.split(lengths), strict=True)}
