"""The stage that writes the task views of all sources: rows to train on, pairs of doc and code, a card."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TextIO

from kdlib import config
from kdlib.corpus.assembly.split import ORDER
from kdlib.corpus.views.document import Document, file_key, method_keys, read_document
from kdlib.corpus.views.placement import known_splits, place, units_of_file
from kdlib.corpus.views.pool import select, write_split
from kdlib.corpus.views.rows import LeftOut, fim_candidates, method_candidates
from kdlib.files import DataError, write_json
from kdlib.records import SPLITS, Split
from kdlib.sources.java_files import java_files
from kdlib.sources.pins import stated_licence
from kdlib.tasks.fim import FAMILIES


@dataclass(slots=True)
class Gathered:
    """What the files gave, beside the candidates on disk.

    Attributes:
        codes: Keys of all files and methods of each split.
        files: Number of files by split.
        read: Number of files by source.
        skipped: Number of files by source and reason.
        left_out: Number of candidates by task and reason.
    """

    codes: dict[Split, set[str]] = field(default_factory=lambda: {split: set() for split in SPLITS})
    files: Counter[Split] = field(default_factory=Counter)
    read: Counter[str] = field(default_factory=Counter)
    skipped: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    left_out: LeftOut = field(default_factory=Counter)

    def later(self, split: Split) -> set[str]:
        """Return the keys of the splits from which a split must know nothing."""
        return set[str]().union(*(self.codes[name] for name in ORDER[: ORDER.index(split)]))


def write_views(
    sources: Mapping[str, config.MinedSource],
    roots: Mapping[str, Path],
    examples: Path,
    splits: Path,
    views: config.Views,
    split: config.Split,
    filters: config.Filters,
    out: Mapping[str, Path],
    card: Path,
) -> None:
    """Write the views of all Java files, each in the split where the corpus has its classes.

    A file stands in the first of test, validation and train that one of its types stands in, else where the
    hash of its outermost type falls (``placement.place``). A row is removed from train or validation if
    the code of its file, or of a method that it is about, is also in a later split, sampled there or not; a
    middle is about the method around it and those inside it.

    Then the share: of a split's rows those of the task that has too many are left out, by the hash of their
    ids, until ``fim_share`` of the rest are fill-in-the-middle, to the nearest row. Spans, orders and texts
    of a file do not depend on other files; which of its rows the share leaves out does, at the threshold.

    Args:
        sources: Entries of the configuration by name, without imported ones.
        roots: Folders or archives of their files.
        examples: Parquet file of the corpus.
        splits: Parquet file of its splits.
        views: Sentinels, shares, limits and seed.
        split: Unit, shares and seed of the corpus split.
        filters: Filters of files.
        out: JSONL files ``train``, ``validation``, ``test`` and Parquet files ``pairs_train`` and so on.
        card: JSON file of counts.

    Raises:
        DataError: If the sentinels know no suffix-prefix-middle order but some rows should have it, or if
            one of two wanted tasks has no row in a split.
    """
    if views.spm_share and FAMILIES[views.sentinels].spm is None:
        raise DataError(
            f"views.spm_share is {views.spm_share}, but {views.sentinels} models know no other order than "
            "prefix-suffix-middle; set it to 0 or choose other sentinels"
        )
    known = known_splits(examples, splits, split.by)
    gathered = Gathered()
    with TemporaryDirectory() as folder:
        pools = {name: Path(folder, f"{name}.jsonl") for name in SPLITS}
        with ExitStack() as stack:
            files = {name: stack.enter_context(path.open("w")) for name, path in pools.items()}
            for name in sorted(sources):  # of equal files the first counts
                for document in _documents(name, sources[name], roots[name], filters, gathered):
                    home = place(units_of_file(document, split.by), known, split)
                    _gather(document, home, views, gathered, files[home])
        # All before the first is written: each may fail.
        selected = {name: select(pools[name], gathered.later(name), views) for name in SPLITS}
        parts = {
            name: write_split(pools[name], selected[name], out[name], out[f"pairs_{name}"]) for name in SPLITS
        }
    write_json(card, _card(views, split, gathered, parts))


def _documents(
    name: str, source: config.MinedSource, root: Path, filters: config.Filters, gathered: Gathered
) -> Iterator[Document]:
    """Yield the files of a source that have views; count the others."""
    licence = stated_licence(source)
    for java in java_files(root):
        gathered.read[name] += 1
        document = read_document(java, name, licence, filters)
        if isinstance(document, str):
            gathered.skipped[name][document] += 1
        else:
            yield document


def _gather(document: Document, home: Split, views: config.Views, gathered: Gathered, pool: TextIO) -> None:
    """Write the candidates of a file to the pool of its split, unless the split has an equal file."""
    key = file_key(document)
    codes = gathered.codes[home]
    if key in codes:
        gathered.skipped[document.source]["equal to another file of its split"] += 1
        return
    gathered.files[home] += 1
    codes.update([key, *method_keys(document)])
    for candidate in chain(
        fim_candidates(document, views, key, gathered.left_out),
        method_candidates(document, views, key, gathered.left_out),
    ):
        pool.write(json.dumps(asdict(candidate), ensure_ascii=False) + "\n")


def _card(
    views: config.Views, split: config.Split, gathered: Gathered, parts: Mapping[Split, dict[str, Any]]
) -> dict[str, Any]:
    left_out: dict[str, dict[str, int]] = defaultdict(dict)
    for (task, reason), count in sorted(gathered.left_out.items()):
        left_out[task][reason] = count
    return {
        "views": views.model_dump(),
        "split": split.by,
        "sources": {
            name: {"files": count, "skipped": dict(sorted(gathered.skipped[name].items()))}
            for name, count in gathered.read.items()
        },
        "left_out": left_out,
        "splits": {name: {"files": gathered.files[name], **part} for name, part in parts.items()},
    }
