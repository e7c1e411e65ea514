"""The dataset card: everything that is known about the data of a run, as JSON and as one page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from kdlib.config import Dataset
from kdlib.corpus.assembly.lengths import histogram, quantiles
from kdlib.files import atomic, read_json, read_parquet, write_json
from kdlib.records import SPLITS, Split
from kdlib.report.card_tables import (
    dataset_table,
    funnel_table,
    leakage_table,
    length_table,
    pin_table,
    skipped_table,
    source_table,
    split_table,
    value_table,
)
from kdlib.report.rendering import render as rendered
from kdlib.report.rendering import style_sheet
from kdlib.report.tables import Table
from kdlib.results.cards import DatasetCard
from kdlib.results.schema import parse

TEMPLATE = "card.html"
STYLE = "card.css"
LISTED = 200  # skipped files on the page; the JSON has all
_TEXTS = {"focal_method": "focal method", "masked_test": "masked test", "reference": "assertion"}


def write_card(
    run: str,
    corpus: Path,
    counts: Path,
    rows: Mapping[Split, Path],
    dataset: Dataset,
    card: Path,
    page: Path,
) -> None:
    """Write the dataset card of a run; equal inputs give equal bytes.

    Args:
        run: Name of the run.
        corpus: ``card.json`` of the corpus stage; it becomes the key ``corpus``.
        counts: ``counts.json`` of the dataset stage; its keys stay as they are.
        rows: Token rows (Parquet) by split; only their lengths are read.
        dataset: Lengths and limits of the dataset stage.
        card: JSON file to write.
        page: HTML file to write: no script, nothing from elsewhere.
    """
    lengths = {split: _lengths(rows[split]) for split in SPLITS}
    value = {
        "run": run,
        **read_json(counts),
        "dataset": dataset.model_dump(),
        "tokens": _each(lengths, quantiles),
        "histograms": _each(lengths, histogram),
        "corpus": read_json(corpus),
    }
    write_json(card, value)
    with atomic(page) as partial:
        partial.write_text(render(parse(value, DatasetCard, str(card))), encoding="utf-8")


def _lengths(rows: Path) -> dict[str, list[int]]:
    import pyarrow.compute as pc

    table = read_parquet(rows, ["source_ids", "target_ids"])
    columns = {"prompt": "source_ids", "target": "target_ids"}
    return {name: pc.list_value_length(table[column]).to_pylist() for name, column in columns.items()}


def _each(lengths: Mapping[Split, Mapping[str, list[int]]], summary: Any) -> dict[Split, Any]:  # noqa: ANN401
    return {
        split: {name: summary(numbers) for name, numbers in texts.items()} for split, texts in lengths.items()
    }


def render(card: DatasetCard) -> str:
    """Return the page of a card.

    Args:
        card: What ``write_card`` writes as JSON.
    """
    corpus = card.corpus
    return rendered(
        TEMPLATE,
        {
            "card": card,
            "corpus": corpus,
            "total": sum(size.examples for size in corpus.splits.values()),
            "listed": corpus.skipped[:LISTED],
            "tables": _tables(card),
            "charts": [
                *_charts(corpus.histograms, _TEXTS, "code tokens"),
                *_charts(card.histograms, {"prompt": "prompt", "target": "target"}, "model tokens"),
            ],
            "style": style_sheet(STYLE),
        },
    )


def _tables(card: DatasetCard) -> dict[str, Table]:
    corpus = card.corpus
    licences = "Licences of the tests' files"
    return {
        "sources": source_table(corpus),
        "pins": pin_table(corpus),
        "skipped": skipped_table(corpus),
        "funnel": funnel_table(corpus.counts),
        "dataset": dataset_table(card.rows()),
        "splits": split_table(corpus),
        "leakage": leakage_table(corpus),
        "code_lengths": length_table("code", corpus.tokens, "Lengths in code tokens, all examples"),
        "model_lengths": length_table("model", card.tokens, "Lengths in model tokens, rows"),
        "kinds": value_table("kinds", corpus.kinds, "Assertions", "assertion"),
        "frameworks": value_table("frameworks", corpus.frameworks, "Frameworks", "framework"),
        "reasons": value_table("reasons", corpus.reasons, "How the focal method was found", "reason"),
        "licences": value_table("licences", corpus.licences, licences, "licence"),
    }


def _charts(
    histograms: Mapping[str, Mapping[str, Mapping[str, int]]], texts: Mapping[str, str], unit: str
) -> Iterator[dict[str, Any]]:
    """Yield, for each text, the ranges and the share of each split in each of them, at most 1."""
    for name, title in texts.items():
        counts = {split: parts[name] for split, parts in histograms.items()}
        shares = {split: _shares(list(numbers.values())) for split, numbers in counts.items()}
        top = max(share for column in shares.values() for share in column)
        yield {
            "title": f"{title[0].upper()}{title[1:]}, {unit}",
            "ranges": list(counts[SPLITS[0]]),
            "shares": shares,
            "top": top,
        }


def _shares(counts: Sequence[int]) -> list[float]:
    return [count / sum(counts) for count in counts]
