from __future__ import annotations

import pytest

from kdlib.files import DataError, read_json, write_json
from kdlib.results.measurements import (
    ExecutionReport,
    Fault,
    Kills,
    NotExecutable,
    Outcome,
    SimilarityReport,
    Unmeasured,
    read_execution,
    read_similarity_report,
)

TRIED = Outcome("passed", "", False, None, Kills(1, 3), Kills(0, 4), "blessed")
FAILED = Outcome("failed", "expected 1", True, None)
REPORT = ExecutionReport(
    True,
    "17.0.1",
    "bubblewrap",
    3,
    [NotExecutable("c", "no class path")],
    {"a": TRIED, "b": TRIED},
    {"m": {"a": FAILED}},
    {"a": Fault("p/Lib.java", "arithmetic", 3, "-")},
)


def test_an_execution_is_read_as_it_was_written(tmp_path):
    path = tmp_path / "execution.json"
    write_json(path, REPORT.as_json())
    assert read_execution(path) == REPORT


def test_both_halves_of_the_mutants_are_written(tmp_path):
    path = tmp_path / "execution.json"
    write_json(path, REPORT.as_json())
    found = read_json(path)
    head = ["measured", "javac", "sandbox", "rows", "not_executable", "reference", "models", "faults"]
    assert list(found) == head
    none = {"killed": 0, "mutants": 0}
    failed = {"status": "failed", "message": "expected 1", "asserted": True, "vacuous": None}
    assert found["models"]["m"]["a"] == {**failed, "rank": none, "score": none, "fault": None}
    assert found["reference"]["a"]["rank"] == {"killed": 1, "mutants": 3}
    assert found["reference"]["a"]["score"] == {"killed": 0, "mutants": 4}
    assert found["reference"]["a"]["fault"] == "blessed"
    fault = {"path": "p/Lib.java", "operator": "arithmetic", "line": 3, "replacement": "-"}
    assert found["faults"] == {"a": fault}


def test_an_older_report_is_refused_with_a_sentence(tmp_path):
    path = tmp_path / "execution.json"
    old = {"status": "passed", "message": "", "tautology": None, "killed": None, "mutants": None}
    write_json(path, {**REPORT.as_json(), "reference": {"a": old}})
    with pytest.raises(DataError, match=r"execution\.json: .*another version of kdlib .* run it again"):
        read_execution(path)


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Outcome("not_compiled", "", False, None), ""),
        (Outcome("failed", "", True, None), "compiles fails_today"),
        (Outcome("failed", "", True, "1 is not 2"), "compiles"),
        (Outcome("failed", "", False, None), "compiles"),
        (Outcome("crashed", "", True, None), "compiles"),
        (Outcome("passed", "", False, "it checks nothing", Kills(1, 1), Kills(1, 1)), "compiles passes"),
        (Outcome("passed", "", False, None, Kills(1, 1), Kills(0, 1)), "compiles passes valid"),
        (Outcome("passed", "", False, None, Kills(0, 1), Kills(1, 1)), "compiles passes valid strong"),
    ],
)
def test_what_an_outcome_amounts_to(outcome, expected):
    names = ("compiles", "passes", "valid", "strong", "fails_today")
    assert " ".join(name for name in names if getattr(outcome, name)) == expected


def test_what_was_not_measured_has_a_reason(tmp_path):
    path = tmp_path / "report.json"
    write_json(path, Unmeasured(False, "no JDK").as_json())
    assert read_json(path) == {"measured": False, "reason": "no JDK"}
    assert read_execution(path) == read_similarity_report(path) == Unmeasured(False, "no JDK")


def test_a_similarity_is_read_as_it_was_written(tmp_path):
    path = tmp_path / "similarity.json"
    write_json(path, SimilarityReport(True, 4, "v:1").as_json())
    assert read_json(path) == {"measured": True, "rows": 4, "signature": "v:1"}
    assert read_similarity_report(path) == SimilarityReport(True, 4, "v:1")


def test_an_unknown_answer_to_a_fault_is_refused(tmp_path):
    path = tmp_path / "execution.json"
    found = REPORT.as_json()
    found["models"]["m"]["a"]["fault"] = "killed"
    write_json(path, found)
    with pytest.raises(DataError, match=r"execution\.json: models\.m\.a\.fault"):
        read_execution(path)
