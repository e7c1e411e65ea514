"""Three baselines that learn nothing from gradients: retrieval, a trigram, and the most frequent targets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kdlib.evaluation.predictions.trigram import Trigram, fit
from kdlib.files import DataError, read_parquet, write_parquet, write_predictions
from kdlib.java.tokens import code_tokens
from kdlib.metrics.exact import without_whitespace
from kdlib.records import FREQUENT, RETRIEVAL, TRIGRAM, Prediction, normalise_whitespace
from kdlib.retrieval.bm25 import index

_QUERIES = 64  # scored at once: 64 x 100,000 training rows are 50 MB

Candidate = tuple[str, float]


def write_baselines(
    train: Path, test: Path, tokenizer: Path, n_best: int, max_tokens: int, out: Path
) -> None:
    """Write the predictions of the three baselines and the trigram's negative log-likelihood.

    Args:
        train: Dataset rows to learn from (Parquet).
        test: Dataset rows to predict (Parquet).
        tokenizer: Folder of the run's tokenizer.
        n_best: Predictions kept for each row.
        max_tokens: Longest sequence of the trigram, EOS included.
        out: Folder of the evaluation; that of each baseline lies below, by its name in ``records``.

    Raises:
        DataError: If there is no training row or the token ids do not fit the tokenizer.
    """
    from transformers import PreTrainedTokenizerFast

    known = read_parquet(train, ["id", "prompt", "target", "target_ids"]).to_pylist()
    asked = read_parquet(test, ["id", "prompt", "target_ids"]).to_pylist()
    if not known:
        raise DataError(f"{train}: no rows, so baselines have nothing to learn from; add corpus sources")
    ids = [row["id"] for row in asked]

    nearest = retrieve(known, [row["prompt"] for row in asked], n_best)
    write_predictions(out / RETRIEVAL / "predictions.jsonl", _ranked(ids, nearest))
    constant = frequent([row["target"] for row in known], n_best)
    write_predictions(out / FREQUENT / "predictions.jsonl", _ranked(ids, [constant] * len(ids)))

    coder = PreTrainedTokenizerFast.from_pretrained(tokenizer)
    model = fit([row["target_ids"] for row in known], len(coder))
    constant = _decoded(model, coder, n_best, max_tokens)
    write_predictions(out / TRIGRAM / "predictions.jsonl", _ranked(ids, [constant] * len(ids)))
    _write_nll(out / TRIGRAM / "nll.parquet", model, asked)


def frequent(targets: Sequence[str], n: int) -> list[Candidate]:
    """Return the n most frequent targets, white space normalised, with relative frequency; ties by text."""
    counts = Counter(map(normalise_whitespace, targets))
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [(text, count / len(targets)) for text, count in ranked[:n]]


def retrieve(known: Sequence[dict[str, str]], prompts: Sequence[str], n: int) -> list[list[Candidate]]:
    """Return for each prompt the targets of the nearest known prompts by BM25 over code tokens.

    Args:
        known: Rows with ``id``, ``prompt`` and ``target``.
        prompts: Texts to answer.
        n: Candidates for each; targets that differ only in white space count once. Fewer if all are used.

    Returns:
        Targets with their BM25 score, best first; equal scores by id.
    """
    known = sorted(known, key=lambda row: row["id"])
    keys = [without_whitespace(row["target"]) for row in known]
    bm25 = index([code_tokens(row["prompt"]) for row in known])
    answers: list[list[Candidate]] = []
    for start in range(0, len(prompts), _QUERIES):
        queries = [code_tokens(prompt) for prompt in prompts[start : start + _QUERIES]]
        for scores in bm25.scores(queries):
            nearest = _first_distinct(scores, keys, n)
            answers.append([(known[place]["target"], float(scores[place])) for place in nearest])
    return answers


def _first_distinct(scores: NDArray[np.float64], keys: Sequence[str], n: int) -> list[int]:
    """Return the n best positions of distinct keys; among equal scores the earlier position is first."""
    chosen: dict[str, int] = {}
    for at in np.argsort(-scores, kind="stable"):
        chosen.setdefault(keys[at], int(at))
        if len(chosen) == n:
            break
    return list(chosen.values())


def _decoded(model: Trigram, coder: Any, n: int, max_tokens: int) -> list[Candidate]:  # noqa: ANN401
    """Return the trigram's most probable texts with log p in nats; spellings in other tokens count once."""
    texts: dict[str, float] = {}
    for ids, score in model.n_best(4 * n, max_tokens):
        text = coder.decode(list(ids), skip_special_tokens=True, clean_up_tokenization_spaces=False)
        texts.setdefault(text, score)
    return list(texts.items())[:n]


def _ranked(ids: Sequence[str], candidates: Sequence[Sequence[Candidate]]) -> Iterator[Prediction]:
    for row, ranked in zip(ids, candidates, strict=True):
        for rank, (text, score) in enumerate(ranked, 1):
            yield Prediction(row, rank, text, score)


def _write_nll(path: Path, model: Trigram, rows: Sequence[dict[str, Any]]) -> None:
    import pyarrow as pa

    columns = {
        "id": pa.array([row["id"] for row in rows], pa.string()),
        "tokens": pa.array([len(row["target_ids"]) for row in rows], pa.int64()),
        "nll": pa.array([-model.log_probs(row["target_ids"]).sum() for row in rows], pa.float64()),
    }
    write_parquet(path, pa.table(columns))
