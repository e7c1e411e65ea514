"""Generation in batches of like length against the plain loop: ``generate`` on one row after another."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import torch

from benchmarks.engines import Data
from kdlib.config import Evaluation
from kdlib.evaluation.predictions.predict import predict
from kdlib.files import read_json
from kdlib.models.batch import Row, read_rows
from kdlib.models.load import load
from kdlib.models.tokenizer import decode, load_tokenizer


def over_batch1(
    data: Data, model: Path, beams: int, batch: int, tokens: int, threads: int, runs: int
) -> tuple[float, str]:
    """Return the median ratio of rows per second, and what was compared.

    Args:
        data: Files of a dataset; its validation rows are predicted.
        model: Folder of the model.
        beams: Beam width of both.
        batch: Rows at once, of ours.
        tokens: Longest output of both.
        threads: CPU threads of both.
        runs: Interleaved pairs.
    """
    rows = read_rows(data.validation)
    torch.set_num_threads(threads)
    ratios = []
    for _ in range(runs):
        plain = plain_speed(data, model, rows, beams, tokens)
        ratios.append(our_speed(data, model, beams, batch, tokens, threads) / plain)
    what = (
        f"model.generate row by row, {beams} beams, {len(rows)} rows, at most {tokens} tokens, batch {batch}"
    )
    return statistics.median(ratios), what


def our_speed(data: Data, model: Path, beams: int, batch: int, tokens: int, threads: int) -> float:
    """Return rows per second of the stage, as it records them."""
    evaluation = Evaluation(beams=beams, n_best=1, batch_size=batch)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        predict(
            model,
            data.tokenizer,
            data.validation,
            evaluation,
            tokens,
            threads,
            place / "cache",
            place / "out",
        )
        return float(read_json(place / "out" / "cost.json")["assertions_per_second"])


def plain_speed(data: Data, model: Path, rows: Sequence[Row], beams: int, tokens: int) -> float:
    """Return rows per second of the loop that everybody writes first."""
    trained, words = load(model), load_tokenizer(data.tokenizer)
    started = time.perf_counter()
    with torch.inference_mode():
        for row in rows:
            found = trained.generate(
                input_ids=torch.tensor([row.source_ids]),
                num_beams=beams,
                max_new_tokens=tokens,
                do_sample=False,
            )
            decode(words, found[0].tolist())
    return len(rows) / (time.perf_counter() - started)
