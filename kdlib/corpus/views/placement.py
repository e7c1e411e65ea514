"""In which split the files of a source stand: where the corpus has put their classes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from kdlib import config
from kdlib.corpus.assembly.split import ORDER, SplitUnit
from kdlib.corpus.views.document import Document
from kdlib.files import read_parquet
from kdlib.records import Split

_FIELDS = {"class": ("focal_class", "test_class", "group"), "project": ("source",), "row": ()}


def known_splits(examples: Path, splits: Path, by: SplitUnit) -> dict[str, Split]:
    """Return the split of every class or source that an example names, the first of test, validation, train.

    Args:
        examples: Parquet file of the corpus.
        splits: Parquet file of (id, split).
        by: Unit of the split; a row split names none.
    """
    import pyarrow.compute as pc

    table = read_parquet(examples, ["id", "occurrences"])
    assigned = read_parquet(splits)
    split_of: dict[str, Split] = dict(
        zip(assigned["id"].to_pylist(), assigned["split"].to_pylist(), strict=True)
    )
    places = table["occurrences"].combine_chunks()
    homes = [split_of[key] for key in table["id"].take(pc.list_parent_indices(places)).to_pylist()]
    known: dict[str, Split] = {}
    for field in _FIELDS[by]:
        units = pc.struct_field(pc.list_flatten(places), field).to_pylist()
        for unit, home in zip(units, homes, strict=True):
            if unit:
                known[unit] = min(known.get(unit, home), home, key=ORDER.index)
    return known


def units_of_file(document: Document, by: SplitUnit) -> list[str]:
    """Return the units that a file belongs to, the one whose hash counts first.

    These are its types by their full names, the outermost first; or its source; or the digest of its bytes.
    """
    if by == "project":
        return [document.source]
    if by == "row":
        return [hashlib.sha256(document.content).hexdigest()]
    return [document.full_name(declaration) for declaration in document.unit.types]


def place(units: Sequence[str], known: Mapping[str, Split], split: config.Split) -> Split:
    """Return the split of a file.

    If the corpus knows some of its units, it is the first of test, validation and train among theirs. Else
    sha256(seed:unit) of the first unit, as a fraction of its range, falls into the shares of test, validation
    and train in this order: the rule of ``assign_units`` without sizes, so that no file moves another.

    Args:
        units: Units of the file, at least one.
        known: Unit -> split.
        split: Shares and seed.
    """
    found = [known[unit] for unit in units if unit in known]
    if found:
        return min(found, key=ORDER.index)
    digest = hashlib.sha256(f"{split.seed}:{units[0]}".encode()).digest()
    fraction = int.from_bytes(digest[:8], "big") / 2**64
    if fraction < split.test:
        return "test"
    return "validation" if fraction < split.test + split.validation else "train"
