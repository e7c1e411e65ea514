"""What scoring reads: the rows of a split, and a model's predictions and likelihoods on exactly these."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from kdlib.files import DataError, read_parquet, read_predictions
from kdlib.results.evaluation import NotMeasured
from kdlib.results.measurements import (
    ExecutionReport,
    Outcome,
    Unmeasured,
    read_execution,
    read_similarity_report,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class ScoredRow(NamedTuple):
    """A test row: its id, correct answers, and tokens of the gold target with EOS."""

    id: str
    references: tuple[str, ...]
    tokens: int


@dataclass(frozen=True, slots=True)
class ModelOutput:
    """What a model's folder holds, in the order of the test rows.

    Attributes:
        candidates: N-best texts of each row.
        nll: ``[rows, 2]``, nats and tokens of each gold target, where the model has probabilities.
        agreement: ``[rows, 3]``, divergence from the teacher in nats, tokens, and tokens with the same most
            probable one, where the model is a student.
    """

    candidates: list[list[str]]
    nll: NDArray[np.float64] | None
    agreement: NDArray[np.float64] | None


@dataclass(frozen=True, slots=True)
class Executed:
    """What the first predictions did in their tests.

    Attributes:
        ids: The rows whose own assertion passes, in the order of the test rows; empty if nothing ran.
        reference: Row: what its own assertion did.
        models: Model: row: what its prediction did.
        faults: The rows with a fault that predictions were asked about.
        signature: How it was run.
        missing: What was not measured, and why: entries of ``not_measured`` in evaluation_metrics.json.
    """

    ids: list[str]
    reference: Mapping[str, Outcome]
    models: Mapping[str, Mapping[str, Outcome]]
    faults: Set[str]
    signature: str
    missing: list[NotMeasured]


@dataclass(frozen=True, slots=True)
class Similarity:
    """How near first predictions are to the references in meaning.

    Attributes:
        values: Model: a value in [0, 1] for every test row; empty if nothing was measured.
        signature: How a value is computed.
        missing: What was not measured, and why: entries of ``not_measured`` in evaluation_metrics.json.
    """

    values: dict[str, list[float]]
    signature: str
    missing: list[NotMeasured]


def read_rows(test: Path) -> list[ScoredRow]:
    """Read the rows of a dataset's split; none is a ``DataError``."""
    table = read_parquet(test, ["id", "target", "target_ids"]).to_pylist()
    if not table:
        raise DataError(f"{test}: no rows to score; raise split.{test.stem} or add corpus sources")
    return [ScoredRow(row["id"], (row["target"],), len(row["target_ids"])) for row in table]


def read_output(name: str, folder: Path, rows: Sequence[ScoredRow]) -> ModelOutput:
    """Read a model's folder in the order of the test rows.

    Args:
        name: The model's name, for messages.
        folder: Folder with ``predictions.jsonl`` and perhaps ``nll.parquet``.
        rows: The test rows.

    Raises:
        DataError: If a file does not hold exactly the test ids, ranks have gaps or repeat, or the gold
            targets were tokenised otherwise.
    """
    candidates = ranked_texts(name, folder / "predictions.jsonl", [row.id for row in rows])
    return ModelOutput(
        [candidates[row.id] for row in rows],
        _read_sums(name, folder / "nll.parquet", rows, ["nll", "tokens"]),
        _read_sums(name, folder / "agreement.parquet", rows, ["kl", "tokens", "top1"]),
    )


def ranked_texts(name: str, path: Path, ids: Sequence[str]) -> dict[str, list[str]]:
    """Read a file of predictions: by id the texts, best first.

    Args:
        name: The model's name, for messages.
        path: JSON lines with id, rank, text and score.
        ids: The rows that it must be about.

    Raises:
        DataError: If it does not hold exactly these ids, or ranks have gaps or repeat.
    """
    ranked: dict[str, dict[int, str]] = {}
    if not path.is_file():
        raise DataError(f"{name}: {path} does not exist; make the model's predictions first")
    for prediction in read_predictions(path):
        texts = ranked.setdefault(prediction.id, {})
        if prediction.rank in texts or not isinstance(prediction.text, str):
            raise DataError(
                f"{path}: rank {prediction.rank!r} of {prediction.id!r} is there twice or its text is no "
                "string; make the predictions again"
            )
        # JSON may escape half a surrogate pair, which no file of ours could hold.
        texts[prediction.rank] = prediction.text.encode(errors="replace").decode()
    _check_ids(name, path, ranked, ids)
    for key, texts in ranked.items():
        if sorted(texts) != list(range(1, len(texts) + 1)):
            raise DataError(f"{path}: the ranks of {key!r} must run from 1 without gaps, got {sorted(texts)}")
    return {key: [texts[rank] for rank in sorted(texts)] for key, texts in ranked.items()}


