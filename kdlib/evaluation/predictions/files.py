"""Predictions and references of any system, read from its files: lines, JSON lines or Parquet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from kdlib.evaluation.predictions.outputs import ranked_texts
from kdlib.evaluation.text.statistics import Answer
from kdlib.files import DataError, read_jsonl, read_parquet


class References(NamedTuple):
    """Correct answers by id; of a text file the ids are the numbers of its lines."""

    path: Path
    answers: Mapping[str, tuple[str, ...]]
    numbered: bool


def read_references(path: Path) -> References:
    """Read the correct answers.

    Args:
        path: Parquet with ``id`` and ``target`` (a dataset's ``test.parquet``) or ``references`` (a corpus'
            ``examples.parquet``), JSON lines with the same fields, or text with an assertion on every line.

    Raises:
        DataError: If there is no answer, or a row has no such field.
    """
    if path.suffix == ".parquet":
        columns = _columns(path)
        rows = read_parquet(path, ["id", columns]).to_pylist()
        answers = {row["id"]: _tuple(row[columns]) for row in rows}
    elif path.suffix == ".jsonl":
        answers = {}
        for number, row in enumerate(read_jsonl(path), 1):
            found = row.get("references", row.get("target"))
            if "id" not in row or not found:
                raise DataError(f"{path}:{number}: a reference has an id and a target or references")
            answers[row["id"]] = _tuple(found)
    else:
        answers = {str(number): (line,) for number, line in enumerate(_lines(path), 1)}
    if not answers:
        raise DataError(f"{path}: no references, so there is nothing to score against")
    return References(path, answers, path.suffix not in (".parquet", ".jsonl"))


def _columns(path: Path) -> str:
    import pyarrow.parquet as pq

    names = pq.read_schema(path).names
    for name in ("references", "target"):
        if name in names and "id" in names:
            return name
    raise DataError(f"{path}: needs the columns id and target or references, has {', '.join(names)}")


def _tuple(value: str | Sequence[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _lines(path: Path) -> list[str]:
    """Return the lines of a file as the systems that wrote them count: a line feed ends one, nothing else."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read as UTF-8 text: {error}") from None
    return text.removesuffix("\n").split("\n") if text else []


def read_answers(path: Path, references: References) -> list[Answer]:
    """Read a system's predictions and put each beside its references, in the references' order.

    Args:
        path: ``predictions.jsonl`` with id, rank, text and score, or text with an assertion on every line, in
            the order of the references; an empty line is an empty prediction.
        references: From ``read_references``.

    Raises:
        DataError: If the two are not about the same rows.
    """
    if path.suffix == ".jsonl":
        ranked = ranked_texts(path.stem, path, list(references.answers))
        return [Answer(ranked[key], correct) for key, correct in references.answers.items()]
    lines = _lines(path)
    if len(lines) != len(references.answers):
        raise DataError(
            f"{path} has {len(lines)} lines, {references.path} {len(references.answers)} references: a "
            "prediction that holds a line break takes several; write JSON lines with id, rank, text, score"
        )
    return [Answer([line], correct) for line, correct in zip(lines, references.answers.values(), strict=True)]
