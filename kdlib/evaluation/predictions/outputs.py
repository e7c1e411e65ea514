"""What scoring reads: the test rows, and a model's predictions and likelihoods on exactly these rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from kdlib.files import DataError, read_json, read_parquet, read_predictions

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Row(NamedTuple):
    """A test row: its id, correct answers, and tokens of the gold target with EOS."""

    id: str
    references: tuple[str, ...]
    tokens: int


@dataclass(frozen=True, slots=True)
class Output:
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


class Outcome(NamedTuple):
    """What became of a statement in its test.

    Attributes:
        status: not_compiled, passed, failed, timed_out or crashed.
        message: First line that says why.
        tautology: Why it cannot fail, or None.
        killed: Mutants of the focal method that it kills.
        mutants: How many it was tried on; 0 if it did not pass or there are none.
    """

    status: str
    message: str
    tautology: str | None
    killed: int
    mutants: int


@dataclass(frozen=True, slots=True)
class Executed:
    """What the first predictions did in their tests.

    Attributes:
        ids: The rows whose own assertion passes, in the order of the test rows; empty if nothing ran.
        reference: Row: what its own assertion did.
        models: Model: row: what its prediction did.
        signature: How it was run.
        missing: What was not measured, and why: entries of ``not_measured`` in evaluation_metrics.json.
    """

    ids: list[str]
    reference: dict[str, Outcome]
    models: dict[str, dict[str, Outcome]]
    signature: str
    missing: list[dict[str, str]]


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
    missing: list[dict[str, str]]


def read_rows(test: Path) -> list[Row]:
    """Read the test rows of a dataset; none is a ``DataError``."""
    table = read_parquet(test, ["id", "target", "target_ids"]).to_pylist()
    if not table:
        raise DataError(f"{test}: no test rows to score; raise split.test or add corpus sources")
    return [Row(row["id"], (row["target"],), len(row["target_ids"])) for row in table]


def read_output(name: str, folder: Path, rows: Sequence[Row]) -> Output:
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
    return Output(
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
        own = ranked.setdefault(prediction.id, {})
        if prediction.rank in own or not isinstance(prediction.text, str):
            raise DataError(
                f"{path}: rank {prediction.rank!r} of {prediction.id!r} is there twice or its text is no "
                "string; make the predictions again"
            )
        # JSON may escape half a surrogate pair, which no file of ours could hold.
        own[prediction.rank] = prediction.text.encode(errors="replace").decode()
    _check_ids(name, path, ranked, ids)
    for key, own in ranked.items():
        if sorted(own) != list(range(1, len(own) + 1)):
            raise DataError(f"{path}: the ranks of {key!r} must run from 1 without gaps, got {sorted(own)}")
    return {key: [own[rank] for rank in sorted(own)] for key, own in ranked.items()}


def read_executed(path: Path, models: Iterable[str], rows: Sequence[Row]) -> Executed:
    """Read what ``run.execute`` wrote.

    Args:
        path: Its JSON.
        models: Names of the models.
        rows: The test rows.

    Raises:
        DataError: If it is not of these models and rows.
    """
    found: dict[str, Any] = read_json(path)
    if not found["measured"]:
        return Executed([], {}, {}, "", [{"what": "execution", "reason": found["reason"]}])
    left = {entry["id"]: entry["reason"] for entry in found["not_executable"]}
    ids = [row.id for row in rows if row.id not in left]
    expected = {name: set(ids) for name in models}
    if found["rows"] != len(rows) or {name: set(own) for name, own in found["models"].items()} != expected:
        raise DataError(f"{path}: not of these models and test rows; delete it and run again")
    missing = []
    if left:
        reasons = Counter(reason.partition(":")[0] for reason in left.values())
        why = "; ".join(f"{count} {reason}" for reason, count in reasons.most_common(3))
        missing.append({"what": f"execution of {len(left)} of {len(rows)} rows", "reason": why})
    return Executed(
        ids,
        {key: _outcome(own) for key, own in found["reference"].items()},
        {
            name: {key: _outcome(own) for key, own in entries.items()}
            for name, entries in found["models"].items()
        },
        f"v:1|javac:{found['javac']}|sandbox:{found['sandbox']}",
        missing,
    )


def _outcome(entry: Mapping[str, Any]) -> Outcome:
    told = entry["status"], entry["message"], entry["tautology"]
    return Outcome(*told, entry["killed"] or 0, entry["mutants"] or 0)


def read_similarity(path: Path, report: Path, models: Iterable[str], rows: Sequence[Row]) -> Similarity:
    """Read what ``similarity.similarities`` wrote.

    Args:
        path: Its values (Parquet).
        report: Its JSON.
        models: Names of the models.
        rows: The test rows.

    Raises:
        DataError: If it is not of these models and rows.
    """
    told: dict[str, Any] = read_json(report)
    if not told["measured"]:
        return Similarity({}, "", [{"what": "semantic similarity", "reason": told["reason"]}])
    found: dict[str, dict[str, float]] = {}
    for row in read_parquet(path, ["model", "id", "value"]).to_pylist():
        found.setdefault(row["model"], {})[row["id"]] = row["value"]
    for name in models:
        _check_ids(name, path, found.get(name, {}), [row.id for row in rows])
    values = {name: [found[name][row.id] for row in rows] for name in models}
    return Similarity(values, told["signature"], [])


def _read_sums(
    name: str, path: Path, rows: Sequence[Row], columns: Sequence[str]
) -> NDArray[np.float64] | None:
    """Return ``[rows, columns]`` of sums over the tokens of each target, or None where there is no file."""
    import numpy as np

    if not path.exists():
        return None
    found = {row["id"]: row for row in read_parquet(path, ["id", *columns]).to_pylist()}
    _check_ids(name, path, found, [row.id for row in rows])
    for row in rows:
        own = found[row.id]
        if own["tokens"] != row.tokens or not np.isfinite([own[column] for column in columns]).all():
            raise DataError(
                f"{path}: {name} has {own[columns[0]]} nats over {own['tokens']} tokens for {row.id!r}, "
                f"whose target has {row.tokens} tokens; evaluate the model again on this dataset"
            )
    return np.array([[found[row.id][column] for column in columns] for row in rows], dtype=np.float64)


def _check_ids(name: str, path: Path, found: Mapping[str, object], ids: Sequence[str]) -> None:
    wanted = set(ids)
    missing, foreign = sorted(wanted - found.keys()), sorted(found.keys() - wanted)
    if missing or foreign:
        raise DataError(
            f"{path}: {name} must have exactly the {len(wanted)} test ids; missing {len(missing)} "
            f"{missing[:3]}, not in the test rows {len(foreign)} {foreign[:3]}; "
            "evaluate the model again on this dataset"
        )
