from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kdlib.report.pareto import Tradeoff, front, fronts, points
from kdlib.results.cost import Cost
from tests.results.made import report, score

# Few values, so that equal costs, equal qualities and equal points are common.
FEW = st.integers(0, 5).map(float)
POINTS = st.lists(st.tuples(FEW, FEW), max_size=12).map(
    lambda pairs: [Tradeoff(f"m{at}", *pair) for at, pair in enumerate(pairs)]
)


def _dominates(a, b):
    no_worse = a.cost <= b.cost and a.quality >= b.quality
    return no_worse and (a.cost < b.cost or a.quality > b.quality)


@given(POINTS)
def test_the_front_is_what_no_point_dominates(own):
    expected = [b for b in own if not any(_dominates(a, b) for a in own)]
    found = front(own)
    assert sorted(found) == sorted(expected)
    assert [point.cost for point in found] == sorted(point.cost for point in found)
    assert bool(found) == bool(own)


VALUES = {
    "teachers/t": {"token_f1": 0.9, "nll": 1.0},
    "students/small": {"token_f1": 0.6, "nll": 2.0},
    "students/large": {"token_f1": 0.5, "nll": 1.5},
    "students/unsized": {"token_f1": 0.95},
    "baselines/r": {"token_f1": 0.99},
}
REPORT = report({model: {name: score(value) for name, value in own.items()} for model, own in VALUES.items()})
SIZES = {"teachers/t": 900, "students/small": 100, "students/large": 200, "students/unsized": None}
COSTS = {model: Cost(parameters=size) for model, size in SIZES.items()}


def test_fronts_are_named_with_who_beats_the_others():
    assert list(fronts(REPORT, COSTS, ["token_f1", "nll"], "parameters")) == [
        "token F1: students/small and teachers/t. Off the front: students/large (beaten by students/small).",
        "NLL: students/small, students/large and teachers/t.",
    ]


def test_models_without_the_cost_are_left_out_and_lower_is_turned():
    assert [point.name for point in points(REPORT, COSTS, "token_f1", "parameters")] == [
        "teachers/t",
        "students/small",
        "students/large",
    ]
    assert points(REPORT, COSTS, "nll", "parameters")[0] == ("teachers/t", 900, -1.0)
    assert list(fronts(REPORT, COSTS, ["token_f1"], "bytes")) == []
