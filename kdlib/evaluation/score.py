"""Scores of prediction files on the test rows, with intervals and paired comparisons; no model is needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kdlib.config import Evaluation
from kdlib.evaluation.outputs import Compiled, Output, Row, read_compiled, read_output, read_rows
from kdlib.files import write_json, write_jsonl
from kdlib.java.tokens import code_tokens
from kdlib.java.validity import is_statement, is_statement_javalang
from kdlib.metrics.bleu import bleu_signature, bleu_statistics, bleu_values
from kdlib.metrics.exact import exact_match, exact_match_at_k
from kdlib.metrics.significance import (
    Statistic,
    interval,
    paired_difference,
    random_swaps,
    ratio,
    resample_counts,
)
from kdlib.metrics.tokens import best_token_overlap
from kdlib.records import Score

RETRIEVAL, TRIGRAM, TRADITIONAL = "baselines/retrieval", "baselines/trigram", "students/traditional"
Columns = dict[str, NDArray[np.float64]]


class Metric(NamedTuple):
    """How a metric is read."""

    higher_is_better: bool
    description: str
    statistic: Statistic = ratio


METRICS = {
    "exact_match": Metric(
        True, "share of rows whose first prediction equals the reference without white space"
    ),
    "exact_match_at_k": Metric(
        True, "share of rows with an exact match among the first k = n_best predictions"
    ),
    "bleu": Metric(True, "corpus BLEU-4 over Java tokens, on sacrebleu's scale 0..100", bleu_values),
    "token_f1": Metric(True, "mean F1 of the multisets of Java tokens"),
    "syntax_valid": Metric(True, "share of first predictions that are one Java statement, by tree-sitter"),
    "syntax_valid_javalang": Metric(True, "share that are one Java statement, by javalang (Java 8)"),
    "compiles": Metric(
        True, "share of first predictions that are one statement and compile in their test file"
    ),
    "nll": Metric(False, "negative log-likelihood of the gold target in nats per token, EOS included"),
}


@dataclass(frozen=True, slots=True)
class Texts:
    """What Java says of every distinct text, so that each is read once however many models wrote it."""

    tokens: dict[str, list[str]]
    valid: dict[str, bool]
    valid_javalang: dict[str, bool]


class Sampling(NamedTuple):
    """Draws that all models share, and the words of them that end every signature."""

    counts: NDArray[np.uint16]
    swaps: NDArray[np.bool_]
    confidence: float
    signature: str


def score(
    models: Mapping[str, Path],
    test: Path,
    compilation: Path,
    evaluation: Evaluation,
    split_description: str,
    scores: Path,
    samples: Path,
) -> None:
    """Score every model's predictions on the test rows and compare models pairwise.

    Args:
        models: Name (``teachers/base``, ``students/ce``, ``baselines/retrieval``): folder with
            ``predictions.jsonl`` and, where the model has probabilities, ``nll.parquet``.
        test: Dataset rows (Parquet).
        compilation: Which first predictions compile (JSON); ``compiles`` is over the rows measured there.
        evaluation: N-best size and resampling.
        split_description: How the data was split; part of every signature.
        scores: JSON file to write: rows, split, metrics, models, comparisons, not_measured.
        samples: JSONL file to write: one line per model and row; ``nll`` is the row's sum in nats.

    Raises:
        DataError: If there is no test row, or a file does not hold exactly the test rows.
    """
    rows = read_rows(test)
    outputs = {name: read_output(name, folder, rows) for name, folder in models.items()}
    texts = _read_texts(rows, outputs)
    compiled = read_compiled(compilation, models, rows)
    columns = {
        name: _columns(rows, output, texts, evaluation.n_best, _compiles(compiled, name))
        for name, output in outputs.items()
    }
    details = _details(rows, texts, evaluation.n_best, compiled.javac)
    samplings = {
        count: _sampling(count, evaluation, split_description)
        for count in {len(rows), len(compiled.ids)} - {0}
    }
    report = {
        "rows": len(rows),
        "split": split_description,
        "metrics": {
            name: {"higher_is_better": metric.higher_is_better, "description": metric.description}
            for name, metric in METRICS.items()
            if name != "compiles" or compiled.ids
        },
        "models": {name: _scores(own, details, samplings) for name, own in columns.items()},
        "comparisons": [
            _compare(a, b, metric, columns, details, samplings) for a, b, metric in comparisons(columns)
        ],
        "not_measured": compiled.missing,
    }
    write_json(scores, report)
    write_jsonl(samples, _samples(rows, outputs, columns, compiled))


def comparisons(columns: Mapping[str, Mapping[str, object]]) -> list[tuple[str, str, str]]:
    """Return which models are compared on which metric, as (a, b, metric).

    Args:
        columns: Model: its metrics.
    """
    students = [name for name in columns if name.startswith("students/")]
    trained = [name for name in columns if name.startswith("teachers/")] + students
    pairs = [(name, RETRIEVAL, metric) for name in trained for metric in ("exact_match", "token_f1")]
    pairs += [(name, TRIGRAM, "nll") for name in columns if name != TRIGRAM]
    pairs += [(name, TRADITIONAL, "token_f1") for name in students if name != TRADITIONAL]
    return [
        (a, b, metric)
        for a, b, metric in pairs
        if b in columns and metric in columns[a] and metric in columns[b]
    ]


def _read_texts(rows: Sequence[Row], outputs: Mapping[str, Output]) -> Texts:
    firsts = {own[0] for output in outputs.values() for own in output.candidates}
    references = {reference for row in rows for reference in row.references}
    return Texts(
        tokens={text: code_tokens(text) for text in firsts | references},
        valid={text: is_statement(text) for text in firsts},
        valid_javalang={text: is_statement_javalang(text) for text in firsts},
    )


def _compiles(compiled: Compiled, name: str) -> list[bool]:
    """Return whether a model's prediction compiles, for the rows where that is known."""
    return [compiled.models[name][key] for key in compiled.ids]


