"""Compile rate: the first prediction of every row, put back into its test file and compiled there."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from kdlib.evaluation.outputs import Row, read_output, read_rows
from kdlib.execution.placement import Place, as_javac_reads, read_place
from kdlib.files import DataError, read_examples, read_json, write_json
from kdlib.java.compiler import Jdk, compile_each, compile_files, find_jdk
from kdlib.java.validity import is_statement

# It names modules that are no jars here, and would keep tests from the classes that are.
_LEFT_OUT = "module-info.java"


class Folder(NamedTuple):
    """A source that can be compiled: its folder and the Java files in it."""

    root: Path
    files: Sequence[Path]


class Outcome(NamedTuple):
    """What compiles: why rows do not count, and (id, text) of the predictions that compile."""

    refused: dict[str, str]
    good: set[tuple[str, str]]


def compile_rates(
    models: Mapping[str, Path],
    examples: Path,
    test: Path,
    folders: Mapping[str, Folder],
    jars: Path | None,
    out: Path,
) -> None:
    """Find the first predictions that are one statement with which their test file compiles.

    A row counts if its test file compiles as it is, against the classes of its source and the jars.

    Args:
        models: Name: folder with ``predictions.jsonl``.
        examples: The corpus' examples (Parquet), which tell where each row stood.
        test: Dataset rows (Parquet).
        folders: Source: its folder; rows of other sources do not count.
        jars: JSON of the rule ``jars``: ``jars``, their paths, or ``reason``; not needed without a JDK.
        out: JSON to write: ``measured``; if not, ``reason``; else ``javac``, ``rows``,
            ``not_compilable`` ``[{"id", "reason"}]`` and ``models`` ``{name: {id: whether it compiles}}``.

    Raises:
        DataError: If a file is not the one that was mined, or predictions are not of the test rows.
    """
    rows = read_rows(test)
    texts = {
        name: [own[0] for own in read_output(name, folder, rows).candidates]
        for name, folder in models.items()
    }
    try:
        jdk = find_jdk()
        found = _jars(jars)
    except DataError as error:
        write_json(out, {"measured": False, "reason": str(error)})
        return
    places, refused = _places(rows, examples, folders)
    candidates = {(row.id, text) for own in texts.values() for row, text in zip(rows, own, strict=True)}
    good: set[tuple[str, str]] = set()
    for source in sorted({place.source for place in places.values()}):
        own = {key: place for key, place in places.items() if place.source == source}
        outcome = _compile_source(jdk, folders[source], found, own, candidates)
        refused |= outcome.refused
        good |= outcome.good
    write_json(out, _report(rows, texts, refused, good, jdk))


def _jars(listing: Path | None) -> list[Path]:
    found = read_json(listing) if listing else {"jars": []}
    if "reason" in found:
        raise DataError(f"no jars of JUnit: {found['reason']}")
    return [Path(path) for path in found["jars"]]


def _places(
    rows: Sequence[Row], examples: Path, folders: Mapping[str, Folder]
) -> tuple[dict[str, Place], dict[str, str]]:
    """Return the place of each row that has one in a folder, and why the others have none."""
    known = {example.id: example.occurrences for example in read_examples(examples)}
    places, refused = {}, {}
    for row in rows:
        if row.id not in known:
            raise DataError(f"{examples}: no example {row.id!r}; make the dataset again from this corpus")
        inside = [where for where in known[row.id] if where.source in folders]
        if inside:
            places[row.id] = read_place(inside[0], folders[inside[0].source].root)
        else:
            sources = sorted({where.source for where in known[row.id]})
            refused[row.id] = f"its source is no folder: {', '.join(sources) or 'none'}"
    return places, refused


def _compile_source(
    jdk: Jdk,
    folder: Folder,
    jars: Sequence[Path],
    places: Mapping[str, Place],
    candidates: set[tuple[str, str]],
) -> Outcome:
    """Compile a source, then the files of its rows: as they are, and with each candidate."""
    files = [path for path in folder.files if path.name != _LEFT_OUT]
    statements = sorted(
        (key, text) for key, text in candidates if key in places and is_statement(as_javac_reads(text))
    )
    originals = [place.original() for place in places.values()]
    changed = [places[key].with_statement(text) for key, text in statements]
    with tempfile.TemporaryDirectory(prefix="kdlib-compile-") as temporary:
        classes = Path(temporary, "classes")
        if error := compile_files(jdk, files, jars, classes):
            return Outcome(dict.fromkeys(places, f"its source does not compile: {error}"), set())
        # Many rows share a file, and models often agree.
        distinct = list(dict.fromkeys([*originals, *changed]))
        errors = dict(zip(distinct, compile_each(jdk, distinct, [*jars, classes]), strict=True))
    refused = {
        key: f"its test file does not compile: {errors[original]}"
        for key, original in zip(places, originals, strict=True)
        if errors[original] is not None
    }
    compiled = {pair for pair, file in zip(statements, changed, strict=True) if errors[file] is None}
    return Outcome(refused, {(key, text) for key, text in compiled if key not in refused})


def _report(
    rows: Sequence[Row],
    texts: Mapping[str, Sequence[str]],
    refused: Mapping[str, str],
    good: set[tuple[str, str]],
    jdk: Jdk,
) -> dict[str, Any]:
    if len(refused) == len(rows):
        reason = refused[rows[0].id]
        return {"measured": False, "reason": f"no test row can be compiled; of the first, {reason}"}
    return {
        "measured": True,
        "javac": jdk.version,
        "rows": len(rows),
        "not_compilable": [{"id": row.id, "reason": refused[row.id]} for row in rows if row.id in refused],
        "models": {
            name: {
                row.id: (row.id, text) in good
                for row, text in zip(rows, own, strict=True)
                if row.id not in refused
            }
            for name, own in texts.items()
        },
    }
