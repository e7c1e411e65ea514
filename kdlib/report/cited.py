"""Sentences whose numbers name the key of the result file that they come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from kdlib.report.wording import decimal, interval, plain, probability, signed
from kdlib.results.cost import Cost
from kdlib.results.evaluation import METRICS_FILE, Comparison, EvaluationReport


def sentence(form: str, *parts: object) -> Markup:
    """Return text with parts in the places of its braces; parts that are not markup are escaped."""
    return Markup(form).format(*parts)


def cited(text: str, key: str, file: str = METRICS_FILE) -> Markup:
    """Return a number of a sentence.

    Args:
        text: How it is written.
        key: Its place in the file.
        file: Name of the file, as the page's list of provenance has it.
    """
    return sentence('<span class="cited" data-file="{}" data-key="{}">{}</span>', file, key, text)


def score(report: EvaluationReport, model: str, metric: str) -> Markup:
    """Return a model's value and interval."""
    found = report.models[model][metric]
    text = f"{decimal(found.value)} {interval(found.low, found.high)}"
    return cited(text, f"models.{model}.{metric}")


def difference(report: EvaluationReport, comparison: Comparison) -> Markup:
    """Return a paired difference, its interval and its p-value."""
    ends = interval(comparison.low, comparison.high)
    p = f"p = {probability(comparison.p)}".replace("= <", "<")
    place = report.comparisons.index(comparison)
    return cited(f"{signed(comparison.difference)} {ends}, {p}", f"comparisons[{place}]")


def cost(costs: Mapping[str, Cost], model: str, key: str) -> Markup:
    """Return a figure of a model's cost."""
    return cited(plain(getattr(costs[model], key)), key, f"{model}/cost.json")


def enumerated(parts: Sequence[str]) -> Markup:
    """Return parts as in a sentence: ``a, b and c``."""
    if len(parts) < 2:
        return Markup("").join(parts)
    return sentence("{} and {}", Markup(", ").join(parts[:-1]), parts[-1])
