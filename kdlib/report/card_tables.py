"""Tables of the dataset card, as HTML by pandas."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kdlib.records import SPLITS

if TYPE_CHECKING:
    import pandas as pd
    from markupsafe import Markup

MISSING = "–"
VALUES = 25  # rows of a table of values; the rest are one row
Rows = Mapping[Any, Mapping[str, Any]]  # the index: the columns: the cells


def source_table(corpus: Mapping[str, Any]) -> Markup:
    """Return what was read of each source and what came of it, with the sums.

    Args:
        corpus: Card of the corpus.
    """
    rows = {
        name: {
            "version": own["version"],
            "licence": own["licence"],
            "files": own["files"],
            "skipped files": own["skipped"],
            "MB": own["java_bytes"] / 1e6,
            "tests": own["tests"],
            "assertions": own["assertions"],
            "no focal method": own["unresolved"],
            "filtered": own["filtered"],
            "examples": own["examples"],
            "kept": own["kept"],
        }
        for name, own in corpus["sources"].items()
    }
    words = ("version", "licence")
    summed = [name for name in next(iter(rows.values())) if name not in words]
    rows["all"] = dict.fromkeys(words) | {name: sum(own[name] for own in rows.values()) for name in summed}
    caption = "Sources: what was read, and what came of it"
    return _html("sources", caption, _frame(rows, "source"))


def pin_table(corpus: Mapping[str, Any]) -> Markup:
    """Return the kind and the digest of each source."""
    rows = {name: {"kind": own["kind"], "sha256": own["sha256"]} for name, own in corpus["sources"].items()}
    return _html("pins", "Kinds and digests of the sources", _frame(rows, "source"))


def skipped_table(corpus: Mapping[str, Any]) -> Markup:
    """Return the number of skipped files by source and reason."""
    counts = Counter((own["source"], own["reason"]) for own in corpus["skipped"])
    reasons = sorted({reason for _, reason in counts})
    rows = {
        source: {reason: counts[source, reason] for reason in reasons}
        for source in corpus["sources"]
        if any(counts[source, reason] for reason in reasons)
    }
    return _html("skipped", "Files that were not mined, by reason", _frame(rows, "source"))


def funnel(counts: Mapping[str, Any]) -> list[tuple[str, int | None, int]]:
    """Return the steps from assertions to kept examples: name, number removed by it, number left.

    Args:
        counts: ``counts`` of the corpus card.
    """
    left = counts["assertions"]
    steps: list[tuple[str, int | None, int]] = [("assertions in tests", None, left)]
    removed = [
        ("no focal method found", counts["unresolved"]),
        *((f"filtered: {reason}", number) for reason, number in counts["filtered"].items()),
        ("same focal method, test and assertion", counts["with_focal_method"] - counts["distinct"]),
        *(
            (f"{split}: {reason}", number)
            for split in reversed(SPLITS)
            for reason, number in counts.get(f"removed_from_{split}", {}).items()
        ),
    ]
    for name, number in removed:
        left -= number
        steps.append((name, number, left))
    return steps


def funnel_table(counts: Mapping[str, Any]) -> Markup:
    """Return the steps of ``funnel``."""
    rows = {name: {"removed": number, "left": left} for name, number, left in funnel(counts)}
    return _html("funnel", "From assertions to the examples of the corpus", _frame(rows, "step"))


def dataset_table(card: Mapping[str, Any]) -> Markup:
    """Return the steps from the examples of each split to its token rows."""
    names = {
        "examples": "examples",
        "not_sampled": "not looked at",
        "looked_at": "looked at",
        "too_long": "target too long",
        "too_long_prompt": "prompt too long",
        "rows": "rows",
        "truncated_prompts": "of these, prompt truncated",
        "source_tokens": "prompt tokens",
        "target_tokens": "target tokens",
    }
    rows = {split: {title: card[split][name] for name, title in names.items()} for split in SPLITS}
    return _html("dataset", "From examples to token rows", _frame(rows, "split"))


def split_table(corpus: Mapping[str, Any]) -> Markup:
    """Return the sizes of the splits."""
    total = sum(own["examples"] for own in corpus["splits"].values())
    rows = {}
    for split, own in corpus["splits"].items():
        rows[split] = {
            "examples": own["examples"],
            "share": own["examples"] / total,
            "occurrences": own["occurrences"],
            "sources": own["sources"],
            "classes under test": own["groups"],
            "tests": own["tests"],
            "focal methods": own["focal_methods"],
        }
    caption = "Splits: their examples and what these come from"
    return _html("splits", caption, _frame(rows, "split"), percent=["share"])


def leakage_table(corpus: Mapping[str, Any]) -> Markup:
    """Return the shares of the leakage audit with their bounds."""
    audit = corpus["audit"]
    said = {
        "text": "equal test and assertion",
        "unit": "shared class" if corpus["split"]["by"] == "class" else "shared source",
        "near": f"near duplicate, similarity ≥ {audit['near_threshold']:g}",
        "focal_method": "equal focal method",
    }
    rows = {}
    for name, title in said.items():
        if name in corpus["leakage"]:
            bound = audit["bounds"].get(name)
            rows[title] = {
                "share of test rows": corpus["leakage"][name],
                "rows audited": audit["rows"][name],
                "bound": bound,
                "verdict": "reported only" if bound is None else "passed",
            }
    caption = "Leakage: test rows that have this in common with train or validation"
    return _html("leakage", caption, _frame(rows, "what"), percent=["share of test rows", "bound"])


def length_table(name: str, tokens: Mapping[str, Mapping[str, Mapping[str, float]]], caption: str) -> Markup:
    """Return the quantiles of lengths.

    Args:
        name: Id of the table.
        tokens: Split: text: quantile: length.
        caption: What stands above.
    """
    texts = tokens[SPLITS[0]]
    rows = {
        f"{text.replace('_', ' ')}, {split}": {quantile: round(n) for quantile, n in own[text].items()}
        for text in texts
        for split, own in tokens.items()
    }
    return _html(f"{name}-lengths", caption, _frame(rows, "text"))


def value_table(name: str, values: Mapping[str, Mapping[str, int]], caption: str, corner: str) -> Markup:
    """Return how often each value stands in each split, the frequent ones first, the rare ones as one row.

    Args:
        name: Id of the table.
        values: Split: value: number of examples.
        caption: What stands above.
        corner: What a value is.
    """
    totals = sum((Counter(own) for own in values.values()), Counter[str]())
    ordered = [value for value, _ in totals.most_common()]
    rows = {value: {split: own.get(value, 0) for split, own in values.items()} for value in ordered[:VALUES]}
    if rest := ordered[VALUES:]:
        rows[f"{len(rest)} others"] = {
            split: sum(own.get(value, 0) for value in rest) for split, own in values.items()
        }
    return _html(name, f"{caption}, examples by split", _frame(rows, corner))


def _frame(rows: Rows, corner: str) -> pd.DataFrame:
    import pandas as pd

    # Whole numbers beside missing ones stay whole.
    frame = pd.DataFrame(list(rows.values()), index=list(rows), dtype="object")
    return frame.rename_axis(columns=corner)


def _html(name: str, caption: str, frame: pd.DataFrame, percent: Sequence[str] = ()) -> Markup:
    """Return a frame as a table with escaped content, numbers to the right."""
    from markupsafe import Markup

    numbers = [
        column
        for column in frame.columns
        if all(isinstance(value, int | float) for value in frame[column].dropna())
    ]
    right: list[Any] = [{"selector": "", "props": "text-align: right"}]
    style = (
        frame.style.format(_written, escape="html", na_rep=MISSING)
        .format("{:.2%}", subset=list(percent), na_rep=MISSING)
        .format_index(escape="html", axis=0)
        .format_index(escape="html", axis=1)
        .set_caption(caption)
        .set_uuid(name)
        .set_table_styles(dict.fromkeys(numbers, right))
    )
    return Markup(style.to_html(cell_ids=False))


def _written(value: object) -> str:
    return (
        f"{value:,}"
        if isinstance(value, int)
        else f"{value:,.1f}"
        if isinstance(value, float)
        else str(value)
    )
