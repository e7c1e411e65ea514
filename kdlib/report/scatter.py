"""Quality against cost, with the front of models that no other beats in both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from kdlib.report.figures import COLOURS, DASHES, as_svg, style
from kdlib.report.pareto import COSTS, Tradeoff, front, known_costs, points
from kdlib.report.wording import kind, label
from kdlib.results.cost import Cost
from kdlib.results.evaluation import EvaluationReport

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MARKERS = "osD^vP*X"
COLUMNS = 2


def cost_scatter(report: EvaluationReport, costs: Mapping[str, Cost], metrics: list[str], cost: str) -> str:
    """Return quality against a cost, a panel per metric, as SVG.

    Args:
        report: The evaluation.
        costs: Model: what it costs.
        metrics: A panel for each.
        cost: Field of ``Cost``, one of ``COSTS``.
    """
    from matplotlib.figure import Figure

    known = known_costs(costs, cost)
    places = _places({name: known[name] for name in report.models if known.get(name)})
    rows = -(-len(metrics) // COLUMNS)
    columns = min(len(metrics), COLUMNS)
    with style():
        figure = Figure(figsize=(11, 0.6 + 3.1 * rows), layout="constrained")
        panels = list(figure.subplots(rows, columns, squeeze=False).flat)
        for axes in panels[len(metrics) :]:
            axes.set_axis_off()
        for axes, metric in zip(panels, metrics, strict=False):
            up = report.higher_is_better(metric)
            _draw_front(axes, front(points(report, costs, metric, cost)), 1 if up else -1)
            _points(axes, metric, places, report)
            arrow = "↑" if up else "↓"
            axes.set_title(f"{label(metric)} {arrow}")
            axes.set_xlabel(COSTS[cost])
            _cost_axis(axes)
        handles = {name: handle for axes in figure.axes for handle, name in _labelled(axes)}
        figure.legend(list(handles.values()), list(handles), loc="outside lower center", ncols=4)
        return as_svg(figure, f"{', '.join(label(name) for name in metrics)} against {COSTS[cost]}")


def _labelled(axes: Axes) -> Iterator[tuple[Any, str]]:
    return zip(*axes.get_legend_handles_labels(), strict=True)


def _draw_front(axes: Axes, best: list[Tradeoff], sign: int) -> None:
    """Draw what the best affordable model reaches at every cost, as a staircase.

    Args:
        axes: Panel.
        best: Models on the front, by rising cost.
        sign: 1 if the metric is the quality, −1 if it is its negative.
    """
    if not best:
        return
    x = [point.cost for point in best]
    y = [sign * point.quality for point in best]
    x.append(max(x) * 1.3)  # the best of all goes on to the right
    axes.plot(x, [*y, y[-1]], drawstyle="steps-post", color="#4d4d4d", linewidth=1, label="Pareto front")


def _points(axes: Axes, metric: str, places: Mapping[str, float], report: EvaluationReport) -> None:
    """Draw models with a cost as points with intervals, baselines as level lines."""
    for number, (name, scores) in enumerate(report.models.items()):
        colour = COLOURS[number % len(COLOURS)]
        if metric not in scores:
            continue
        score = scores[metric]
        if name in places:
            axes.plot([places[name]] * 2, [score.low, score.high], color=colour)
            marker = MARKERS[number % len(MARKERS)]
            axes.plot(places[name], score.value, marker=marker, color=colour, linestyle="none", label=name)
        elif kind(name) == "baseline":
            dash = DASHES[1 + number % 3]
            axes.axhline(score.value, linestyle=dash, linewidth=1, color=colour, label=name)


def _places(sizes: Mapping[str, float]) -> dict[str, float]:
    """Return where models stand on the axis: those of equal size 6 % apart, so that none hides another."""
    groups = Counter(sizes.values())
    seen = Counter[float]()
    places = {}
    for name, size in sizes.items():
        places[name] = size * 1.06 ** (seen[size] - (groups[size] - 1) / 2)
        seen[size] += 1
    return places


def _cost_axis(axes: Axes) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.set_xscale("log")
    axes.margins(x=0.15)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))
    axes.xaxis.set_minor_formatter(NullFormatter())


def short(count: float) -> str:
    """Return a count with its unit: ``20 k``, ``1.5 M``."""
    for unit, name in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if count >= unit:
            return f"{count / unit:g}{name}"
    return f"{count:g}"
