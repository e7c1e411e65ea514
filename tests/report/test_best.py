from __future__ import annotations

import pytest

from kdlib.report.best import choose, reasons
from kdlib.results.cost import Cost
from tests.results.made import comparison, report, score


def _scores(metric="exact_match", spread=0.05, comparisons=(), **values):
    models = {name.replace("__", "/"): {metric: score(value, spread)} for name, value in values.items()}
    return report(models, [comparison(a, b, metric, low, high) for a, b, low, high in comparisons])


def _sizes(**parameters):
    return {name.replace("__", "/"): Cost(parameters=size) for name, size in parameters.items()}


def _said(scores, costs=None, teachers=None):
    choice = choose(scores, costs or {})
    return " ".join(own.striptags() for own in reasons(choice, scores, costs or {}, teachers or {}))


def test_the_best_value_wins_where_intervals_do_not_overlap():
    scores = _scores(students__a=0.2, students__b=0.6, teachers__t=0.9, baselines__r=0.8)
    choice = choose(scores, _sizes(students__a=10, students__b=1000))
    assert (choice.name, choice.second, choice.tied) == ("students/b", "students/a", ["students/b"])


def test_of_those_that_tie_the_smallest_is_taken():
    scores = _scores(students__a=0.58, students__b=0.6, students__c=0.2)
    sizes = _sizes(students__a=10, students__b=1000, students__c=1)
    choice = choose(scores, sizes)
    assert (choice.name, choice.highest, choice.tied) == (
        "students/a",
        "students/b",
        ["students/b", "students/a"],
    )
    said = _said(scores, sizes)
    assert "students/b has 0.600 [0.550, 0.650], from which it is not shown to differ" in said
    assert "and more parameters (1,000 against 10)" in said
    assert "so they tie." in said


def test_of_equal_size_the_better_value_is_taken():
    scores = _scores(students__a=0.58, students__b=0.6)
    assert choose(scores, _sizes(students__a=10, students__b=10)).name == "students/b"
    # Nothing is known of a size that nobody measured.
    assert choose(scores, _sizes(students__a=10)).name == "students/b"


def test_equal_students_go_by_the_next_measure_and_then_by_latency():
    scores = _scores(students__a=0.5, students__b=0.5)
    costs = {
        name: Cost(parameters=9, latency_p50_seconds=own)
        for name, own in {"students/a": 0.2, "students/b": 0.1}.items()
    }
    assert choose(scores, costs).name == "students/b"
    scores.models["students/a"]["token_f1"] = scores.models["students/a"]["exact_match"]
    assert choose(scores, costs).name == "students/a"


@pytest.mark.parametrize(
    ("pair", "low", "high", "tied"),
    [
        (("students/b", "students/a"), 0.01, 0.03, False),
        (("students/a", "students/b"), -0.03, -0.01, False),
        (("students/b", "students/a"), -0.01, 0.05, True),
    ],
)
def test_a_paired_interval_counts_more_than_overlap(pair, low, high, tied):
    scores = _scores(students__a=0.58, students__b=0.6, comparisons=[(*pair, low, high)])
    choice = choose(scores, _sizes(students__a=10, students__b=1000))
    assert (choice.name == "students/a") is tied


def test_the_first_criterion_with_a_value_above_0_decides():
    scores = _scores("valid", students__a=0.2, students__b=0.3)
    for own in scores.models.values():
        own["exact_match"] = score(0.0, 0.0)
    assert choose(scores, {}).metric == "valid"
    assert "No student scores above 0 on exact match, so valid rate decides." in _said(scores)
    assert choose(_scores("nll", students__a=2.0, students__b=1.0), {}).name == "students/b"


def test_a_lead_that_is_not_shown_is_called_so():
    said = _said(_scores(students__a=0.2, students__b=0.22))
    assert "Its exact match is the best of all students: 0.220 [0.170, 0.270]." in said
    assert "Next is students/a, 0.200 [0.150, 0.250]" in said
    assert (
        "no paired test of the two on it, and their intervals overlap, so the lead is not significant."
        in said
    )
    paired = _scores(
        students__a=0.2, students__b=0.22, comparisons=[("students/b", "students/a", 0.01, 0.03)]
    )
    assert "students/b − students/a is +0.020 [0.010, 0.030], p = 0.0200, so they differ." in _said(paired)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.1, 0.2, "It beats the retrieval baseline"),
        (-0.2, -0.1, "The retrieval baseline, the assertion of the nearest training row, beats it"),
        (-0.1, 0.1, "is not shown to differ"),
    ],
)
def test_the_retrieval_baseline_is_told(low, high, expected):
    paired = ("students/a", "baselines/retrieval", low, high)
    scores = _scores(students__a=0.2, baselines__retrieval=0.3, baselines__other=0.25, comparisons=[paired])
    said = _said(scores)
    assert expected in said
    assert "baselines/other has a better exact match: 0.250" in said


def test_the_teacher_is_told_with_sizes():
    scores = _scores(students__a=0.2, teachers__t=0.5, comparisons=[("students/a", "teachers/t", -0.4, -0.2)])
    costs = {
        "students/a": Cost(parameters=250, latency_p50_seconds=0.125),
        "teachers/t": Cost(parameters=1000, latency_p50_seconds=0.5),
    }
    said = _said(scores, costs, {"students/a": "teachers/t"})
    assert "It is worse than its teacher teachers/t: −0.300 [−0.400, −0.200]" in said
    assert "It has 250 parameters, 25% of teachers/t's 1,000." in said
    assert "Its median latency is 0.125 s against 0.500 s of teachers/t." in said
    assert "It is the only student." in said


def test_a_run_without_students_has_no_best():
    assert choose(_scores(teachers__t=0.5), {}) is None
    assert choose(_scores("pans", students__a=0.5), {}) is None
