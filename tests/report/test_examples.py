from __future__ import annotations

import base64
import gzip
import json
import re

import pytest

from kdlib.report.examples import EMBEDDED, OUTPUTS, REACHED, browser, packed
from kdlib.results.measurements import Kills, Outcome
from kdlib.results.samples import Sample


def _sample(model, id_, exact_match=False, execution=None):
    values = {"exact_match": exact_match, "token_f1": 1 / 3, "syntax_valid": True}
    return Sample(model, id_, f"{model} on {id_}", ["r"], values, execution)


def test_a_model_without_the_row_is_told_from_a_wrong_one():
    found = browser([_sample("a", "1"), _sample("b", "2", exact_match=True)], {"1": "p1", "2": "p2"})
    assert found["models"] == ["a", "b"]
    assert [row["outputs"] for row in found["rows"]] == [
        [["a on 1", False, 0.333, True, None, None], None],
        [None, ["b on 2", True, 0.333, True, None, None]],
    ]
    assert [row["prompt"] for row in found["rows"]] == ["p1", "p2"]


@pytest.mark.parametrize(
    ("outcome", "reached", "told"),
    [
        (("not_compiled", "no symbol x", False, None), "does not compile", "does not compile: no symbol x"),
        (("failed", "an NPE", False, None), "compiles", "fails: an NPE"),
        (("failed", "E: expected:<1> but was:<2>", True, "both are 1"), "compiles", "fails: E: expected"),
        (
            ("failed", "E: expected:<1> but was:<2> (T.java:7)", True, None),
            "fails today",
            "fails today: expected 1, got 2: code or assertion is wrong",
        ),
        (
            ("failed", "E: m ==> expected: <a b> but was: <>", True, None),
            "fails today",
            "fails today: expected a b, got : code or assertion is wrong",
        ),
        (("failed", "E", True, None), "fails today", "fails today: E: code or assertion is wrong"),
        (("timed_out", "not ended in 10 s", False, None), "compiles", "does not end: not ended in 10 s"),
        (("crashed", "status 7", False, None), "compiles", "ends its JVM: status 7"),
        (("passed", "", False, None), "valid", "valid"),
        (("passed", "", False, None, Kills(9, 9), Kills(3, 5)), "valid", "valid, kills 3 of 5 mutants"),
        (
            ("passed", "", False, None, Kills(), Kills(3, 5), "exposed"),
            "valid",
            "valid, kills 3 of 5 mutants, exposes a seeded fault",
        ),
        (
            ("passed", "", False, None, Kills(), Kills(0, 5), "blessed"),
            "valid",
            "valid, kills 0 of 5 mutants, passes on a seeded fault",
        ),
        (
            ("failed", "E", True, None, Kills(), Kills(), "blessed"),
            "fails today",
            "fails today: E: code or assertion is wrong, passes on a seeded fault",
        ),
        (("passed", "", False, "both are 1"), "passes", "passes, but is vacuous: both are 1"),
    ],
)
def test_what_a_prediction_does_in_its_test_is_told(outcome, reached, told):
    sample = _sample("a", "1", execution=Outcome(*outcome))
    ((shown,),) = [row["outputs"] for row in browser([sample], {"1": "p"})["rows"]]
    assert REACHED[shown[4]] == reached
    assert shown[5].startswith(told)


def test_predictions_that_disagree_with_the_code_are_counted_by_model():
    fails = Outcome("failed", "", True, None)
    samples = [_sample("a", id_, execution=fails) for id_ in "12"] + [_sample("b", "1"), _sample("b", "2")]
    assert browser(samples, {"1": "p", "2": "p"})["fails_today"] == {"a": 2, "b": 0}


def test_a_large_run_embeds_the_first_rows_by_id_and_tells_how_many_there_are():
    ids = [f"{number:05d}" for number in reversed(range(EMBEDDED + 7))]
    found = browser([_sample("a", id_) for id_ in ids], dict.fromkeys(ids, "p"))
    assert found["total"] == EMBEDDED + 7
    assert [row["id"] for row in found["rows"]] == sorted(ids)[:EMBEDDED]


def test_many_models_leave_fewer_rows():
    models = [f"students/{number}" for number in range(OUTPUTS // 4)]
    found = browser([_sample(m, id_) for m in models for id_ in "abcdef"], dict.fromkeys("abcdef", "p"))
    assert [row["id"] for row in found["rows"]] == list("abcd")
    assert found["total"] == 6


def test_what_is_packed_comes_back_and_equal_values_give_equal_text():
    value = {"rows": ["</script> é \u2028"], "none": None}
    text = packed(value)
    assert json.loads(gzip.decompress(base64.b64decode(text))) == value
    assert text == packed(value)
    assert re.fullmatch(r"[A-Za-z0-9+/=]+", text)
