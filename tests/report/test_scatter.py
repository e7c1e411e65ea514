from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from kdlib.report.scatter import cost_scatter, short
from kdlib.results.cost import Cost
from tests.results.made import report, score

SVG = "{http://www.w3.org/2000/svg}"


def _scores(**values):
    return report({name.replace("__", "/"): {"token_f1": score(value)} for name, value in values.items()})


def _texts(svg):
    return ["".join(node.itertext()) for node in ET.fromstring(svg).iter(f"{SVG}text")]


def test_the_scatter_names_every_model_that_has_a_value_and_only_these():
    scores = _scores(
        teachers__t=0.9, students__a=0.5, students__b=0.5, baselines__r=0.3, students__unsized=0.4
    )
    sizes = {"teachers/t": 4000, "students/a": 300, "students/b": 300}
    costs = {name: Cost(parameters=size) for name, size in sizes.items()}
    texts = _texts(cost_scatter(scores, costs, ["token_f1", "nll"], "parameters"))
    assert {"teachers/t", "students/a", "students/b", "baselines/r", "token F1 ↑", "NLL ↓"} <= set(texts)
    assert "students/unsized" not in texts
    assert texts.count("students/a") == 1


def test_one_model_alone_can_be_drawn():
    costs = {"students/a": Cost(parameters=1_500_000)}
    svg = cost_scatter(_scores(students__a=0.5), costs, ["token_f1"], "parameters")
    assert {"students/a", "Pareto front"} <= set(_texts(svg))


@pytest.mark.parametrize(
    ("count", "expected"), [(999, "999"), (20_000, "20 k"), (1_500_000, "1.5 M"), (2e9, "2 G")]
)
def test_short_counts(count, expected):
    assert short(count) == expected


def test_every_cost_has_a_figure_of_its_own():
    costs = {"students/a": Cost(parameters=1000, latency_p50_seconds=0.25)}
    scores = _scores(students__a=0.5)
    axes = {
        cost: _texts(cost_scatter(scores, costs, ["token_f1"], cost))
        for cost in ("parameters", "latency_p50_seconds")
    }
    assert "parameters" in axes["parameters"]
    assert "median latency, seconds" in axes["latency_p50_seconds"]
