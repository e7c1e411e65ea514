from __future__ import annotations

import dataclasses

import pytest

from kdlib.files import read_json
from kdlib.results.evaluation import (
    EvaluationReport,
    MetricInfo,
    NotMeasured,
    Score,
    SeedGroup,
    SeedSpread,
    SliceScore,
    read_evaluation,
    write_evaluation,
)
from tests.results.made import comparison, report, score

MODELS = {"students/ce": {"nll": score(1.5)}}
WHOLE = EvaluationReport(
    rows=9,
    split="class",
    metrics={"nll": MetricInfo(False, "nats per token")},
    models=MODELS,
    comparisons=[comparison("students/ce", "teachers/t", "nll", 0.1, 0.3)],
    seeds=[SeedGroup(["students/ce"], {"nll": SeedSpread(1.5, None, 1, [1.5])})],
    slices={"kind": [SliceScore("assertTrue", 4, MODELS)]},
    not_measured=[NotMeasured("execution", "no JDK")],
    reference={"mutation_score": score(0.5)},
)


@pytest.mark.parametrize("whole", [WHOLE, dataclasses.replace(WHOLE, reference=None)])
def test_what_is_written_is_read(tmp_path, whole):
    write_evaluation(tmp_path / "metrics.json", whole)
    assert read_evaluation(tmp_path / "metrics.json") == whole


def test_keys_stand_in_the_order_of_the_fields(tmp_path):
    write_evaluation(tmp_path / "metrics.json", WHOLE)
    found = read_json(tmp_path / "metrics.json")
    keys = ["rows", "split", "metrics", "models", "comparisons", "seeds", "slices", "not_measured"]
    assert list(found) == [*keys, "reference", "rows_of"]
    assert list(found["models"]["students/ce"]["nll"]) == ["value", "low", "high", "n", "signature"]
    pair = ["a", "b", "metric", "family", "difference", "low", "high", "p", "n", "signature", "p_holm"]
    assert list(found["comparisons"][0]) == pair


def test_a_run_that_executes_nothing_has_no_reference(tmp_path):
    write_evaluation(tmp_path / "metrics.json", dataclasses.replace(WHOLE, reference=None))
    assert "reference" not in read_json(tmp_path / "metrics.json")


def test_a_comparison_is_found_in_its_order_only():
    found = WHOLE.comparison("students/ce", "teachers/t", "nll")
    assert found is WHOLE.comparisons[0]
    assert WHOLE.comparison("teachers/t", "students/ce", "nll") is None
    assert report({}).comparison("a", "b", "nll") is None


def test_a_score_cannot_be_changed():
    value = Score(1.0, 0.5, 1.0, 3, "exact|n:3")
    with pytest.raises(dataclasses.FrozenInstanceError):
        value.value = 2.0
