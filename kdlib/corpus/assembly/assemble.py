"""One corpus out of mined sources: merged, divided, cleaned of copies, audited, described.

The mined files are read twice: once for what decides about an example, without its texts, and once to write
those that stay. So memory does not grow with the texts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kdlib import config
from kdlib.corpus.assembly.card import card as describe
from kdlib.corpus.assembly.card import chosen
from kdlib.corpus.assembly.deduplicate import Entry, merge, remove_from_train
from kdlib.corpus.assembly.leakage import audit
from kdlib.corpus.assembly.split import assign, assign_units, at_home, check_not_empty
from kdlib.files import (
    DataError,
    atomic,
    iter_examples,
    read_json,
    write_examples,
    write_json,
    write_parquet,
)
from kdlib.records import SPLITS, Example, Split

if TYPE_CHECKING:
    import pyarrow as pa


def assemble(
    mined: Sequence[Path],
    reports: Sequence[Path],
    split: config.Split,
    filters: config.Filters,
    examples: Path,
    splits: Path,
    card: Path,
) -> None:
    """Merge mined examples, divide them, remove from train what test knows, audit, and write the corpus.

    Args:
        mined: Parquet files of examples, one per source.
        reports: Their mining reports, in the same order.
        split: Unit, shares and seed of the split.
        filters: Filters; only that of near duplicates is applied here.
        examples: Parquet file of the examples that stay, in the order in which they were mined first.
        splits: Parquet file of (id, split), in the same order.
        card: JSON file of counts, lengths, leakage and sources.

    Raises:
        DataError: If there is no example, a split is empty, or test leaks into train or validation.
    """
    sources = [read_json(path) for path in reports]
    distinct = merge(_read(mined))
    if not distinct:
        names = ", ".join(f"{source['source']} ({source['files']} files)" for source in sources)
        raise DataError(
            f"no examples in {names}: no test of theirs calls a method of the project; add a source"
        )
    split_of = assign(distinct, split)
    units = assign_units(distinct, split)
    housed = [
        replace(entry, occurrences=tuple(at_home(entry.occurrences, split_of[entry.id], units, split)))
        for entry in distinct
    ]
    kept, removed = remove_from_train(housed, split_of, split.by, filters)
    check_not_empty(Counter(split_of[entry.id] for entry in kept), split, len(units))
    split_of = {entry.id: split_of[entry.id] for entry in kept}
    counts = _counts(sources, distinct, housed, kept, removed)
    with atomic(examples) as partial:
        write_examples(partial, _kept(mined, kept))
        found = audit(partial, split_of, split, filters)
        shown = _pick(partial, chosen(kept, split_of))
    write_parquet(splits, _table(split_of))
    write_json(card, describe(sources, split, filters, kept, split_of, counts, found, shown))


def _read(mined: Sequence[Path]) -> Iterator[Example]:
    for path in mined:
        yield from iter_examples(path)


def _kept(mined: Sequence[Path], kept: Sequence[Entry]) -> Iterator[Example]:
    """Yield the examples that stay, each where it first stands, with the occurrences of its entry."""
    left = {entry.id: entry.occurrences for entry in kept}
    for example in _read(mined):
        if (places := left.pop(example.id, None)) is not None:
            yield replace(example, occurrences=places)


def _pick(examples: Path, ids: Sequence[str]) -> list[Example]:
    found = {example.id: example for example in iter_examples(examples) if example.id in ids}
    return [found[key] for key in ids]


def _counts(
    sources: Sequence[Mapping[str, Any]],
    distinct: Sequence[Entry],
    housed: Sequence[Entry],
    kept: Sequence[Entry],
    removed: Mapping[Split, Counter[str]],
) -> dict[str, Any]:
    """Return the number of examples at each filter; ``occurrences_elsewhere`` are places, not examples."""
    filtered = sum((Counter(source["filtered"]) for source in sources), Counter[str]())
    places = sum(len(entry.occurrences) for entry in distinct)
    return {
        "assertions": sum(source["assertions"] for source in sources),
        "unresolved": sum(source["unresolved"] for source in sources),
        "filtered": dict(filtered.most_common()),
        "with_focal_method": sum(source["examples"] for source in sources),
        "distinct": len(distinct),
        "occurrences_elsewhere": places - sum(len(entry.occurrences) for entry in housed),
        **{f"removed_from_{name}": dict(removed[name].most_common()) for name in SPLITS if removed[name]},
        "kept": len(kept),
    }


def _table(split_of: Mapping[str, Split]) -> pa.Table:
    import pyarrow as pa

    columns = {"id": list(split_of), "split": list(split_of.values())}
    return pa.table(columns, schema=pa.schema([("id", pa.string()), ("split", pa.string())]))