def read_executed(path: Path, models: Iterable[str], rows: Sequence[ScoredRow]) -> Executed:
    """Read what ``run.execute`` wrote.

    Args:
        path: Its JSON.
        models: Names of the models.
        rows: The test rows.

    Raises:
        DataError: If it is not of these models and rows.
    """
    report = read_execution(path)
    found = executed([row.id for row in rows], report)
    if isinstance(report, Unmeasured):
        return found
    expected = {name: set(found.ids) for name in models}
    if report.rows != len(rows) or {name: set(run) for name, run in report.models.items()} != expected:
        raise DataError(f"{path}: not of these models and test rows; delete it and run again")
    return found


def executed(ids: Sequence[str], report: ExecutionReport | Unmeasured) -> Executed:
    """Return what predictions did in their tests, in the order of the rows.

    Args:
        ids: Ids of the rows.
        report: What became of the predictions for these rows, or why nothing was run.
    """
    if isinstance(report, Unmeasured):
        return Executed([], {}, {}, frozenset(), "", [NotMeasured("execution", report.reason)])
    refused = {entry.id: entry.reason for entry in report.not_executable}
    return Executed(
        [key for key in ids if key not in refused],
        report.reference,
        report.models,
        report.faults.keys(),
        f"v:2|javac:{report.javac}|sandbox:{report.sandbox}",
        _missing(refused, len(ids)),
    )


def _missing(refused: Mapping[str, str], rows: int) -> list[NotMeasured]:
    """Return how many rows cannot be run, with the three most frequent reasons; nothing if all can."""
    if not refused:
        return []
    reasons = Counter(reason.partition(":")[0] for reason in refused.values())
    frequent = "; ".join(f"{count} {reason}" for reason, count in reasons.most_common(3))
    return [NotMeasured(f"execution of {len(refused)} of {rows} rows", frequent)]


def read_similarity(path: Path, report: Path, models: Iterable[str], rows: Sequence[ScoredRow]) -> Similarity:
    """Read what ``similarity.similarities`` wrote.

    Args:
        path: Its values (Parquet).
        report: Its JSON.
        models: Names of the models.
        rows: The test rows.

    Raises:
        DataError: If it is not of these models and rows.
    """
    summary = read_similarity_report(report)
    if isinstance(summary, Unmeasured):
        return Similarity({}, "", [NotMeasured("semantic similarity", summary.reason)])
    found: dict[str, dict[str, float]] = {}
    for row in read_parquet(path, ["model", "id", "value"]).to_pylist():
        found.setdefault(row["model"], {})[row["id"]] = row["value"]
    for name in models:
        _check_ids(name, path, found.get(name, {}), [row.id for row in rows])
    values = {name: [found[name][row.id] for row in rows] for name in models}
    return Similarity(values, summary.signature, [])


def _read_sums(
    name: str, path: Path, rows: Sequence[ScoredRow], columns: Sequence[str]
) -> NDArray[np.float64] | None:
    """Return ``[rows, columns]`` of sums over the tokens of each target, or None where there is no file."""
    import numpy as np

    if not path.exists():
        return None
    found = {row["id"]: row for row in read_parquet(path, ["id", *columns]).to_pylist()}
    _check_ids(name, path, found, [row.id for row in rows])
    for row in rows:
        sums = found[row.id]
        if sums["tokens"] != row.tokens or not np.isfinite([sums[column] for column in columns]).all():
            raise DataError(
                f"{path}: {name} has {sums[columns[0]]} nats over {sums['tokens']} tokens for {row.id!r}, "
                f"whose target has {row.tokens} tokens; evaluate the model again on this dataset"
            )
    return np.array([[found[row.id][column] for column in columns] for row in rows], dtype=np.float64)


def _check_ids(name: str, path: Path, found: Mapping[str, object], ids: Sequence[str]) -> None:
    wanted = set(ids)
    missing = sorted(wanted - found.keys())
    foreign = sorted(found.keys() - wanted)
    if missing or foreign:
        raise DataError(
            f"{path}: {name} must have exactly the {len(wanted)} test ids; missing {len(missing)} "
            f"{missing[:3]}, not in the test rows {len(foreign)} {foreign[:3]}; "
            "evaluate the model again on this dataset"
        )
