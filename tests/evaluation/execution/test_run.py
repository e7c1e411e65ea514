from __future__ import annotations

import re
import shutil

import pyarrow as pa
import pytest

from kdlib.config import Execution
from kdlib.evaluation.execution import run as execution
from kdlib.execution.jobs import ExecutionResult
from kdlib.files import DataError, read_json, write_examples, write_parquet, write_predictions
from kdlib.records import Example, Prediction
from tests.execution.small_project import PROJECT, occurrence, small_project

# Starts JVMs.
pytestmark = [pytest.mark.slow, pytest.mark.skipif(shutil.which("javac") is None, reason="no JDK")]
TEST, LIB = "src/test/java/p/LibTest.java", "src/main/java/p/Lib.java"
GOLD = "assertEquals(1, x);"
FOCAL = "public int one() { return 1; }"


def answered(job):
    """Return what the test `first` of the small project would come to, read off the texts of its files."""
    texts = {file.name.rpartition("/")[2]: file.content.decode() for file in job.files}
    value = eval(re.search(r"return (?:\(int\) )?(.*?);", texts.get("Lib", FOCAL))[1])
    statement = re.search(r"new Lib\(\)\.one\(\);\s*(.*?)\s*}", texts["LibTest"], re.DOTALL)[1]
    if statement in (";", "assertEquals(x, x);"):
        return "passed"
    expected = re.fullmatch(r"assertEquals\((\d), x\);", statement)
    if expected is None:
        return "not_compiled"
    return "passed" if int(expected[1]) == value else "failed"


@pytest.fixture
def run(tmp_path, tmp_path_factory, monkeypatch):
    """Return a function that executes predictions for one executable row and one that is not."""
    small_project(tmp_path_factory)
    built = tmp_path_factory.getbasetemp() / "small-project/built"
    start = PROJECT[LIB].index(FOCAL)
    own = occurrence(TEST, GOLD, "first")
    fields = {name: getattr(own, name) for name in own.__dataclass_fields__}
    span = {"focal_start_byte": start, "focal_end_byte": start + len(FOCAL)}
    places = {
        "a": (type(own)(**{**fields, **span}),),
        "b": (),
        "c": (type(own)(**{**fields, "source": "far"}),),
    }
    write_examples(
        tmp_path / "examples.parquet", [Example(key, "f", "t", (GOLD,), own) for key, own in places.items()]
    )
    ids = pa.array([[1]] * 3, pa.list_(pa.int32()))
    write_parquet(
        tmp_path / "test.parquet", pa.table({"id": list(places), "target": ["x"] * 3, "target_ids": ids})
    )
    asked = []

    def fake(jobs, **settings):
        for job in jobs:
            asked.append(job)
            status = answered(job)
            yield ExecutionResult(job.id, status, "" if status == "passed" else f"it {status}", 0.1)

    monkeypatch.setattr(execution, "run", fake)
    monkeypatch.setattr(execution, "find_sandbox", lambda *_: "unsafe")

    def execute(*texts, **settings):
        for at, text in enumerate(texts):
            found = [Prediction(key, 1, text, 0.0) for key in places]
            write_predictions(tmp_path / f"m{at}" / "predictions.jsonl", found)
        execution.execute(
            {f"m{at}": tmp_path / f"m{at}" for at in range(len(texts))},
            tmp_path / "examples.parquet",
            tmp_path / "test.parquet",
            {"own": built},
            Execution(**settings),
            tmp_path / "cache",
            tmp_path / "out.json",
        )
        return read_json(tmp_path / "out.json")

    execute.asked = asked
    return execute


def test_what_predictions_come_to(run):
    found = run(GOLD, "assertEquals(2, x);", "no(x);", "assertEquals(x, x);", "", "a(); b();")
    assert found["measured"] is True
    assert (found["rows"], found["sandbox"]) == (3, "unsafe")
    reasons = {entry["id"]: entry["reason"] for entry in found["not_executable"]}
    assert reasons == {"b": "its source has no class path: none", "c": "its source has no class path: far"}
    entries = [own["a"] for own in found["models"].values()]
    statuses = [entry["status"] for entry in entries]
    assert statuses == ["passed", "failed", "not_compiled", "passed", "not_compiled", "not_compiled"]
    assert [entry["message"] for entry in entries[1:3]] == ["it failed", "it not_compiled"]
    assert entries[4]["message"] == entries[5]["message"] == "it is not one statement"
    assert [bool(entry["tautology"]) for entry in entries] == [False, False, False, True, False, False]


def test_mutants_are_killed_by_what_fails_on_them(run):
    found = run(GOLD, "assertEquals(2, x);", "assertEquals(x, x);")
    # return 2, return 0 and return (int) 0, all of which the gold assertion notices.
    assert (found["reference"]["a"]["killed"], found["reference"]["a"]["mutants"]) == (3, 3)
    killed = [(own["a"]["killed"], own["a"]["mutants"]) for own in found["models"].values()]
    assert killed == [(3, 3), (None, None), (0, 3)]
    found = run(GOLD, mutants=1)
    assert found["models"]["m0"]["a"]["mutants"] == 1
    found = run(GOLD, mutants=0)
    assert found["models"]["m0"]["a"] == {
        "status": "passed",
        "message": "",
        "tautology": None,
        "killed": None,
        "mutants": None,
    }


def test_mutants_that_change_nothing_or_that_others_notice_do_not_count(run, monkeypatch):
    same = [{"p.Lib": b"one"}, {"p.Lib": b"one"}, None, {"p.Lib": b"two"}]
    monkeypatch.setattr(execution, "class_files", lambda *_: same)
    assert run(GOLD)["models"]["m0"]["a"]["mutants"] == 1
    # The rest of the test fails on every mutant.
    monkeypatch.setitem(globals(), "answered", lambda job: "failed" if len(job.files) > 1 else "passed")
    assert run(GOLD)["models"]["m0"]["a"]["mutants"] is None


def test_a_row_whose_own_assertion_fails_does_not_count(run, monkeypatch):
    monkeypatch.setitem(globals(), "answered", lambda *_: "timed_out")
    found = run(GOLD)
    assert found["measured"] is False
    assert "its own assertion has timed_out: it timed_out" in found["reason"]


def test_without_a_sandbox_or_a_jdk_the_reason_is_written(run, monkeypatch):
    def none(unsafe):
        raise DataError("no sandbox for tests")

    monkeypatch.setattr(execution, "find_sandbox", none)
    assert run(GOLD) == {"measured": False, "reason": "no sandbox for tests"}
    monkeypatch.setenv("PATH", "")
    assert "no JDK" in run(GOLD)["reason"]
    assert run.asked == []
