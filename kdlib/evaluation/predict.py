"""A model on the test rows: N-best predictions, held-out likelihood and what they cost."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kdlib.config import Evaluation
from kdlib.files import write_json, write_parquet, write_predictions
from kdlib.models.batch import Row, batches, read_rows

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def predict(
    model: Path, tokenizer: Path, test: Path, evaluation: Evaluation, max_tokens: int, threads: int, out: Path
) -> None:
    """Write ``predictions.jsonl``, ``nll.parquet`` (id, tokens, nll in nats) and ``cost.json``.

    Args:
        model: Folder of the model.
        tokenizer: Folder of the run's tokenizer.
        test: Token rows.
        evaluation: Beams and batch size.
        max_tokens: Longest prediction.
        threads: CPU threads.
        out: Folder of the three files.
    """
    import torch

    from kdlib.models.generate import predict as generate
    from kdlib.models.load import check_lengths, load
    from kdlib.models.tokenizer import load_tokenizer

    torch.set_num_threads(threads)
    trained, words, rows = load(model), load_tokenizer(tokenizer), read_rows(test)
    check_lengths(trained, max(len(row.source_ids) for row in rows), max_tokens)
    started = time.perf_counter()
    predictions = list(
        generate(trained, words, rows, evaluation.beams, evaluation.n_best, max_tokens, evaluation.batch_size)
    )
    seconds = time.perf_counter() - started
    order = {row.id: place for place, row in enumerate(rows)}
    write_predictions(out / "predictions.jsonl", sorted(predictions, key=lambda p: (order[p.id], p.rank)))
    write_nll(trained, rows, evaluation.batch_size, out / "nll.parquet")
    write_json(
        out / "cost.json",
        {
            "parameters": sum(p.numel() for p in trained.parameters()),
            "bytes": (model / "model.safetensors").stat().st_size,
            "rows": len(rows),
            "seconds": seconds,
            "assertions_per_second": len(rows) / seconds,
        },
    )


def write_nll(model: PreTrainedModel, rows: Sequence[Row], batch_size: int, path: Path) -> None:
    """Write the negative log-likelihood of every row's target, in nats over all its tokens.

    Args:
        model: In evaluation mode.
        rows: Rows with targets.
        batch_size: Rows at once.
        path: Parquet file with columns id, tokens, nll, in order of the rows.
    """
    import pyarrow as pa
    import torch

    from kdlib.models.generate import log_probabilities

    nll: dict[str, float] = {}
    for batch in batches(rows, batch_size):
        for row, log_probs in zip(batch, log_probabilities(model, batch), strict=True):
            gold = torch.tensor(row.target_ids, device=log_probs.device)
            nll[row.id] = -float(log_probs.gather(1, gold[:, None]).double().sum())
    columns = {
        "id": [row.id for row in rows],
        "tokens": [len(row.target_ids) for row in rows],
        "nll": [nll[row.id] for row in rows],
    }
    write_parquet(path, pa.table(columns))
