"""What two runs have different: rows, configuration, numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from kdlib.provenance.changes import ABSENT, flat
from kdlib.results.evaluation import Score
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
        better: Whether the second is better; None where its direction is not known.
        overlap: Whether the two intervals overlap.
        alike: Whether both were measured in the same way, by the signatures.
    """

    model: str
    metric: str
    a: Score
    b: Score
    better: bool | None
    overlap: bool
    alike: bool

    @property
    def delta(self) -> float:
        """Second value less first."""
        return self.b.value - self.a.value


def not_comparable(a: Run, b: Run) -> list[str]:
    """Return why numbers of two runs are not comparable, a sentence each; nothing if they are."""
    found = []
    rows_a = a.evaluated_rows()
    rows_b = b.evaluated_rows()
    of, other = (run.evaluated().rows_of for run in (a, b))
    if of != other:
        found.append(f"different splits: evaluated on {of} and on {other}")
    elif rows_a is None or rows_b is None:
        lacking = " and ".join(str(run.folder) for run, rows in ((a, rows_a), (b, rows_b)) if rows is None)
        found.append(f"whether the {of} rows are the same is not known: no dataset/{of}.parquet in {lacking}")
    elif rows_a != rows_b:
        common = len(rows_a & rows_b)
        found.append(
            f"different {of} rows: {len(rows_a):,} and {len(rows_b):,}, {common:,} of them in common"
        )
    sources = [run.sources() for run in (a, b)]
    if sources[0] != sources[1]:
        names = [", ".join(of_run) if of_run else "unknown" for of_run in sources]
        found.append(f"different corpora: {names[0]} | {names[1]}")
    splits = [run.evaluated().split for run in (a, b)]
    if splits[0] != splits[1]:
        found.append(f"different splits: by {splits[0]} and by {splits[1]}")
    return found


def changed_keys(a: Run, b: Run) -> list[Changed] | None:
    """Return the keys of the configuration that differ; None if a run has no manifest."""
    if a.manifest is None or b.manifest is None:
        return None
    old = dict(flat(a.manifest["config"]))
    new = dict(flat(b.manifest["config"]))
    return [
        Changed(key, old.get(key, ABSENT), new.get(key, ABSENT))
        for key in sorted(old.keys() | new.keys())
        if old.get(key, ABSENT) != new.get(key, ABSENT)
    ]


def moved_metrics(a: Run, b: Run) -> Iterator[Moved]:
    """Yield the metrics of models in both runs whose values differ."""
    old = a.evaluated()
    new = b.evaluated()
    for model, scores in new.models.items():
        for metric, score in scores.items():
            before = old.models.get(model, {}).get(metric)
            if before is None or before.value == score.value:
                continue
            known = metric in new.metrics
            yield Moved(
                model,
                metric,
                before,
                score,
                better=(score.value > before.value) == new.higher_is_better(metric) if known else None,
                overlap=before.low <= score.high and score.low <= before.high,
                alike=_measure(before.signature) == _measure(score.signature),
            )


def only_in(a: Run, b: Run) -> list[str]:
    """Return the models that the first run has and the second has not."""
    theirs = b.evaluated().models
    return [model for model in a.evaluated().models if model not in theirs]


def _measure(signature: str) -> str:
    """Return the part of a signature that says how a row is read, without rows and resampling."""
    return signature.partition("|n:")[0]
