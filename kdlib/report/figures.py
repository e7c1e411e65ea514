"""Figures of the page as inline SVG that follows its colours, light or dark."""

from __future__ import annotations

import html
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from kdlib.report.curves import Curves, Line
from kdlib.report.wording import kind, label

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK = "#010203"  # becomes the page's text colour
# Colours of lines; each becomes the style sheet's --c0, --c1, …
COLOURS = ("#0072b2", "#c44e00", "#00805c", "#a8478a", "#8a6d00", "#5b4fc7", "#7a3b2e", "#4d4d4d")
DASHES = ("-", "--", "-.", ":")
MARKERS = "osD^vP*X"
STYLE: dict[Any, Any] = {  # matplotlib types its keys as a literal of all their names
    "svg.fonttype": "none",
    "svg.hashsalt": "kdlib",
    "text.parse_math": False,
    "font.size": 9,
    "figure.constrained_layout.hspace": 0.08,
    "axes.titlesize": 10,
    "axes.grid": True,
    "grid.alpha": 0.15,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "lines.linewidth": 1.4,
    **dict.fromkeys(
        ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color", "grid.color"), INK
    ),
}


@contextmanager
def style() -> Iterator[None]:
    """Draw with matplotlib's defaults and ours: a user's matplotlibrc must not change the page's bytes."""
    from matplotlib import rc_context, rcdefaults

    with rc_context():
        rcdefaults()
        with rc_context(STYLE):
            yield


def training_curves(model: str, curves: Curves) -> str:
    """Return losses, weights, temperature, learning rate and validation NLL of one run as SVG.

    Args:
        model: Name of the model.
        curves: Its lines.
    """
    from matplotlib.figure import Figure

    panels: list[tuple[str, dict[str, Line]]] = [
        ("component losses, raw", curves.raw),
        ("component losses, weighted", curves.weighted),
        ("weights", curves.weights),
        ("temperature", {"temperature": curves.temperature}),
        ("learning rate", {"learning rate": curves.learning_rate}),
        ("validation NLL, nats per token", {"validation NLL": curves.validation}),
    ]
    with style():
        figure = Figure(figsize=(11, 5.2), layout="constrained")
        for axes, (title, lines) in zip(figure.subplots(2, 3).flat, panels, strict=True):
            _draw(axes, lines)
            axes.set_title(title)
            # What a single line shows, the title may say already.
            if list(lines) != [title.partition(",")[0]]:
                axes.legend()
            axes.set_xlabel("optimiser step")
        return _svg(figure, f"Training curves of {model}: {', '.join(title for title, _ in panels)}")


def _draw(axes: Axes, lines: Mapping[str, Line]) -> None:
    for at, (name, line) in enumerate(lines.items()):
        colour, dash = COLOURS[at % len(COLOURS)], DASHES[at % len(DASHES)]
        # A line of few points, or one with gaps, would not be seen without marks.
        marker = "o" if len(line.x) <= 30 else ""
        axes.plot(line.x, line.y, dash, color=colour, marker=marker, markersize=3, label=name)


def size_scatter(scores: Mapping[str, Any], costs: Mapping[str, Any], metrics: list[str]) -> str:
    """Return quality against the number of parameters, a panel per metric, as SVG.

    Args:
        scores: Content of evaluation_metrics.json.
        costs: Model: content of its cost.json.
        metrics: Which panels.
    """
    from matplotlib.figure import Figure

    places = _places({name: costs[name]["parameters"] for name in scores["models"] if name in costs})
    with style():
        figure = Figure(figsize=(11, 4.2), layout="constrained")
        for axes, metric in zip(figure.subplots(1, len(metrics), squeeze=False).flat, metrics, strict=True):
            _points(axes, metric, places, scores)
            arrow = "↑" if scores["metrics"][metric]["higher_is_better"] else "↓"
            axes.set_title(f"{label(metric)} {arrow}")
            axes.set_xlabel("parameters")
            _size_axis(axes)
        handles = {name: handle for axes in figure.axes for handle, name in _labelled(axes)}
        figure.legend(list(handles.values()), list(handles), loc="outside lower center", ncols=4)
        return _svg(figure, f"{', '.join(label(name) for name in metrics)} against the number of parameters")


def _labelled(axes: Axes) -> Iterator[tuple[Any, str]]:
    return zip(*axes.get_legend_handles_labels(), strict=True)


def _points(axes: Axes, metric: str, places: Mapping[str, float], scores: Mapping[str, Any]) -> None:
    """Draw models with a size as points with intervals, baselines as level lines."""
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


def _places(sizes: Mapping[str, int]) -> dict[str, float]:
    """Return where models stand on the axis: those of equal size 6 % apart, so that none hides another."""
    groups, seen, places = Counter(sizes.values()), Counter[int](), {}
    for name, size in sizes.items():
        places[name] = size * 1.06 ** (seen[size] - (groups[size] - 1) / 2)
        seen[size] += 1
    return places


def _size_axis(axes: Axes) -> None:
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


def _svg(figure: Figure, title: str) -> str:
    """Return a figure as an SVG element that can stand beside others in a page.

    Matplotlib names things by their content or number, so ids get a prefix of the figure's title.
    """
    text = io.StringIO()
    none = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    figure.savefig(text, format="svg", transparent=True, metadata=none)
    svg = text.getvalue()
    svg = svg[svg.index("<svg") :]
    # A style element would style the whole page.
    svg = re.sub(r"<style.*?</style>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg))
    prefix = re.sub(r"\W+", "-", title.partition(":")[0]).lower()
    svg = re.sub(r'( id="|href="#|url\(#)', rf"\g<1>{prefix}-", svg)
    for name, colour in [("currentColor", INK), *((f"var(--c{at})", own) for at, own in enumerate(COLOURS))]:
        svg = svg.replace(colour, name)
    return svg.replace("<svg", f'<svg role="img" aria-label="{html.escape(title)}"', 1)
