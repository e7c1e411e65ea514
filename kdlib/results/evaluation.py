"""Schema of ``evaluation_metrics.json``: scores, comparisons, slices and seeds of the models of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import with_config

from kdlib.files import write_json
from kdlib.results.schema import STRICT, read, without_none

METRICS_FILE = "evaluation_metrics.json"


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class Score:
    """A metric's value with what is needed to trace it and to compute it again.

    Attributes:
        value: Mean, rate or corpus score over the rows.
        low: Lower end of the bootstrap interval.
        high: Upper end of the bootstrap interval.
        n: Number of rows.
        signature: How it was computed: metric, version, normalisation, resamples, seed.
    """

    value: float
    low: float
    high: float
    n: int
    signature: str


# Model: metric: score.
ModelScores = Mapping[str, Mapping[str, Score]]


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class MetricInfo:
    """What a metric is.

    Attributes:
        higher_is_better: Direction.
        description: One sentence.
    """

    higher_is_better: bool
    description: str


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class Comparison:
    """A paired comparison of two systems on one metric.

    Attributes:
        a: First system.
        b: Second system.
        metric: Name of the metric.
        family: Comparisons of one family and metric are corrected together.
        difference: Value of ``a`` − value of ``b``.
        low: Lower end of the paired bootstrap interval of the difference.
        high: Upper end of that interval.
        p: Two-sided p-value of approximate randomisation.
        n: Number of rows.
        signature: How it was computed.
        p_holm: ``p`` after Holm's correction within its family and metric.
    """

    a: str
    b: str
    metric: str
    family: str
    difference: float
    low: float
    high: float
    p: float
    n: int
    signature: str
    p_holm: float


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class SeedSpread:
    """A metric over models that differ in nothing but their seed.

    Attributes:
        mean: Arithmetic mean.
        deviation: Sample standard deviation (n − 1); None for a single model.
        number: Number of models.
        values: The value of each model.
    """

    mean: float
    deviation: float | None
    number: int
    values: Sequence[float]


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class SeedGroup:
    """Models that differ in nothing but their seed.

    Attributes:
        models: Their names.
        metrics: Metric: its spread over them.
    """

    models: Sequence[str]
    metrics: Mapping[str, SeedSpread]


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class SliceScore:
    """Scores on one part of a slice of the rows.

    Attributes:
        value: What the rows of the part have in common, e.g. ``assertEquals``.
        n: Number of rows.
        models: Model: metric: score.
    """

    value: str
    n: int
    models: ModelScores


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class NotMeasured:
    """Something that has no number in a run.

    Attributes:
        what: What was not measured.
        reason: Why.
    """

    what: str
    reason: str


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class EvaluationReport:
    """The content of ``evaluation_metrics.json``.

    Attributes:
        rows: Number of rows that were scored.
        split: How the rows were split off, e.g. ``class``.
        metrics: Metric: what it is, in the order of the tables.
        models: Model: metric: score.
        comparisons: Paired comparisons.
        seeds: Groups of models that differ in nothing but their seed.
        slices: Slice: its parts, largest first.
        not_measured: What has no number.
        reference: Metric: score of the rows' own assertions; None where code is never run.
        rows_of: Split of the rows: ``validation``, ``test``, or ``unknown`` of a file from elsewhere.
    """

    rows: int
    split: str
    metrics: Mapping[str, MetricInfo]
    models: ModelScores
    comparisons: Sequence[Comparison]
    seeds: Sequence[SeedGroup]
    slices: Mapping[str, Sequence[SliceScore]]
    not_measured: Sequence[NotMeasured] = ()
    reference: Mapping[str, Score] | None = None
    rows_of: str = "test"

    def higher_is_better(self, metric: str) -> bool:
        """Return the direction of a metric."""
        return self.metrics[metric].higher_is_better

    def comparison(self, a: str, b: str, metric: str) -> Comparison | None:
        """Return the paired comparison a − b, or None if the run does not have it."""
        wanted = (a, b, metric)
        found = (pair for pair in self.comparisons if (pair.a, pair.b, pair.metric) == wanted)
        return next(found, None)

    def as_json(self) -> dict[str, Any]:
        """Return the content of the file; ``reference`` is left out if it is None."""
        return without_none(asdict(self), "reference")


def read_evaluation(path: Path) -> EvaluationReport:
    """Read ``evaluation_metrics.json``; a file that does not fit the schema is a ``DataError``."""
    return read(path, EvaluationReport)


def write_evaluation(path: Path, report: EvaluationReport) -> None:
    """Write ``evaluation_metrics.json``."""
    write_json(path, report.as_json())
