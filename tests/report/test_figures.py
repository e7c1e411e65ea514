from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET

import pytest

from kdlib.report.curves import Curves, Line
from kdlib.report.figures import COLOURS, INK, short, size_scatter, training_curves

LINE = Line([1, 2, 3], [3.0, math.nan, 1.0])
CURVES = Curves(
    {"ce": LINE, "kl": LINE}, {"ce": LINE, "total": LINE}, {"ce": LINE}, LINE, LINE, Line([3], [2.0])
)
SVG = "{http://www.w3.org/2000/svg}"


def _scores(**values):
    def own(value):
        return {"token_f1": {"value": value, "low": value - 0.1, "high": value + 0.1}}

    metrics = {"token_f1": {"higher_is_better": True}, "nll": {"higher_is_better": False}}
    return {"metrics": metrics, "models": {name.replace("__", "/"): own(v) for name, v in values.items()}}


def _texts(svg):
    return ["".join(node.itertext()) for node in ET.fromstring(svg).iter(f"{SVG}text")]


def test_curves_name_panels_and_components_and_take_the_colours_of_the_page():
    svg = training_curves("students/<b>$x$", CURVES)
    texts = _texts(svg)
    for name in ("ce", "kl", "total", "weights", "temperature", "learning rate", "component losses, raw"):
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
    curves = Curves({"ce": none}, {"ce": none, "total": none}, {"ce": none}, none, none, none)
    assert "weights" in _texts(training_curves("students/a", curves))


def test_the_scatter_names_every_model_that_has_a_value_and_only_these():
    scores = _scores(
        teachers__t=0.9, students__a=0.5, students__b=0.5, baselines__r=0.3, students__unsized=0.4
    )
    sizes = {"teachers/t": 4000, "students/a": 300, "students/b": 300}
    costs = {name: {"parameters": size} for name, size in sizes.items()}
    texts = _texts(size_scatter(scores, costs, ["token_f1", "nll"]))
    assert {"teachers/t", "students/a", "students/b", "baselines/r", "token F1 ↑", "NLL ↓"} <= set(texts)
    assert "students/unsized" not in texts
    assert texts.count("students/a") == 1


def test_one_model_alone_can_be_drawn():
    svg = size_scatter(_scores(students__a=0.5), {"students/a": {"parameters": 1_500_000}}, ["token_f1"])
    assert "students/a" in _texts(svg)


@pytest.mark.parametrize(
    ("count", "expected"), [(999, "999"), (20_000, "20 k"), (1_500_000, "1.5 M"), (2e9, "2 G")]
)
def test_short_counts(count, expected):
    assert short(count) == expected
