"""All text metrics of predictions as sufficient statistics of rows; no model is needed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from multiprocessing import get_context
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kdlib.evaluation.text.metrics import Columns
from kdlib.java.validity import is_statement, is_statement_javalang
from kdlib.metrics.bleu import bleu_signature, bleu_statistics
from kdlib.metrics.chrf import chrf_signature, chrf_statistics
from kdlib.metrics.codebleu import codebleu_signature, codebleu_statistics, read
from kdlib.metrics.exact import exact_match, exact_match_at_k
from kdlib.metrics.pans import pans, pans_signature
from kdlib.metrics.similarity import (
    edit_similarity,
    edit_similarity_signature,
    token_accuracy,
    token_accuracy_signature,
    token_similarity,
    token_similarity_signature,
)
from kdlib.metrics.tokens import best_token_overlap
from kdlib.metrics.validity import is_assertion

CHUNK = 500  # rows that a process takes at once: half a second, so that starting one is worth it


class Answer(NamedTuple):
    """What is compared in a row: the N-best candidates, at least one, and all correct answers."""

    candidates: Sequence[str]
    references: Sequence[str]


class Validity(NamedTuple):
    """What parsers say of a text."""

    statement: bool
    javalang: bool
    assertion: bool


def text_columns(answers: Sequence[Answer], k: int, processes: int = 1) -> Columns:
    """Return the sufficient statistics of every text metric, by row.

    Args:
        answers: The rows.
        k: How many candidates ``exact_match_at_k`` looks at.
        processes: Processes to compute with; the values do not depend on it.

    Returns:
        Metric: ``[rows, s]``, in the order of the answers.
    """
    chunks = [answers[at : at + CHUNK] for at in range(0, len(answers), CHUNK)]
    if processes == 1 or len(chunks) == 1:
        found = [_chunk_columns(chunk, k) for chunk in chunks]
    else:
        # Not forked: this process has threads of Arrow, and a fork would inherit their locks.
        with ProcessPoolExecutor(min(processes, len(chunks)), get_context("spawn")) as pool:
            found = list(pool.map(_chunk_columns, chunks, [k] * len(chunks)))
    return {name: np.concatenate([columns[name] for columns in found]) for name in found[0]}


def _chunk_columns(answers: Sequence[Answer], k: int) -> Columns:
    firsts = [answer.candidates[0] for answer in answers]
    distinct = set(firsts).union(*(answer.references for answer in answers))
    readings = {text: read(text) for text in distinct}
    tokens = {text: reading.tokens for text, reading in readings.items()}
    validity = {text: _validity(text) for text in set(firsts)}
    said = [tokens[text] for text in firsts]
    correct = [[tokens[text] for text in answer.references] for answer in answers]
    right = [list(answer.references) for answer in answers]
    pairs = list(zip(said, correct, strict=True))
    overlaps = [best_token_overlap(*pair) for pair in pairs]
    return {
        "exact_match": _mean(exact_match(a.candidates[0], a.references) for a in answers),
        "exact_match_at_k": _mean(exact_match_at_k(a.candidates, a.references, k) for a in answers),
        "bleu": bleu_statistics(said, correct).astype(np.float64),
        "chrf": chrf_statistics(firsts, right).astype(np.float64),
        "codebleu": codebleu_statistics(
            [readings[text] for text in firsts], [[readings[text] for text in texts] for texts in right]
        ).astype(np.float64),
        "token_precision": _mean(overlap.precision for overlap in overlaps),
        "token_recall": _mean(overlap.recall for overlap in overlaps),
        "token_f1": _mean(overlap.f1 for overlap in overlaps),
        "token_similarity": _mean(token_similarity(*pair) for pair in pairs),
        "token_accuracy": _mean(token_accuracy(*pair) for pair in pairs),
        "edit_similarity": _mean(map(edit_similarity, firsts, right)),
        "pans": _mean(pans(*pair) for pair in pairs),
        "syntax_valid": _mean(validity[text].statement for text in firsts),
        "syntax_valid_javalang": _mean(validity[text].javalang for text in firsts),
        "assertion_valid": _mean(validity[text].assertion for text in firsts),
    }


def _validity(text: str) -> Validity:
    return Validity(is_statement(text), is_statement_javalang(text), is_assertion(text))


def _mean(values: Iterable[float]) -> NDArray[np.float64]:
    """Return ``[rows, 2]``, each value with the weight 1."""
    column = np.fromiter(values, np.float64)
    return np.column_stack([column, np.ones_like(column)])


def text_details(references: Sequence[Sequence[str]], k: int) -> dict[str, str]:
    """Return the part of each text metric's signature that says how a row is read.

    Args:
        references: Correct answers of every row; how many there are is part of it.
        k: How many candidates ``exact_match_at_k`` looks at.
    """
    readings = [[read(text) for text in texts] for texts in references]
    grammar = f"v:1|tree-sitter-java:{version('tree-sitter-java')}"
    return {
        "exact_match": "v:1|norm:ws",
        "exact_match_at_k": f"v:1|k:{k}|norm:ws",
        "bleu": f"v:1|{bleu_signature([[reading.tokens for reading in row] for row in readings])}",
        "chrf": f"v:1|{chrf_signature(references)}",
        "codebleu": f"v:1|{codebleu_signature(readings)}",
        "token_precision": "v:1|tok:java",
        "token_recall": "v:1|tok:java",
        "token_f1": "v:1|tok:java",
        "token_similarity": f"v:1|{token_similarity_signature()}",
        "token_accuracy": f"v:1|{token_accuracy_signature()}",
        "edit_similarity": f"v:1|{edit_similarity_signature()}",
        "pans": f"v:1|{pans_signature()}",
        "syntax_valid": grammar,
        "syntax_valid_javalang": f"v:1|javalang:{version('javalang')}",
        "assertion_valid": grammar,
    }
