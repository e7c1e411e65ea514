"""The figure of ``kdlib analyse-loss-scaling``: who makes the gradient, over a training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from kdlib.files import DataError, atomic
from kdlib.report.figures import COLOURS, DASHES, style

KINDS = (".svg", ".png", ".pdf")


def write_shares(
    path: Path,
    steps: Sequence[int],
    shares: Mapping[str, Sequence[float]],
    norms: Mapping[str, Sequence[float]],
    wanted: Mapping[str, float],
    first: int,
) -> None:
    """Write shares as a stack and norms as lines.

    Args:
        path: Ends in .svg, .png or .pdf.
        steps: Optimiser steps in which gradients were measured.
        shares: Component: its share in each; they add up to 1.
        norms: Component: norm of its weighted gradient in each.
        wanted: Component: wanted share.
        first: First step of those that the advice is for.

    Raises:
        DataError: If the path ends otherwise.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    if path.suffix not in KINDS:
        raise DataError(f"{path}: a figure ends in {', '.join(KINDS)}")
    colours = dict(zip(shares, COLOURS * len(shares), strict=False))
    with style():
        figure = Figure(figsize=(10, 4.2), layout="constrained")
        left, right = figure.subplots(1, 2)
        stack = left.stackplot(steps, list(shares.values()), colors=list(colours.values()), alpha=0.75)
        height = 0.0
        for name in list(shares)[:-1]:
            height += wanted[name]
            left.axhline(height, color="black", linewidth=1.2, linestyle="--")
        left.set(title="share of the gradient; dashed: wanted", ylim=(0, 1))
        left.set_xlim(steps[0], max(steps[-1], steps[0] + 1))
        for (name, line), dash in zip(norms.items(), DASHES * len(norms), strict=False):
            positive = [norm if norm > 0 else float("nan") for norm in line]  # weight 0 has no logarithm
            marker = "o" if len(steps) <= 30 else ""
            right.plot(steps, positive, dash, marker=marker, markersize=3, color=colours[name])
        right.set(title="gradient norm of the weighted loss", yscale="log")
        right.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        right.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        right.yaxis.set_minor_formatter(NullFormatter())
        for axes in (left, right):
            axes.axvline(first, color="grey", linewidth=1, linestyle=":")
            axes.set_xlabel("optimiser step; dotted: the advice is for what follows")
        figure.legend(stack, list(shares), loc="outside lower center", ncols=len(shares))
        with atomic(path) as partial:
            figure.savefig(partial, format=path.suffix[1:], dpi=150)
