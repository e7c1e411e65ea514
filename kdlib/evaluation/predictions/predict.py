"""A model on the rows of a split: N-best predictions, held-out likelihood and what they cost."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from kdlib.config import Evaluation
from kdlib.evaluation.predictions.cache import OutputCache, cache_key
from kdlib.evaluation.predictions.cost import Generated, cost, latencies, peak_memory_mib
from kdlib.files import DataError, write_json, write_parquet, write_predictions
from kdlib.models.batch import Row, batches, collate, layout_of, read_rows
from kdlib.records import Prediction

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

    from kdlib.models.beams import Output


def predict(
    model: Path,
    tokenizer: Path,
    test: Path,
    evaluation: Evaluation,
    max_tokens: int,
    threads: int,
    cache: Path,
    out: Path,
) -> None:
    """Write ``predictions.jsonl``, ``nll.parquet`` (id, tokens, nll in nats) and ``cost.json``.

    What the same weights have generated for the same batch under the same settings is read from the cache;
    the files but cost.json are the same, byte for byte.

    Args:
        model: Folder of the model.
        tokenizer: Folder of the run's tokenizer.
        test: Token rows.
        evaluation: Beams, sizes of batches and rows to measure latency on.
        max_tokens: Longest prediction.
        threads: CPU threads.
        cache: Folder that all runs share.
        out: Folder of the three files.

    Raises:
        DataError: If there is no row, or prompts or predictions are longer than what the model was made for.
    """
    import torch

    from kdlib.models.load import check_lengths, computing_device, load
    from kdlib.models.tokenizer import load_tokenizer

    torch.set_num_threads(threads)
    device = computing_device()
    trained = load(model).to(device)
    coder = load_tokenizer(tokenizer)
    rows = read_rows(test)
    if not rows:
        raise DataError(f"{test}: no rows to predict; raise split.{evaluation.split} or add corpus sources")
    check_lengths(trained, max(len(row.source_ids) for row in rows), max_tokens)
    key = cache_key(model, evaluation, max_tokens, _hardware(device, threads))
    outputs, generated = generate(trained, rows, evaluation, max_tokens, OutputCache(cache / key))
    write_predictions(out / "predictions.jsonl", _predictions(rows, outputs, coder))
    write_nll(trained, rows, evaluation.batch_size, out / "nll.parquet")
    alone = latencies(trained, rows, evaluation.latency_rows, evaluation.beams, evaluation.n_best, max_tokens)
    costs = replace(cost(model, trained, rows, generated, alone), rows_of=evaluation.split)
    write_json(out / "cost.json", costs.as_json())


def generate(
    model: PreTrainedModel, rows: Sequence[Row], evaluation: Evaluation, max_tokens: int, cache: OutputCache
) -> tuple[dict[str, list[Output]], Generated]:
    """Return the outputs of every row, by id, and what of them was generated.

    Args:
        model: In evaluation mode, on its device.
        rows: Rows; their targets are not looked at.
        evaluation: Beams and sizes of batches.
        max_tokens: Longest output.
        cache: Of this model and these settings; it gets what is generated.
    """
    from tqdm import tqdm

    from kdlib.models.beams import beam_search

    outputs: dict[str, list[Output]] = {}
    generated = Generated()
    with tqdm(total=len(rows), unit="row", disable=None) as bar:  # quiet where there is no terminal
        for batch in batches(rows, evaluation.batch_size, evaluation.batch_tokens):
            found = cache.get(batch)
            if found is None:
                started = time.perf_counter()
                found = beam_search(model, batch, evaluation.beams, evaluation.n_best, max_tokens)
                generated.seconds += time.perf_counter() - started
                generated.rows += len(batch)
                cache.add(batch, found)
            outputs |= {row.id: ranked for row, ranked in zip(batch, found, strict=True)}
            bar.update(len(batch))
    cache.flush()
    print(f"{generated.rows} rows generated, {len(rows) - generated.rows} from the cache", flush=True)
    if generated.rows:
        generated.peak_memory_mib = peak_memory_mib(model)
    return outputs, generated


def _hardware(device: torch.device, threads: int) -> dict[str, str]:
    import torch

    name = torch.cuda.get_device_name(device) if device.type == "cuda" else ""
    return {"device": f"{device.type} {name}", "threads": str(threads)}


def _predictions(
    rows: Sequence[Row], outputs: dict[str, list[Output]], coder: PreTrainedTokenizerFast
) -> Iterator[Prediction]:
    from kdlib.models.tokenizer import decode

    for row in rows:
        for rank, (ids, total) in enumerate(outputs[row.id], 1):
            yield Prediction(row.id, rank, decode(coder, ids), total / len(ids))


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

    from kdlib.models.forward import target_nll

    layout = layout_of(model.config)
    nll: dict[str, float] = {}
    for batch in batches(rows, batch_size):
        tensors = {name: tensor.to(model.device) for name, tensor in collate(batch, layout).items()}
        with torch.inference_mode():
            found = target_nll(model, tensors).split([len(row.target_ids) for row in batch])
        nll |= {row.id: float(tokens.sum()) for row, tokens in zip(batch, found, strict=True)}
    columns = {
        "id": [row.id for row in rows],
        "tokens": [len(row.target_ids) for row in rows],
        "nll": [nll[row.id] for row in rows],
    }
    write_parquet(path, pa.table(columns))
