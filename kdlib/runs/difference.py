"""What two runs have different: test rows, configuration, numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from kdlib.provenance.changes import ABSENT, flat
from kdlib.runs.run import Run


class Changed(NamedTuple):
    """A key of the configuration.

    Attributes:
        key: Dotted name.
        a: Its value in the first run, or ``absent``.
        b: Its value in the second.
    """

    key: str
    a: Any
    b: Any


class Moved(NamedTuple):
    """A metric of a model that both runs have.

    Attributes:
        model: E.g. ``students/ce``.
        metric: Its name.
        a: Score in the first run.
        b: Score in the second.
        better: Whether the second is better; None where the metric tells no direction.
        overlap: Whether the two intervals overlap.
        alike: Whether both were measured in the same way, by the signatures.
    """

    model: str
    metric: str
    a: dict[str, Any]
    b: dict[str, Any]
    better: bool | None
    overlap: bool
    alike: bool

    @property
    def delta(self) -> float:
        """Second value less first."""
        return float(self.b["value"] - self.a["value"])


def not_comparable(a: Run, b: Run) -> list[str]:
    """Return why numbers of two runs are not comparable, a sentence each; nothing if they are."""
    found = []
    rows_a, rows_b = a.test_rows(), b.test_rows()
    if rows_a is None or rows_b is None:
        lacking = " and ".join(str(run.folder) for run, own in ((a, rows_a), (b, rows_b)) if own is None)
        found.append(f"whether the test rows are the same is not known: no dataset/test.parquet in {lacking}")
    elif rows_a != rows_b:
        common = len(rows_a & rows_b)
        found.append(
            f"different test rows: {len(rows_a):,} and {len(rows_b):,}, {common:,} of them in common"
        )
    sources = [run.sources() for run in (a, b)]
    if sources[0] != sources[1]:
        told = [", ".join(own) if own else "unknown" for own in sources]
        found.append(f"different corpora: {told[0]} | {told[1]}")
    splits = [run.evaluated()["split"] for run in (a, b)]
    if splits[0] != splits[1]:
        found.append(f"different splits: by {splits[0]} and by {splits[1]}")
    return found


def changed_keys(a: Run, b: Run) -> list[Changed] | None:
    """Return the keys of the configuration that differ; None if a run does not tell its own."""
    if a.manifest is None or b.manifest is None:
        return None
    old, new = dict(flat(a.manifest["config"])), dict(flat(b.manifest["config"]))
    return [
        Changed(key, old.get(key, ABSENT), new.get(key, ABSENT))
        for key in sorted(old.keys() | new.keys())
        if old.get(key, ABSENT) != new.get(key, ABSENT)
    ]


def moved_metrics(a: Run, b: Run) -> Iterator[Moved]:
    """Yield the metrics of models in both runs whose values differ."""
    old, new = a.evaluated(), b.evaluated()
    for model, own in new["models"].items():
        for metric, score in own.items():
            before = old["models"].get(model, {}).get(metric)
            if before is None or before["value"] == score["value"]:
                continue
            higher = new["metrics"].get(metric, {}).get("higher_is_better")
            yield Moved(
                model,
                metric,
                before,
                score,
                None if higher is None else (score["value"] > before["value"]) == higher,
                before["low"] <= score["high"] and score["low"] <= before["high"],
                _measure(before["signature"]) == _measure(score["signature"]),
            )


def only_in(a: Run, b: Run) -> list[str]:
    """Return the models that the first run has and the second has not."""
    theirs = b.evaluated()["models"]
    return [model for model in a.evaluated()["models"] if model not in theirs]


def _measure(signature: str) -> str:
    """Return the part of a signature that tells how a row is read, without rows and resampling."""
    return signature.partition("|n:")[0]
