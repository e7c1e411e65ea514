"""The dataset card: where the examples come from, what was left out, and what the splits look like."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from kdlib import config
from kdlib.java.tokens import code_tokens
from kdlib.records import SPLITS, Example, Split

QUANTILES = {"min": 0.0, "p25": 0.25, "median": 0.5, "p75": 0.75, "p95": 0.95, "max": 1.0}


def card(
    reports: Sequence[Mapping[str, Any]],
    split: config.Split,
    examples: Sequence[Example],
    split_of: Mapping[str, Split],
    counts: Mapping[str, Any],
    leakage: Mapping[str, float],
) -> dict[str, Any]:
    """Return the card as JSON values.

    Args:
        reports: What mining reported of each source.
        split: How the examples were divided.
        examples: The examples that are kept.
        split_of: Split of every id.
        counts: Examples at each filter, in the order of the filters.
        leakage: Shares of the audit.
    """
    parts = {name: [e for e in examples if split_of[e.id] == name] for name in SPLITS}
    return {
        "split": split.model_dump(),
        "counts": dict(counts),
        "splits": {name: _overview(part) for name, part in parts.items()},
        "kinds": {name: _kinds(part) for name, part in parts.items()},
        "tokens": {name: _lengths(part) for name, part in parts.items()},
        "leakage": dict(leakage),
        "sources": {report["source"]: _source(report) for report in reports},
        "skipped": [{"source": report["source"], **item} for report in reports for item in report["skipped"]],
        "examples": [_shown(part[0], name) for name, part in parts.items() if part],
    }


def _overview(part: Sequence[Example]) -> dict[str, int]:
    places = [where for example in part for where in example.occurrences]
    return {
        "examples": len(part),
        "occurrences": len(places),
        "sources": len({where.source for where in places}),
        "groups": len({where.group for where in places}),
        "tests": len({(where.source, where.test_class, where.test_method) for where in places}),
        "focal_methods": len({example.focal_method for example in part}),
    }


def _kinds(part: Sequence[Example]) -> dict[str, int]:
    return dict(Counter(example.occurrences[0].kind for example in part).most_common())


def _lengths(part: Sequence[Example]) -> dict[str, dict[str, float]]:
    """Return quantiles of the lengths in code tokens."""
    texts = {
        "focal_method": [example.focal_method for example in part],
        "masked_test": [example.masked_test for example in part],
        "reference": [reference for example in part for reference in example.references],
    }
    return {name: _quantiles([len(code_tokens(text)) for text in column]) for name, column in texts.items()}


def _quantiles(lengths: Sequence[int]) -> dict[str, float]:
    import numpy as np

    values = np.quantile(lengths, list(QUANTILES.values()))
    return {name: float(value) for name, value in zip(QUANTILES, values, strict=True)}


def _source(report: Mapping[str, Any]) -> dict[str, Any]:
    names = (
        "kind",
        "version",
        "licence",
        "files",
        "java_bytes",
        "tests",
        "assertions",
        "examples",
        "unresolved",
    )
    return {**{name: report[name] for name in names}, "skipped": len(report["skipped"])}


def _shown(example: Example, split: Split) -> dict[str, str]:
    where = example.occurrences[0]
    return {
        "split": split,
        "id": example.id,
        "test": f"{where.test_class}.{where.test_method}",
        "focal": f"{where.focal_class}.{where.focal_name}",
        "focal_method": example.focal_method,
        "masked_test": example.masked_test,
        "reference": example.references[0],
    }
