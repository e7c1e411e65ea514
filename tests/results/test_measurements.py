from __future__ import annotations

from kdlib.files import read_json, write_json
from kdlib.results.measurements import (
    ExecutionReport,
    NotExecutable,
    Outcome,
    SimilarityReport,
    Unmeasured,
    read_execution,
    read_similarity_report,
)

TRIED = Outcome("passed", "", None, 0, 4)
FAILED = Outcome("failed", "expected 1", None, 0, 0)
REPORT = ExecutionReport(
    True,
    "17.0.1",
    "bubblewrap",
    3,
    [NotExecutable("c", "no class path")],
    {"a": TRIED, "b": TRIED},
    {"m": {"a": FAILED}},
)


def test_an_execution_is_read_as_it_was_written(tmp_path):
    path = tmp_path / "execution.json"
    write_json(path, REPORT.as_json())
    assert read_execution(path) == REPORT


def test_counts_are_null_where_no_mutant_was_tried(tmp_path):
    path = tmp_path / "execution.json"
    write_json(path, REPORT.as_json())
    found = read_json(path)
    head = ["measured", "javac", "sandbox", "rows", "not_executable", "reference", "models"]
    assert list(found) == head
    failed = {"status": "failed", "message": "expected 1", "tautology": None, "killed": None, "mutants": None}
    assert found["models"]["m"]["a"] == failed
    assert found["reference"]["a"] | {"killed": 0, "mutants": 4} == found["reference"]["a"]


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
