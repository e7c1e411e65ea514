"""How numbers, metrics and models are written on the page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from kdlib.results.evaluation import Comparison

MISSING = "–"
NAMES = {
    "nll": "NLL",
    "bleu": "BLEU-4",
    "chrf": "chrF",
    "pans": "PANS",
    "codebleu": "CodeBLEU",
    "krs": "KRS",
    "passes": "pass rate",
    "compiles": "compile rate",
    "valid": "valid rate",
    "mutation_score_by_row": "mutation score by row",
    "exposed": "bugs exposed",
    "blessed": "bugs blessed",
    "quality": "Code Quality Score",
    "token_f1": "token F1",
    "exact_match_at_k": "exact match at k",
}
Verdict = Literal["better", "worse", "undecided"]


def decimal(value: float) -> str:
    """Return a number with three decimals, or two from 10 on, and a true minus sign."""
    return f"{value:z.{3 if abs(value) < 10 else 2}f}".replace("-", "−")


def signed(value: float) -> str:
    """Return ``decimal`` with its sign, also a plus."""
    return decimal(value) if value < 0 else f"+{decimal(value)}"


def interval(low: float, high: float) -> str:
    """Return the ends of an interval in square brackets."""
    return f"[{decimal(low)}, {decimal(high)}]"


def probability(p: float) -> str:
    """Return a p-value with four decimals; one that would read 0 is given as a bound."""
    return f"{p:.4f}" if p >= 0.0001 else "< 0.0001"


def plain(value: object) -> str:
    """Return a value of a JSON file: whole numbers grouped by thousands, lists joined, null as a dash."""
    if value is None:
        return MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}".replace("-", "−")
    if isinstance(value, float):
        return decimal(value) if abs(value) < 1e6 else plain(round(value))
    if isinstance(value, list | Mapping) and not value:
        return "none"
    if isinstance(value, list):
        return ("; " if any(isinstance(item, Mapping) for item in value) else ", ").join(map(plain, value))
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {plain(item)}" for key, item in value.items())
    return str(value)


def label(name: str) -> str:
    """Return the name of a metric or a JSON key for people."""
    return NAMES.get(name, name.replace("_", " "))


def listed(names: list[str]) -> str:
    """Return names as in a sentence: ``a, b and c``."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def kind(model: str) -> str:
    """Return ``teacher``, ``student`` or ``baseline`` of ``students/ce``."""
    return model.partition("/")[0].removesuffix("s")


def verdict(comparison: Comparison, higher_is_better: bool) -> Verdict:
    """Return what the interval of a − b says of a.

    Args:
        comparison: Paired comparison of a and b.
        higher_is_better: Direction of its metric.

    Returns:
        ``better`` or ``worse`` if the interval excludes 0, else ``undecided``.
    """
    if comparison.low <= 0 <= comparison.high:
        return "undecided"
    return "better" if (comparison.low > 0) == higher_is_better else "worse"


def confidence(signature: str) -> str:
    """Return the confidence of the intervals as a signature has it, e.g. ``95 %``."""
    found = re.search(r"(?:^|\|)conf:([0-9.]+)", signature)
    return f"{100 * float(found[1]):g} %" if found else "bootstrap"
