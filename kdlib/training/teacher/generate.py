"""Beam search of a teacher on the training prompts, one shard of them at a time."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from kdlib.config import Signals
from kdlib.files import write_parquet
from kdlib.models.batch import read_rows
from kdlib.models.load import check_lengths
from kdlib.models.tokenizer import decode, load_tokenizer
from kdlib.signals.extract import batches_of
from kdlib.signals.teacher import finished_outputs, open_teacher
from kdlib.training.teacher.outputs import COUNTS, Beam, beam_table, usable


def beams_shard(
    teacher: Path,
    tokenizer: Path,
    train: Path,
    width: int,
    shard: int,
    settings: Signals,
    max_tokens: int,
    threads: int,
    out: Path,
) -> None:
    """Write the teacher's usable beams for one shard of the training prompts.

    Usable are valid assertions that differ from the gold target and from better beams, white space aside.

    Args:
        teacher: Folder of the model.
        tokenizer: Folder of the run's tokenizer.
        train: Token rows.
        width: Beam width, and number of beams of a prompt.
        shard: Number of this shard, from 0.
        settings: Number of shards, batch size and precision.
        max_tokens: Tokens of the longest output.
        threads: Number of CPU threads.
        out: Parquet file with the fields of ``Beam``; its metadata hold the counts.
    """
    from tqdm import tqdm

    model, precision = open_teacher(teacher, settings.precision, threads)
    loaded = load_tokenizer(tokenizer)
    rows = read_rows(train)
    check_lengths(model, max((len(row.source_ids) for row in rows), default=0), max_tokens)
    chosen = batches_of(model, rows, shard, settings.model_copy(update={"beams": width}), max_tokens)
    found: list[Beam] = []
    counts = Counter(dict.fromkeys(COUNTS, 0))
    for batch in tqdm(chosen, unit="batch", disable=None):
        outputs = finished_outputs(model, batch, precision, width, max_tokens)
        for row, beams in zip(batch, outputs, strict=True):
            found += usable(row.id, decode(loaded, row.target_ids), beams, loaded, counts)
        counts.update(rows=len(batch), generated=width * len(batch))
    write_parquet(out, beam_table(found).replace_schema_metadata({"counts": json.dumps(counts)}))
