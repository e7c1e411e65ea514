"""Result values for tests, with what a test does not care about filled in."""

from __future__ import annotations

from kdlib.results.evaluation import Comparison, EvaluationReport, MetricInfo, Score

UP = MetricInfo(True, "")
DOWN = MetricInfo(False, "")
METRICS = {"exact_match": UP, "valid": UP, "token_f1": UP, "nll": DOWN}


def score(value: float, spread: float = 0.1) -> Score:
    return Score(value, value - spread, value + spread, 9, "m|conf:0.95")


def comparison(a: str, b: str, metric: str, low: float, high: float) -> Comparison:
    return Comparison(a, b, metric, b, (low + high) / 2, low, high, 0.02, 9, f"{metric}|test", 0.04)


def report(models, comparisons=(), metrics=METRICS, rows=9, split="class", not_measured=()):
    """Return an evaluation without slices and seeds."""
    return EvaluationReport(rows, split, metrics, models, list(comparisons), [], {}, list(not_measured))
