"""Text metrics of rows: any text is scored, on any number of processes alike."""

from __future__ import annotations

import numpy as np
import pytest

from kdlib.evaluation.text import statistics as text
from kdlib.evaluation.text.metrics import METRICS, row_values
from kdlib.evaluation.text.statistics import Answer, text_columns, text_details

RIGHT = "assertEquals(1, x.size());"
STRANGE = [
    "",
    " \n\t",
    "x" * 10_000,
    "((" * 5000,
    "%§ 你好 \x00 😀",
    "// only",
    '"open',
    "if (a) { b(); }",
    "a " * 5000,
]


def test_every_column_is_a_metric_and_has_a_detail():
    columns = text_columns([Answer([RIGHT], [RIGHT])], 4)
    assert columns.keys() == text_details([[RIGHT]], 4).keys()
    assert columns.keys() <= METRICS.keys()


@pytest.mark.parametrize("strange", STRANGE)
def test_strange_texts_are_scored_on_either_side(strange):
    for answer in (Answer([strange], [RIGHT]), Answer([RIGHT], [strange]), Answer([strange], [strange])):
        columns = text_columns([answer], 4)
        for name, rows in columns.items():
            value = METRICS[name].statistic(rows)[0]
            assert 0 <= value <= (100 if name in ("bleu", "chrf") else 1) + 1e-9, name


def test_values_do_not_depend_on_processes(monkeypatch):
    monkeypatch.setattr(text, "CHUNK", 3)
    answers = [
        Answer([f"assertEquals({n}, x);", RIGHT], [RIGHT, f"assertEquals({n % 2}, x);"]) for n in range(8)
    ]
    alone, together = text_columns(answers, 2), text_columns(answers, 2, processes=2)
    for name, rows in alone.items():
        np.testing.assert_array_equal(rows, together[name])
        assert len(rows) == 8


def test_values_of_rows_are_those_of_the_metric():
    columns = text_columns([Answer([RIGHT], [RIGHT]), Answer(["zz"], [RIGHT])], 1)
    columns["nll"] = np.array([[3.0, 2.0], [4.0, 4.0]])
    columns["compiles"] = np.array([[1.0, 1.0]])
    found = row_values(columns, 2)
    assert found["exact_match"] == found["syntax_valid"] == [True, False]
    assert found["token_f1"] == [1.0, 0.0]
    assert found["nll"] == [3.0, 4.0]
    assert "compiles" not in found
