"""Tables of the dataset card."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from kdlib.records import SPLITS
from kdlib.report.tables import Cell, Heading, Table
from kdlib.report.wording import MISSING
from kdlib.results.cards import CorpusCard, CorpusCounts, SplitCounts

VALUES = 25  # rows of a table of values; the rest are one row
Value = str | int | float | None
Rows = Mapping[str, Mapping[str, Value]]  # name of the row: column: value


def source_table(corpus: CorpusCard) -> Table:
    """Return what was read of each source and what came of it, with the sums.

    Args:
        corpus: Card of the corpus.
    """
    rows: dict[str, dict[str, Value]] = {}
    for name, source in corpus.sources.items():
        rows[name] = {
            "version": source.version,
            "licence": source.licence,
            "files": source.files,
            "skipped files": source.skipped,
            "MB": source.java_bytes / 1e6,
            "tests": source.tests,
            "assertions": source.assertions,
            "no focal method": source.unresolved,
            "filtered": source.filtered,
            "examples": source.examples,
            "kept": source.kept,
        }
    columns = _columns(rows)
    numbers = {name: [row[name] for row in rows.values()] for name in columns[2:]}
    rows["all"] = dict.fromkeys(columns) | {
        name: sum(value for value in values if isinstance(value, int | float))
        for name, values in numbers.items()
    }
    return _table("sources", "Sources: what was read, and what came of it", "source", rows)


def pin_table(corpus: CorpusCard) -> Table:
    """Return the kind and the digest of each source."""
    rows = {name: {"kind": source.kind, "sha256": source.sha256} for name, source in corpus.sources.items()}
    return _table("pins", "Kinds and digests of the sources", "source", rows)


def skipped_table(corpus: CorpusCard) -> Table:
    """Return the number of skipped files by source and reason."""
    counts = Counter((file.source, file.reason) for file in corpus.skipped)
    reasons = sorted({reason for _, reason in counts})
    rows = {
        source: {reason: counts[source, reason] for reason in reasons}
        for source in corpus.sources
        if any(counts[source, reason] for reason in reasons)
    }
    return _table("skipped", "Files that were not mined, by reason", "source", rows)


def funnel(counts: CorpusCounts) -> list[tuple[str, int | None, int]]:
    """Return the steps from assertions to kept examples: name, number removed by it, number left.

    Args:
        counts: Counts of the corpus card.
    """
    left = counts.assertions
    steps: list[tuple[str, int | None, int]] = [("assertions in tests", None, left)]
    removed = [
        ("no focal method found", counts.unresolved),
        *((f"filtered: {reason}", number) for reason, number in counts.filtered.items()),
        ("same focal method, test and assertion", counts.with_focal_method - counts.distinct),
        *((f"validation: {reason}", number) for reason, number in counts.removed_from_validation.items()),
        *((f"train: {reason}", number) for reason, number in counts.removed_from_train.items()),
    ]
    for name, number in removed:
        left -= number
        steps.append((name, number, left))
    return steps


def funnel_table(counts: CorpusCounts) -> Table:
    """Return the steps of ``funnel``."""
    rows = {name: {"removed": number, "left": left} for name, number, left in funnel(counts)}
    return _table("funnel", "From assertions to the examples of the corpus", "step", rows)


def dataset_table(counts: Mapping[str, SplitCounts]) -> Table:
    """Return the steps from the examples of each split to its token rows.

    Args:
        counts: Split: counts of its rows.
    """
    rows = {
        split: {
            "examples": found.examples,
            "not looked at": found.not_sampled,
            "looked at": found.looked_at,
            "target too long": found.too_long,
            "prompt too long": found.too_long_prompt,
            "rows": found.rows,
            "of these, prompt truncated": found.truncated_prompts,
            "prompt tokens": found.source_tokens,
            "target tokens": found.target_tokens,
        }
        for split, found in counts.items()
    }
    return _table("dataset", "From examples to token rows", "split", rows)


def split_table(corpus: CorpusCard) -> Table:
    """Return the sizes of the splits."""
    total = sum(size.examples for size in corpus.splits.values())
    rows = {
        split: {
            "examples": size.examples,
            "share": size.examples / total,
            "occurrences": size.occurrences,
            "sources": size.sources,
            "classes under test": size.groups,
            "tests": size.tests,
            "focal methods": size.focal_methods,
        }
        for split, size in corpus.splits.items()
    }
    return _table("splits", "Splits: their examples and what these come from", "split", rows, ["share"])


def leakage_table(corpus: CorpusCard) -> Table:
    """Return the shares of the leakage audit with their bounds."""
    audit = corpus.audit
    titles = {
        "text": "equal test and assertion",
        "unit": "shared class" if corpus.split.by == "class" else "shared source",
        "near": f"near duplicate, similarity ≥ {audit.near_threshold:g}",
        "focal_method": "equal focal method",
    }
    rows: dict[str, dict[str, Value]] = {}
    for name, title in titles.items():
        if name in corpus.leakage:
            bound = audit.bounds.get(name)
            rows[title] = {
                "share of test rows": corpus.leakage[name],
                "rows audited": audit.rows[name],
                "bound": bound,
                "verdict": "reported only" if bound is None else "passed",
            }
    caption = "Leakage: test rows that have this in common with train or validation"
    return _table("leakage", caption, "what", rows, ["share of test rows", "bound"])


def length_table(name: str, tokens: Mapping[str, Mapping[str, Mapping[str, float]]], caption: str) -> Table:
    """Return the quantiles of lengths.

    Args:
        name: Begins the id of the table.
        tokens: Split: text: quantile: length.
        caption: Caption of the table.
    """
    rows = {
        f"{text.replace('_', ' ')}, {split}": {
            quantile: round(length) for quantile, length in texts[text].items()
        }
        for text in tokens[SPLITS[0]]
        for split, texts in tokens.items()
    }
    return _table(f"{name}-lengths", caption, "text", rows)


def value_table(name: str, values: Mapping[str, Mapping[str, int]], caption: str, corner: str) -> Table:
    """Return how often each value stands in each split, the frequent ones first, the rare ones as one row.

    Args:
        name: Begins the id of the table.
        values: Split: value: number of examples.
        caption: Begins the caption of the table.
        corner: What a value is.
    """
    totals = sum((Counter(counts) for counts in values.values()), Counter[str]())
    ordered = [value for value, _ in totals.most_common()]
    rows = {
        value: {split: counts.get(value, 0) for split, counts in values.items()} for value in ordered[:VALUES]
    }
    if rest := ordered[VALUES:]:
        rows[f"{len(rest)} others"] = {
            split: sum(counts.get(value, 0) for value in rest) for split, counts in values.items()
        }
    return _table(name, f"{caption}, examples by split", corner, rows)


def _table(name: str, caption: str, corner: str, rows: Rows, shares: Sequence[str] = ()) -> Table:
    """Return a table.

    Args:
        name: Begins its id.
        caption: Caption of the table.
        corner: Heading of the rows' names.
        rows: Values by row and column; a missing one is a dash.
        shares: Columns of shares, which are written in percent.
    """
    columns = _columns(rows)
    cells = [
        [Cell(str(row)), *(_cell(values.get(column), column in shares) for column in columns)]
        for row, values in rows.items()
    ]
    return Table(f"{name}-table", caption, [Heading(corner), *map(Heading, columns)], cells)


def _columns(rows: Rows) -> list[str]:
    return list(dict.fromkeys(column for values in rows.values() for column in values))


def _cell(value: Value, is_share: bool) -> Cell:
    if value is None:
        return Cell(MISSING)
    if isinstance(value, str):
        return Cell(value)
    if is_share:
        return Cell(f"{value:.2%}", sort=value)
    return Cell(f"{value:,}" if isinstance(value, int) else f"{value:,.1f}", sort=value)
