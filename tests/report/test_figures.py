from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET

from kdlib.report.curves import Curves, Line
from kdlib.report.figures import COLOURS, INK, training_curves

LINE = Line([1, 2, 3], [3.0, math.nan, 1.0])
CURVES = Curves(
    {"ce": LINE, "kl": LINE},
    {"ce": LINE, "total": LINE},
    {"ce": LINE},
    {"ce": LINE, "kl": LINE},
    LINE,
    LINE,
    Line([3], [2.0]),
)
SVG = "{http://www.w3.org/2000/svg}"


def _texts(svg):
    return ["".join(node.itertext()) for node in ET.fromstring(svg).iter(f"{SVG}text")]


def test_curves_name_panels_and_components_and_take_the_colours_of_the_page():
    svg = training_curves("students/<b>$x$", CURVES)
    texts = _texts(svg)
    for name in (
        "ce",
        "kl",
        "total",
        "weights",
        "shares of the gradient",
        "temperature",
        "learning rate",
        "component losses, raw",
    ):
        assert name in texts
    assert ET.fromstring(svg).get("aria-label").startswith("Training curves of students/<b>$x$: ")
    assert "currentColor" in svg
    assert "var(--c0)" in svg
    assert "<style" not in svg
    assert not any(colour in svg for colour in (INK, *COLOURS))
    assert "width" not in ET.fromstring(svg).attrib


def test_figures_are_deterministic_and_share_no_id():
    svgs = [training_curves(name, CURVES) for name in ("students/a", "students/b")]
    assert svgs[0] == training_curves("students/a", CURVES)
    first, second = (set(re.findall(r'\bid="([^"]+)"', svg)) for svg in svgs)
    assert first
    assert not first & second
    for svg, ids in zip(svgs, (first, second), strict=True):
        used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', svg))
        assert used
        assert used <= ids


def test_a_training_without_points_is_drawn():
    none = Line([], [])
    curves = Curves({"ce": none}, {"ce": none, "total": none}, {"ce": none}, {}, none, none, none)
    texts = _texts(training_curves("students/a", curves))
    assert "weights" in texts
    assert "shares of the gradient" not in texts
