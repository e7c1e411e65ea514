"""Figures of the page as inline SVG that follows its colours, light or dark."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from kdlib.report.curves import Curves, Line

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK = "#010203"  # becomes the page's text colour
# Colours of lines; each becomes the style sheet's --c0, --c1, …
COLOURS = ("#0072b2", "#c44e00", "#00805c", "#a8478a", "#8a6d00", "#5b4fc7", "#7a3b2e", "#4d4d4d")
DASHES = ("-", "--", "-.", ":")
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
    """Return losses, weights, gradient shares, temperature, learning rate and validation NLL of a run as SVG.

    Args:
        model: Name of the model.
        curves: Its lines.
    """
    from matplotlib.figure import Figure

    panels: list[tuple[str, dict[str, Line]]] = [
        ("component losses, raw", curves.raw),
        ("component losses, weighted", curves.weighted),
        ("weights", curves.weights),
        ("shares of the gradient", curves.shares),
        ("temperature", {"temperature": curves.temperature}),
        ("learning rate", {"learning rate": curves.learning_rate}),
        ("validation NLL, nats per token", {"validation NLL": curves.validation}),
    ]
    # A single loss makes all of the gradient.
    panels = [(title, lines) for title, lines in panels if lines]
    with style():
        figure = Figure(figsize=(11, 5.2), layout="constrained")
        places = list(figure.subplots(2, (len(panels) + 1) // 2).flat)
        for axes in places[len(panels) :]:
            axes.set_axis_off()
        for axes, (title, lines) in zip(places, panels, strict=False):
            _draw(axes, lines)
            axes.set_title(title)
            # What a single line shows, the title may say already.
            if list(lines) != [title.partition(",")[0]]:
                axes.legend()
            axes.set_xlabel("optimiser step")
        return as_svg(figure, f"Training curves of {model}: {', '.join(title for title, _ in panels)}")


def _draw(axes: Axes, lines: Mapping[str, Line]) -> None:
    for at, (name, line) in enumerate(lines.items()):
        colour = COLOURS[at % len(COLOURS)]
        dash = DASHES[at % len(DASHES)]
        # A line of few points, or one with gaps, would not be seen without marks.
        marker = "o" if len(line.x) <= 30 else ""
        axes.plot(line.x, line.y, dash, color=colour, marker=marker, markersize=3, label=name)


def as_svg(figure: Figure, title: str) -> str:
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
    for name, colour in [
        ("currentColor", INK),
        *((f"var(--c{at})", line) for at, line in enumerate(COLOURS)),
    ]:
        svg = svg.replace(colour, name)
    return svg.replace("<svg", f'<svg role="img" aria-label="{html.escape(title)}"', 1)
