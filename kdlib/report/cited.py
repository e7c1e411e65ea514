"""Sentences whose numbers tell which key of which result file they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from kdlib.report.wording import decimal, interval, plain, probability, signed

SCORES = "evaluation_metrics.json"


def sentence(form: str, *parts: object) -> Markup:
    """Return text with parts in the places of its braces; parts that are not markup are escaped."""
    return Markup(form).format(*parts)


def cited(text: str, key: str, file: str = SCORES) -> Markup:
    """Return a number of a sentence.

    Args:
        text: How it is written.
        key: Its place in the file.
        file: Name of the file, as the page's list of provenance has it.
    """
    return sentence('<span class="cited" data-file="{}" data-key="{}">{}</span>', file, key, text)


def score(scores: Mapping[str, Any], model: str, metric: str) -> Markup:
    """Return a model's value and interval."""
    own = scores["models"][model][metric]
    text = f"{decimal(own['value'])} {interval(own['low'], own['high'])}"
    return cited(text, f"models.{model}.{metric}")


def difference(scores: Mapping[str, Any], comparison: Mapping[str, Any]) -> Markup:
    """Return a paired difference, its interval and its p-value."""
    ends = interval(comparison["low"], comparison["high"])
    p = f"p = {probability(comparison['p'])}".replace("= <", "<")
    place = scores["comparisons"].index(comparison)
    return cited(f"{signed(comparison['difference'])} {ends}, {p}", f"comparisons[{place}]")


def cost(costs: Mapping[str, Any], model: str, key: str, text: str | None = None) -> Markup:
    """Return a figure of a model's cost."""
    return cited(plain(costs[model][key]) if text is None else text, key, f"{model}/cost.json")


def enumerated(parts: Sequence[str]) -> Markup:
    """Return parts as in a sentence: ``a, b and c``."""
    if len(parts) < 2:
        return Markup("").join(parts)
    return sentence("{} and {}", Markup(", ").join(parts[:-1]), parts[-1])
