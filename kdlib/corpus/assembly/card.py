"""The corpus card: where the examples come from, what was left out, and what the splits look like."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from kdlib import config
from kdlib.corpus.assembly.deduplicate import Entry
from kdlib.corpus.assembly.leakage import Audit
from kdlib.corpus.assembly.lengths import histogram, quantiles
from kdlib.records import SPLITS, Example, Split

SHOWN = 2  # examples of a split
_TEXTS = ("focal_method", "masked_test", "reference")
_OF_SOURCE = (
    "kind",
    "version",
    "licence",
    "sha256",
    "files",
    "java_bytes",
    "tests",
    "assertions",
    "examples",
    "unresolved",
)


def card(
    reports: Sequence[Mapping[str, Any]],
    split: config.Split,
    filters: config.Filters,
    entries: Sequence[Entry],
    split_of: Mapping[str, Split],
    counts: Mapping[str, Any],
    audit: Audit,
    shown: Sequence[Example],
) -> dict[str, Any]:
    """Return the card as JSON values.

    An example counts once, in its first occurrence, where it has several; ``occurrences`` counts these.

    Args:
        reports: Mining report of each source.
        split: Unit, shares and seed of the split.
        filters: Filters that were applied.
        entries: The examples that are kept.
        split_of: Split of every id.
        counts: Examples at each filter, in the order of the filters.
        audit: Result of the leakage audit.
        shown: Examples to print.
    """
    parts = {name: [entry for entry in entries if split_of[entry.id] == name] for name in SPLITS}
    kept = Counter(entry.occurrences[0].source for entry in entries)
    found = asdict(audit)
    return {
        "split": split.model_dump(),
        "filters": filters.model_dump(),
        "counts": dict(counts),
        "splits": {name: _overview(part) for name, part in parts.items()},
        **{f"{field}s": _by_split(parts, field) for field in ("kind", "framework", "reason", "licence")},
        "tokens": {name: _lengths(part, quantiles) for name, part in parts.items()},
        "histograms": {name: _lengths(part, histogram) for name, part in parts.items()},
        "leakage": found.pop("leakage"),
        "audit": found,
        "sources": {report["source"]: _source(report, kept[report["source"]]) for report in reports},
        "skipped": [{"source": report["source"], **item} for report in reports for item in report["skipped"]],
        "examples": [_shown(example, split_of[example.id]) for example in shown],
    }


def chosen(entries: Sequence[Entry], split_of: Mapping[str, Split]) -> list[str]:
    """Return the ids of the examples to print: the smallest of each split, which are random."""
    ids = {name: sorted(entry.id for entry in entries if split_of[entry.id] == name) for name in SPLITS}
    return [key for name in SPLITS for key in ids[name][:SHOWN]]


def _overview(part: Sequence[Entry]) -> dict[str, int]:
    places = [where for entry in part for where in entry.occurrences]
    return {
        "examples": len(part),
        "occurrences": len(places),
        "sources": len({where.source for where in places}),
        "groups": len({where.group for where in places}),
        "tests": len({(where.source, where.test_class, where.test_method) for where in places}),
        "focal_methods": len({(where.source, where.focal_class, where.focal_name) for where in places}),
    }


def _by_split(parts: Mapping[Split, Sequence[Entry]], field: str) -> dict[Split, dict[str, int]]:
    """Return how often each value of a field of the first occurrence stands in each split."""
    return {
        name: dict(Counter(getattr(entry.occurrences[0], field) for entry in part).most_common())
        for name, part in parts.items()
    }


def _lengths(part: Sequence[Entry], summary: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return a summary of the lengths in code tokens of each text."""
    columns = zip(*(entry.lengths for entry in part), strict=True)
    return {name: summary(column) for name, column in zip(_TEXTS, columns, strict=True)}


def _source(report: Mapping[str, Any], kept: int) -> dict[str, Any]:
    filtered = sum(report["filtered"].values())
    skipped = len(report["skipped"])
    return {
        **{name: report[name] for name in _OF_SOURCE},
        "filtered": filtered,
        "kept": kept,
        "skipped": skipped,
    }


def _shown(example: Example, split: Split) -> dict[str, str]:
    where = example.occurrences[0]
    return {
        "split": split,
        "id": example.id,
        "source": where.source,
        "test": f"{where.test_class}.{where.test_method}",
        "focal": f"{where.focal_class}.{where.focal_name}",
        "reason": where.reason,
        "focal_method": example.focal_method,
        "masked_test": example.masked_test,
        "reference": example.references[0],
    }