def _columns(rows: Sequence[Row], output: Output, texts: Texts, k: int, compiles: list[bool]) -> Columns:
    """Return each metric's sufficient statistics: ``[rows, 2]`` value and weight, BLEU's ``[rows, 10]``."""
    firsts = [own[0] for own in output.candidates]
    tokens = [texts.tokens[text] for text in firsts]
    references = [[texts.tokens[text] for text in row.references] for row in rows]
    pairs = list(zip(tokens, references, strict=True))
    values: dict[str, Sequence[float]] = {
        "exact_match": [exact_match(text, row.references) for text, row in zip(firsts, rows, strict=True)],
        "exact_match_at_k": [
            exact_match_at_k(own, row.references, k) for own, row in zip(output.candidates, rows, strict=True)
        ],
        "token_f1": [best_token_overlap(own, correct).f1 for own, correct in pairs],
        "syntax_valid": [texts.valid[text] for text in firsts],
        "syntax_valid_javalang": [texts.valid_javalang[text] for text in firsts],
        "compiles": compiles,
    }
    columns = {name: np.column_stack([own, np.ones(len(own))]) for name, own in values.items() if own}
    columns["bleu"] = bleu_statistics(tokens, references).astype(np.float64)
    if output.nll is not None:
        columns["nll"] = output.nll
    return {name: columns[name] for name in METRICS if name in columns}


def _details(rows: Sequence[Row], texts: Texts, k: int, javac: str) -> dict[str, str]:
    """Return the part of each metric's signature that says how a row is read."""
    references = [[texts.tokens[text] for text in row.references] for row in rows]
    return {
        "exact_match": "v:1|norm:ws",
        "exact_match_at_k": f"v:1|k:{k}|norm:ws",
        "bleu": f"v:1|{bleu_signature(references)}",
        "token_f1": "v:1|tok:java",
        "syntax_valid": f"v:1|tree-sitter-java:{version('tree-sitter-java')}",
        "syntax_valid_javalang": f"v:1|javalang:{version('javalang')}",
        "compiles": f"v:1|javac:{javac}",
        "nll": "v:1|unit:nat/token",
    }


def _sampling(rows: int, evaluation: Evaluation, split: str) -> Sampling:
    return Sampling(
        counts=resample_counts(rows, evaluation.resamples, evaluation.seed),
        swaps=random_swaps(rows, evaluation.resamples, evaluation.seed),
        confidence=evaluation.confidence,
        signature=f"n:{rows}|split:{split}|boot:{evaluation.resamples}|conf:{evaluation.confidence:g}"
        f"|seed:{evaluation.seed}",
    )


def _scores(
    columns: Columns, details: Mapping[str, str], samplings: Mapping[int, Sampling]
) -> dict[str, dict[str, Any]]:
    result = {}
    for name, rows in columns.items():
        sampling = samplings[len(rows)]
        own = interval(rows, METRICS[name].statistic, sampling.counts, sampling.confidence)
        signature = f"{name}|{details[name]}|{sampling.signature}"
        result[name] = asdict(Score(own.value, own.low, own.high, len(rows), signature))
    return result


def _compare(
    a: str,
    b: str,
    metric: str,
    columns: Mapping[str, Columns],
    details: Mapping[str, str],
    samplings: Mapping[int, Sampling],
) -> dict[str, Any]:
    own, other = columns[a][metric], columns[b][metric]
    sampling = samplings[len(own)]
    statistic = METRICS[metric].statistic
    result = paired_difference(own, other, statistic, sampling.counts, sampling.swaps, sampling.confidence)
    signature = f"{metric}|{details[metric]}|test:paired-ar|{sampling.signature}"
    return {"a": a, "b": b, "metric": metric, **result._asdict(), "n": len(own), "signature": signature}


def _samples(
    rows: Sequence[Row],
    outputs: Mapping[str, Output],
    columns: Mapping[str, Columns],
    compiled: Compiled,
) -> Iterator[dict[str, Any]]:
    for name, output in outputs.items():
        own = columns[name]
        for at, row in enumerate(rows):
            sample = {
                "model": name,
                "id": row.id,
                "prediction": output.candidates[at][0],
                "references": list(row.references),
                "exact_match": bool(own["exact_match"][at, 0]),
                "token_f1": float(own["token_f1"][at, 0]),
                "syntax_valid": bool(own["syntax_valid"][at, 0]),
            }
            if row.id in compiled.models.get(name, {}):
                sample["compiles"] = compiled.models[name][row.id]
            yield sample | ({"nll": float(own["nll"][at, 0])} if "nll" in own else {})
