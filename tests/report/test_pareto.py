from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kdlib.report.pareto import Point, front, fronts, points

# Few values, so that equal costs, equal qualities and equal points are common.
FEW = st.integers(0, 5).map(float)
POINTS = st.lists(st.tuples(FEW, FEW), max_size=12).map(
    lambda pairs: [Point(f"m{at}", *pair) for at, pair in enumerate(pairs)]
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


SCORES = {
    "metrics": {"token_f1": {"higher_is_better": True}, "nll": {"higher_is_better": False}},
    "models": {
        "teachers/t": {"token_f1": {"value": 0.9}, "nll": {"value": 1.0}},
        "students/small": {"token_f1": {"value": 0.6}, "nll": {"value": 2.0}},
        "students/large": {"token_f1": {"value": 0.5}, "nll": {"value": 1.5}},
        "students/unsized": {"token_f1": {"value": 0.95}},
        "baselines/r": {"token_f1": {"value": 0.99}},
    },
}
COSTS = {
    "teachers/t": {"parameters": 900},
    "students/small": {"parameters": 100},
    "students/large": {"parameters": 200},
    "students/unsized": {"parameters": None},
}


def test_fronts_are_named_with_who_beats_the_others():
    assert list(fronts(SCORES, COSTS, ["token_f1", "nll"], "parameters")) == [
        "token F1: students/small and teachers/t. Off the front: students/large (beaten by students/small).",
        "NLL: students/small, students/large and teachers/t.",
    ]


def test_models_without_the_cost_are_left_out_and_lower_is_turned():
    assert [point.name for point in points(SCORES, COSTS, "token_f1", "parameters")] == [
        "teachers/t",
        "students/small",
        "students/large",
    ]
    assert points(SCORES, COSTS, "nll", "parameters")[0] == ("teachers/t", 900, -1.0)
    assert list(fronts(SCORES, COSTS, ["token_f1"], "bytes")) == []
