"""One corpus out of mined sources: merged, divided, cleaned of copies, audited, described."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kdlib import config
from kdlib.corpus.card import card as describe
from kdlib.corpus.deduplicate import merge, remove_from_train
from kdlib.corpus.leakage import audit
from kdlib.corpus.split import assign, assign_units, at_home, check_not_empty
from kdlib.files import DataError, read_examples, read_json, write_examples, write_json, write_parquet
from kdlib.records import SPLITS, Example, Split

if TYPE_CHECKING:
    import pyarrow as pa


def assemble(
    mined: Sequence[Path],
    reports: Sequence[Path],
    split: config.Split,
    examples: Path,
    splits: Path,
    card: Path,
) -> None:
    """Merge mined examples, divide them, remove from train what test knows, audit, and write the corpus.

    Args:
        mined: Parquet files of examples, one per source.
        reports: Their mining reports, in the same order.
        split: How to divide.
        examples: Parquet file of the examples that stay, in order of ids.
        splits: Parquet file of (id, split), in the same order.
        card: JSON file of counts, lengths, leakage and sources.

    Raises:
        DataError: If there is no example, a split is empty, or test leaks into train or validation.
    """
    sources = [read_json(path) for path in reports]
    found = [example for path in mined for example in read_examples(path)]
    if not found:
        names = ", ".join(f"{source['source']} ({source['files']} files)" for source in sources)
        raise DataError(
            f"no examples in {names}: no test of theirs calls a method of the project; add a source"
        )
    distinct = merge(found)
    split_of, units = assign(distinct, split), assign_units(distinct, split)
    housed = [at_home(example, split_of[example.id], units, split) for example in distinct]
    kept, removed = remove_from_train(housed, split_of, split.by)
    check_not_empty(Counter(split_of[example.id] for example in kept), split, len(units))
    leakage = audit(kept, split_of, split)
    counts = {
        "assertions": sum(source["assertions"] for source in sources),
        "with_focal_method": len(found),
        "distinct": len(distinct),
        **{f"removed_from_{name}": dict(removed[name]) for name in SPLITS if removed[name]},
        "kept": len(kept),
    }
    write_examples(examples, kept)
    write_parquet(splits, _table(kept, split_of))
    write_json(card, describe(sources, split, kept, split_of, counts, leakage))


def _table(kept: Sequence[Example], split_of: Mapping[str, Split]) -> pa.Table:
    import pyarrow as pa

    columns = {"id": [example.id for example in kept], "split": [split_of[example.id] for example in kept]}
    return pa.table(columns, schema=pa.schema([("id", pa.string()), ("split", pa.string())]))
