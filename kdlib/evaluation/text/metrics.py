"""What is measured: every metric's direction, words and statistic, in the order of the tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kdlib.metrics.bleu import bleu_values
from kdlib.metrics.chrf import chrf_values
from kdlib.metrics.codebleu import codebleu_values
from kdlib.metrics.quality import quality_from_sums
from kdlib.metrics.retention import agreement_values, retention_values
from kdlib.metrics.significance import Rows, Statistic, ratio

Columns = dict[str, NDArray[np.float64]]


class Metric(NamedTuple):
    """How a metric is read.

    Attributes:
        higher_is_better: Its direction.
        description: What it is, in a sentence.
        statistic: Maps sums of its rows' statistics ``[corpora, s]`` to values ``[corpora]``.
        of_a_row: What is given for a single row: its value, yes or no, or the sum that a rate divides.
    """

    higher_is_better: bool
    description: str
    statistic: Statistic = ratio
    of_a_row: Literal["value", "yes or no", "sum"] = "value"


METRICS = {
    "exact_match": Metric(
        True,
        "share of rows whose first prediction equals the reference without white space",
        of_a_row="yes or no",
    ),
    "exact_match_at_k": Metric(
        True, "share of rows with an exact match among the first k = n_best predictions", of_a_row="yes or no"
    ),
    "bleu": Metric(True, "corpus BLEU-4 over Java tokens, on sacrebleu's scale 0..100", bleu_values),
    "chrf": Metric(True, "corpus chrF over characters, on sacrebleu's scale 0..100", chrf_values),
    "codebleu": Metric(
        True, "corpus CodeBLEU: n-grams, weighted keywords, syntax and data flow, ¼ each", codebleu_values
    ),
    "token_precision": Metric(True, "mean share of the prediction's Java tokens that the reference has"),
    "token_recall": Metric(True, "mean share of the reference's Java tokens that the prediction has"),
    "token_f1": Metric(True, "mean F1 of the multisets of Java tokens"),
    "token_similarity": Metric(True, "mean of 1 − Levenshtein distance of Java tokens / longer length"),
    "token_accuracy": Metric(True, "mean of equal tokens at equal positions / longer length"),
    "edit_similarity": Metric(True, "mean of 1 − characters inserted or deleted / characters of both"),
    "pans": Metric(True, "mean position-aware n-gram similarity, n = 1..4; 1 only for equal tokens"),
    "syntax_valid": Metric(
        True, "share of first predictions that are one Java statement, by tree-sitter", of_a_row="yes or no"
    ),
    "syntax_valid_javalang": Metric(
        True, "share that are one Java statement, by javalang (Java 8)", of_a_row="yes or no"
    ),
    "assertion_valid": Metric(
        True, "share that are one Java statement which calls a known assertion", of_a_row="yes or no"
    ),
    "semantic": Metric(
        True, "mean cosine of the sentence vectors of prediction and reference, 0 if negative"
    ),
    "quality": Metric(
        True,
        "Code Quality Score: .25 CodeBLEU + .25 semantic + .20 valid syntax + .20 token similarity + "
        ".10 token accuracy",
        quality_from_sums(codebleu_values),
    ),
    "compiles": Metric(
        True,
        "share of first predictions that are one statement and compile in their test",
        of_a_row="yes or no",
    ),
    "passes": Metric(
        True,
        "share with which the test passes, in two JVMs that differ in time zone, locale, hashes and order",
        of_a_row="yes or no",
    ),
    "vacuous": Metric(
        False,
        "share with which the test passes, but none of whose checks was executed or could have failed",
        of_a_row="yes or no",
    ),
    "valid": Metric(
        True,
        "share with which the test passes and that could have failed: a regression oracle, right if the "
        "code is",
        of_a_row="yes or no",
    ),
    "strong": Metric(
        True,
        "share that is valid and kills a mutant of the focal method that the rest of the test leaves alive, "
        "over rows that have one",
        of_a_row="yes or no",
    ),
    "mutation_score": Metric(
        True, "share of the focal methods' mutants that valid predictions kill, all rows together"
    ),
    "mutation_score_by_row": Metric(True, "mean over rows of the share of mutants that is killed"),
    "exposed": Metric(
        True,
        "share that is valid on the right code and fails where it has a known fault, over rows with one, "
        "which their own assertion notices",
        of_a_row="yes or no",
    ),
    "blessed": Metric(
        False,
        "share that accepts the known fault of a row: its test passes on the faulty code, and it is not "
        "vacuous",
        of_a_row="yes or no",
    ),
    "krs": Metric(
        True,
        "knowledge retention: .6 agreement + .4 min(F1 of the student / F1 of the teacher, 1)",
        retention_values,
    ),
    "agreement": Metric(
        True,
        "1 − KL(teacher ‖ student) / 10 at T = 2 on the gold targets, in nats per token",
        agreement_values,
    ),
    "top1_agreement": Metric(True, "share of gold tokens at which teacher and student expect the same one"),
    "answer_agreement": Metric(
        True, "share of rows with the teacher's first prediction, without white space", of_a_row="yes or no"
    ),
    "nll": Metric(
        False, "negative log-likelihood of the gold target in nats per token, EOS included", of_a_row="sum"
    ),
}


def with_statistics(columns: Mapping[str, NDArray[np.float64]]) -> Rows:
    """Return each metric's rows with what maps their sums to values."""
    return {name: (rows, METRICS[name].statistic) for name, rows in columns.items()}


def row_values(columns: Mapping[str, NDArray[np.float64]], rows: int) -> dict[str, list[float | bool]]:
    """Return the value that each metric has on every single row, yes or no where it is a share of rows.

    Args:
        columns: Metric: its statistics; those that are not of all rows are left out.
        rows: Number of rows.
    """
    found: dict[str, list[float | bool]] = {}
    for name, statistics in columns.items():
        metric = METRICS[name]
        if len(statistics) == rows:
            values = statistics[:, 0] if metric.of_a_row == "sum" else metric.statistic(statistics)
            found[name] = (values > 0).tolist() if metric.of_a_row == "yes or no" else values.tolist()
    return found
