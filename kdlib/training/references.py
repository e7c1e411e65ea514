"""Sequence-level distillation: training rows with the teacher's answers as further references."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kdlib.config import SequenceLevel
from kdlib.files import DataError, read_json, read_parquet, write_parquet
from kdlib.training.beams import Beam, read_beams


def write_references(train: Path, beams: Path, sequence: SequenceLevel, out: Path) -> dict[str, int]:
    """Write each training row once for its gold target and once for each kept answer of the teacher.

    A row's ``weight`` is that of ``reference_weights``, times rows / examples: one factor for all, so that
    the weights' mean is 1 and losses keep their scale. Rows that weigh nothing are left out.

    Args:
        train: Token rows.
        beams: What ``merge_beams`` wrote; its counts lie beside it.
        sequence: How many answers are kept, and what they weigh.
        out: Parquet file of token rows with ``weight``.

    Returns:
        The counts, with the number of answers ``kept``.

    Raises:
        DataError: If there is no answer to learn from, or the answers belong to other rows.
    """
    import pyarrow as pa

    gold = read_parquet(train, ["id", "target", "source_ids", "target_ids", "target_hash"])
    kept = _kept(beams, sequence.keep)
    if unknown := sorted(kept.keys() - set(gold["id"].to_pylist())):
        raise DataError(
            f"{beams}: id {unknown[0]} is not in {train}; generate the beams of this dataset again"
        )
    if not kept:
        raise DataError(
            f"{beams}: none of the teacher's answers is a valid assertion other than the gold target; train "
            "the teacher longer, or leave sequence out"
        )
    ids = gold["id"].to_pylist()
    weights = _weights([kept.get(key, []) for key in ids], sequence)
    rows: list[dict[str, Any]] = []
    used = 0
    for row, own in zip(gold.to_pylist(), weights, strict=True):
        targets = [(row["target"], row["target_ids"], row["target_hash"])]
        targets += [(beam.target, beam.target_ids, beam.target_hash) for beam in kept.get(row["id"], [])]
        rows += [
            {**row, "target": target, "target_ids": target_ids, "target_hash": key, "weight": weight}
            for (target, target_ids, key), weight in zip(targets, own, strict=True)
            if weight
        ]
        used += sum(weight > 0 for weight in own[1:])
    scale = len(rows) / len(gold)
    for row in rows:
        row["weight"] *= scale
    write_parquet(
        out, pa.Table.from_pylist(rows, schema=gold.schema.append(pa.field("weight", pa.float64())))
    )
    return {**read_json(beams.with_suffix(".json")), "kept": used}


def _kept(beams: Path, keep: int) -> dict[str, list[Beam]]:
    """Return the best answers by example."""
    found: dict[str, list[Beam]] = defaultdict(list)
    for beam in read_beams(beams):
        if len(found[beam.id]) < keep:
            found[beam.id].append(beam)
    return dict(found)


def _weights(kept: Sequence[Sequence[Beam]], sequence: SequenceLevel) -> list[list[float]]:
    """Return for each example the weights of its gold target and its answers."""
    import torch

    from kdlib.losses.sequence import reference_weights

    scores = torch.tensor([s for own in kept for s in (0.0, *(beam.score for beam in own))]).double()
    lengths = [1 + len(own) for own in kept]
    weights = reference_weights(scores, lengths, sequence.gold_weight, sequence.temperature)
    return [part.tolist() for part in weights.split(lengths)]
