from __future__ import annotations

import base64
import gzip
import json
import re

import pytest

from kdlib.report.examples import EMBEDDED, OUTPUTS, browser, packed
from kdlib.results.measurements import Outcome
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
        (("not_compiled", "no symbol x", None, 0, 0), 0, "does not compile: no symbol x"),
        (("failed", "expected:<1> but was:<2>", None, 0, 0), 1, "fails: expected:<1> but was:<2>"),
        (("timed_out", "not ended within 10 s", None, 0, 0), 1, "does not end: not ended within 10 s"),
        (("crashed", "status 7", None, 0, 0), 1, "ends its JVM: status 7"),
        (("passed", "", None, 0, 0), 2, "passes"),
        (("passed", "", None, 3, 5), 2, "passes, kills 3 of 5 mutants"),
        (("passed", "", "compares a value with itself", 0, 5), 2, "passes, as it always would: compares"),
    ],
)
def test_what_a_prediction_does_in_its_test_is_told(outcome, reached, told):
    sample = _sample("a", "1", execution=Outcome(*outcome))
    ((shown,),) = [row["outputs"] for row in browser([sample], {"1": "p"})["rows"]]
    assert shown[4] == reached
    assert shown[5].startswith(told)


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
