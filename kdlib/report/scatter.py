"""Quality against cost, with the front of models that no other beats in both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from kdlib.report.figures import COLOURS, DASHES, as_svg, style
from kdlib.report.pareto import COSTS, front, points
from kdlib.report.wording import kind, label

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MARKERS = "osD^vP*X"
COLUMNS = 2


def cost_scatter(scores: Mapping[str, Any], costs: Mapping[str, Any], metrics: list[str], cost: str) -> str:
    """Return quality against a cost, a panel per metric, as SVG.

    Args:
        scores: Content of evaluation_metrics.json.
        costs: Model: content of its cost.json.
        metrics: Which panels.
        cost: Key of cost.json, one of ``COSTS``.
    """
    from matplotlib.figure import Figure

    sizes = {name: costs[name][cost] for name in scores["models"] if costs.get(name, {}).get(cost)}
    places = _places(sizes)
    rows, columns = -(-len(metrics) // COLUMNS), min(len(metrics), COLUMNS)
    with style():
        figure = Figure(figsize=(11, 0.6 + 3.1 * rows), layout="constrained")
        panels = list(figure.subplots(rows, columns, squeeze=False).flat)
        for axes in panels[len(metrics) :]:
            axes.set_axis_off()
        for axes, metric in zip(panels, metrics, strict=False):
            _draw_front(axes, metric, scores, costs, cost)
            _points(axes, metric, places, scores)
            arrow = "↑" if scores["metrics"][metric]["higher_is_better"] else "↓"
            axes.set_title(f"{label(metric)} {arrow}")
            axes.set_xlabel(COSTS[cost])
            _cost_axis(axes)
        handles = {name: handle for axes in figure.axes for handle, name in _labelled(axes)}
        figure.legend(list(handles.values()), list(handles), loc="outside lower center", ncols=4)
        return as_svg(figure, f"{', '.join(label(name) for name in metrics)} against {COSTS[cost]}")


def _labelled(axes: Axes) -> Iterator[tuple[Any, str]]:
    return zip(*axes.get_legend_handles_labels(), strict=True)


def _draw_front(
    axes: Axes, metric: str, scores: Mapping[str, Any], costs: Mapping[str, Any], cost: str
) -> None:
    """Draw what the best affordable model reaches at every cost, as a staircase."""
    best = front(points(scores, costs, metric, cost))
    if not best:
        return
    sign = 1 if scores["metrics"][metric]["higher_is_better"] else -1
    x, y = [own.cost for own in best], [sign * own.quality for own in best]
    x.append(max(x) * 1.3)  # the best of all goes on to the right
    axes.plot(x, [*y, y[-1]], drawstyle="steps-post", color="#4d4d4d", linewidth=1, label="Pareto front")


def _points(axes: Axes, metric: str, places: Mapping[str, float], scores: Mapping[str, Any]) -> None:
    """Draw models with a cost as points with intervals, baselines as level lines."""
    for at, (name, own) in enumerate(scores["models"].items()):
        colour = COLOURS[at % len(COLOURS)]
        if metric not in own:
            continue
        value, low, high = (own[metric][key] for key in ("value", "low", "high"))
        if name in places:
            axes.plot([places[name]] * 2, [low, high], color=colour)
            marker = MARKERS[at % len(MARKERS)]
            axes.plot(places[name], value, marker=marker, color=colour, linestyle="none", label=name)
        elif kind(name) == "baseline":
            axes.axhline(value, linestyle=DASHES[1 + at % 3], linewidth=1, color=colour, label=name)


def _places(sizes: Mapping[str, float]) -> dict[str, float]:
    """Return where models stand on the axis: those of equal size 6 % apart, so that none hides another."""
    groups, seen, places = Counter(sizes.values()), Counter[float](), {}
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
