from __future__ import annotations

import copy
import re
from dataclasses import replace

import pytest

from kdlib.report.summary import against_retrieval, not_measured, summary
from kdlib.results.evaluation import NotMeasured
from tests.results.made import METRICS, comparison, report, score

SHOWN = {name: METRICS[name] for name in ("exact_match", "token_f1", "nll")}


def _scores(*comparisons, split="row", **values):
    models = {name.replace("__", "/"): {"token_f1": score(value)} for name, value in values.items()}
    pairs = [comparison(*ends) for ends in comparisons]
    return report(models, pairs, SHOWN, split=split)


def _said(scores):
    return "\n".join(own.striptags() for own in [*summary(scores), *against_retrieval(scores)])


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (-0.5, -0.1, "The interval excludes 0: it predicts better"),
        (-0.5, 0.1, "The interval includes 0: it is not shown to predict better"),
        (0.1, 0.5, "The interval excludes 0 on the wrong side"),
        (0.0, 0.5, "The interval includes 0"),
    ],
)
def test_the_teacher_against_the_floor(low, high, expected):
    said = _said(_scores(("teachers/t", "baselines/trigram", "nll", low, high)))
    assert expected in said
    assert f"[{low:.3f}, {high:.3f}]".replace("-", "−") in said


def test_students_against_the_floor_are_named_on_their_side():
    teacher = ("teachers/t", "baselines/trigram", "nll", -1, -0.5)
    good = ("students/good", "baselines/trigram", "nll", -0.4, -0.1)
    bad = ("students/bad", "baselines/trigram", "nll", -0.1, 0.2)
    said = _said(_scores(teacher, good, bad))
    assert "Below the trigram floor, interval excluding 0: students/good." in said
    assert "Not shown to be below the trigram floor: students/bad." in said


MIXED = (
    "beats the retrieval baseline on token F1 (+0.300 [0.200, 0.400], p = 0.0200), "
    "but not on exact match (+0.100 [−0.100, 0.300], p = 0.0200, interval includes 0)."
)


@pytest.mark.parametrize(
    ("exact", "f1", "expected"),
    [
        ((0.1, 0.3), (0.2, 0.4), "students/s beats the retrieval baseline on exact match (+0.200"),
        ((-0.1, 0.3), (0.2, 0.4), MIXED),
        ((-0.1, 0.3), (-0.1, 0.1), "students/s does not beat the retrieval baseline: exact match"),
        ((-0.3, -0.1), (-0.1, 0.1), "p = 0.0200, worse) and token F1"),
    ],
)
def test_a_student_against_retrieval(exact, f1, expected):
    retrieval = "baselines/retrieval"
    comparisons = [
        ("students/s", retrieval, "exact_match", *exact),
        ("students/s", retrieval, "token_f1", *f1),
    ]
    assert expected in _said(_scores(*comparisons))


def test_a_student_that_nothing_compares_is_named():
    said = _said(_scores(students__s=0.5))
    assert "Not compared with the retrieval baseline: students/s." in said


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.1, 0.2, "p = 0.0200: better."),
        (-0.2, -0.1, "p = 0.0200: worse."),
        (-0.1, 0.1, "p = 0.0200: no difference is shown."),
    ],
)
def test_trident_against_traditional(low, high, expected):
    said = _said(_scores(("students/trident", "students/traditional", "token_f1", low, high)))
    line = next(line for line in said.splitlines() if line.startswith("students/trident against"))
    assert line.endswith(expected)


def test_the_extremes_of_the_students_are_told():
    scores = _scores(teachers__t=0.9, students__a=0.4, students__b=0.6)
    for name, value in (("students/a", 1.0), ("students/b", 2.0)):
        scores.models[name]["nll"] = score(value)
    said = _said(scores)
    assert "Highest token F1 of the students: students/b 0.600 [0.500, 0.700]." in said
    assert "Lowest NLL of the students: students/a 1.000 [0.900, 1.100]." in said
    assert "exact match of the students" not in said


def test_ties_and_zeros_are_told():
    numbers = "0.400 [0.300, 0.500]"
    tied = f"Highest token F1 of the students: students/a {numbers} and students/b {numbers}."
    assert tied in _said(_scores(students__a=0.4, students__b=0.4))
    assert "No student scores above 0 on token F1." in _said(_scores(students__a=0.0))


def test_every_number_of_a_sentence_tells_its_key():
    first = ("teachers/t", "baselines/trigram", "nll", -1, -0.5)
    second = ("students/s", "baselines/retrieval", "token_f1", 0.1, 0.3)
    scores = _scores(first, second, students__s=0.4)
    markup = "".join([*summary(scores), *against_retrieval(scores)])
    cited = dict(re.findall(r'data-key="([^"]+)">([^<]+)<', markup))
    assert cited["rows"] == "9"
    assert cited["comparisons[0]"] == "−0.750 [−1.000, −0.500], p = 0.0200"
    assert cited["comparisons[1]"] == "+0.200 [0.100, 0.300], p = 0.0200"
    assert cited["models.students/s.token_f1"] == "0.400 [0.300, 0.500]"


def test_names_never_become_markup():
    markup = "".join(summary(_scores(**{"students__<b>": 0.5})))
    assert "students/&lt;b&gt;" in markup
    assert "<b>" not in markup


def test_the_split_is_always_told():
    scores = _scores()
    assert "9 test rows, split by row: rows of one class are on both sides" in _said(scores)
    assert "split by ours." in _said(replace(scores, split="ours"))
    assert "9 validation rows, split by row" in _said(replace(scores, rows_of="validation"))


def test_what_was_not_measured():
    scores = _scores(students__a=0.4, students__b=0.4)
    for own in scores.models.values():
        own["exact_match"] = own["token_f1"]
    scores.models["students/a"]["nll"] = score(1.0)
    before = copy.deepcopy(scores)
    found = not_measured(replace(scores, not_measured=[NotMeasured("PANS", "not yet made")]))
    assert found == [
        ("PANS", "not yet made"),
        ("NLL of students/b", "evaluation_metrics.json has no value for them"),
    ]
    assert not_measured(scores) == found[1:]
    assert scores == before
