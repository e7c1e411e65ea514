"""Which models no other beats in quality and cost at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from kdlib.report.wording import label, listed

COSTS = {
    "parameters": "parameters",
    "bytes": "bytes on disk",
    "latency_p50_seconds": "median latency, seconds",
    "peak_memory_mib": "peak memory, MiB",
}


class Point(NamedTuple):
    """A model: its cost, of which less is better, and its quality, of which more is."""

    name: str
    cost: float
    quality: float


def front(points: list[Point]) -> list[Point]:
    """Return the points that no other dominates, by rising cost.

    A point dominates another if it costs no more and is no worse, and is strictly better in one of the two;
    equal points are on the front together.
    """
    found: list[Point] = []
    for point in sorted(points, key=lambda own: (own.cost, -own.quality)):
        last = found[-1] if found else None
        if last is None or point.quality > last.quality or point[1:] == last[1:]:
            found.append(point)
    return found


def points(scores: Mapping[str, Any], costs: Mapping[str, Any], metric: str, cost: str) -> list[Point]:
    """Return the models that have both figures.

    Args:
        scores: Content of evaluation_metrics.json.
        costs: Model: content of its cost.json.
        metric: Name of a metric; where lower is better, quality is its negative.
        cost: Key of cost.json.
    """
    sign = 1 if scores["metrics"][metric]["higher_is_better"] else -1
    return [
        Point(name, costs[name][cost], sign * own[metric]["value"])
        for name, own in scores["models"].items()
        if metric in own and costs.get(name, {}).get(cost) is not None
    ]


def fronts(
    scores: Mapping[str, Any], costs: Mapping[str, Any], metrics: list[str], cost: str
) -> Iterator[str]:
    """Yield a sentence per metric that names the front, and who beats each of the others."""
    for metric in metrics:
        all_points = points(scores, costs, metric, cost)
        best = front(all_points)
        if not best:
            continue
        rest = [_beaten(point, best) for point in all_points if point not in best]
        beaten = f" Off the front: {listed(rest)}." if rest else ""
        yield f"{label(metric)}: {listed([point.name for point in best])}.{beaten}"


def _beaten(point: Point, best: list[Point]) -> str:
    by = [own.name for own in best if own.cost <= point.cost and own.quality >= point.quality]
    return f"{point.name} (beaten by {listed(by)})"
