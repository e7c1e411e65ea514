"""Result files are read strictly: what does not fit is one sentence with the file and the field."""

from __future__ import annotations

import json

import pytest

from kdlib.files import DataError, write_json
from kdlib.results.cards import CorpusCard
from kdlib.results.cost import Cost
from kdlib.results.evaluation import EvaluationReport, Score
from kdlib.results.fidelity import Fidelity
from kdlib.results.measurements import read_execution, read_similarity_report
from kdlib.results.schema import parse, read
from kdlib.results.training import TrainingReport

SCORE = {"value": 1, "low": 0.5, "high": 1.0, "n": 3, "signature": "exact|n:3"}


@pytest.mark.parametrize(
    ("schema", "field"),
    [
        (EvaluationReport, "rows"),
        (TrainingReport, "name"),
        (Fidelity, "model"),
        (CorpusCard, "split"),
        (Score, "value"),
    ],
)
def test_an_empty_object_lacks_the_first_field(tmp_path, schema, field):
    path = tmp_path / "result.json"
    path.write_text("{}")
    with pytest.raises(DataError, match=rf"result\.json: {field} is missing; .*run it again"):
        read(path, schema)


@pytest.mark.parametrize("reader", [read_execution, read_similarity_report])
@pytest.mark.parametrize(("text", "field"), [("{}", "measured"), ('{"measured": true}', "rows|javac")])
def test_a_measurement_without_fields_is_refused(tmp_path, reader, text, field):
    path = tmp_path / "result.json"
    path.write_text(text)
    with pytest.raises(DataError, match=rf"result\.json: ({field}) is missing"):
        reader(path)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"n": "3"}, "n: Input should be a valid integer"),
        ({"value": None}, "value: Input should be a valid number"),
        ({"other": 1}, "other is not a known field"),
    ],
)
def test_a_wrong_field_is_named(change, problem):
    with pytest.raises(DataError, match=f"scores: {problem}"):
        parse(SCORE | change, Score, "scores")


def test_a_field_inside_others_is_named_with_its_place():
    value = {"rows": 1, "split": "class", "metrics": {}, "models": {"students/ce": {"nll": {}}}}
    value |= {"comparisons": [], "seeds": [], "slices": {}}
    with pytest.raises(DataError, match=r"models\.students/ce\.nll\.value is missing"):
        parse(value, EvaluationReport, "metrics")


@pytest.mark.parametrize("text", ["[]", "3", "null"])
def test_other_json_is_refused(tmp_path, text):
    path = tmp_path / "cost.json"
    path.write_text(text)
    with pytest.raises(DataError, match=r"cost\.json: Input should be an object"):
        read(path, Cost)


def test_broken_json_is_named_with_its_line(tmp_path):
    path = tmp_path / "cost.json"
    path.write_text("{")
    with pytest.raises(DataError, match=r"cost\.json:1: not JSON"):
        read(path, Cost)


def test_whole_numbers_may_stand_for_fractions(tmp_path):
    path = tmp_path / "score.json"
    write_json(path, SCORE)
    assert read(path, Score) == Score(1.0, 0.5, 1.0, 3, "exact|n:3")
    assert json.loads(path.read_text())["value"] == 1
