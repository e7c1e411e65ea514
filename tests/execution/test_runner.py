"""Answers of a JVM that runs tests."""

from __future__ import annotations

import pytest

from kdlib.execution.jvm import Ended
from kdlib.execution.runner import _verdict

ANSWER = {"status": "passed", "message": "", "asserted": False, "cpuSeconds": 0.1, "spent": ""}


@pytest.mark.parametrize(
    "change",
    [
        {"status": "wonderful"},
        {"status": None},
        {"message": 1},
        {"cpuSeconds": "1"},
        {"spent": []},
        {"asserted": 0},
    ],
)
def test_an_answer_that_makes_no_sense_is_none(change):
    assert _verdict(ANSWER).status == "passed"
    assert isinstance(_verdict(ANSWER | change), Ended)
    assert isinstance(_verdict({}), Ended)
