"""Which models no other beats in quality and cost at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from kdlib.report.wording import label, listed
from kdlib.results.cost import Cost
from kdlib.results.evaluation import EvaluationReport

COSTS = {
    "parameters": "parameters",
    "bytes": "bytes on disk",
    "latency_p50_seconds": "median latency, seconds",
    "peak_memory_mib": "peak memory, MiB",
}


class Tradeoff(NamedTuple):
    """A model: its cost, of which less is better, and its quality, of which more is."""

    name: str
    cost: float
    quality: float


def front(points: list[Tradeoff]) -> list[Tradeoff]:
    """Return the points that no other dominates, by rising cost.

    A point dominates another if it costs no more and is no worse, and is strictly better in one of the two;
    equal points are on the front together.
    """
    found: list[Tradeoff] = []
    for point in sorted(points, key=lambda point: (point.cost, -point.quality)):
        last = found[-1] if found else None
        if last is None or point.quality > last.quality or point[1:] == last[1:]:
            found.append(point)
    return found


def points(report: EvaluationReport, costs: Mapping[str, Cost], metric: str, cost: str) -> list[Tradeoff]:
    """Return the models that have both figures.

    Args:
        report: The evaluation.
        costs: Model: what it costs.
        metric: Name of a metric; where lower is better, quality is its negative.
        cost: Field of ``Cost``.
    """
    sign = 1 if report.higher_is_better(metric) else -1
    sizes = known_costs(costs, cost)
    return [
        Tradeoff(name, sizes[name], sign * scores[metric].value)
        for name, scores in report.models.items()
        if metric in scores and name in sizes
    ]


def known_costs(costs: Mapping[str, Cost], cost: str) -> dict[str, float]:
    """Return the models whose cost was measured, with that cost.

    Args:
        costs: Model: what it costs.
        cost: Field of ``Cost``.
    """
    found = {name: getattr(figures, cost) for name, figures in costs.items()}
    return {name: value for name, value in found.items() if value is not None}


def fronts(
    report: EvaluationReport, costs: Mapping[str, Cost], metrics: list[str], cost: str
) -> Iterator[str]:
    """Yield a sentence per metric that names the front, and who beats each of the others."""
    for metric in metrics:
        all_points = points(report, costs, metric, cost)
        best = front(all_points)
        if not best:
            continue
        rest = [_beaten(point, best) for point in all_points if point not in best]
        beaten = f" Off the front: {listed(rest)}." if rest else ""
        yield f"{label(metric)}: {listed([point.name for point in best])}.{beaten}"


def _beaten(point: Tradeoff, best: list[Tradeoff]) -> str:
    by = [other.name for other in best if other.cost <= point.cost and other.quality >= point.quality]
    return f"{point.name} (beaten by {listed(by)})"
