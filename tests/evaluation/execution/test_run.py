from __future__ import annotations

import re
import shutil
from contextlib import nullcontext

import pyarrow as pa
import pytest

from kdlib.config import Execution
from kdlib.evaluation.execution import mutated
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
    if "throw new AssertionError" in statement:
        return "failed"
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

    def fake(jobs):
        for job in jobs:
            asked.append(job)
            status = answered(job)
            told = "" if status == "passed" else f"it {status}"
            yield ExecutionResult(job.id, status, told, 0.1, 2.5, asserted=status == "failed")

    monkeypatch.setattr(execution, "open_pool", lambda *_: nullcontext(fake))
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
    assert [bool(entry["vacuous"]) for entry in entries] == [False, False, False, True, False, False]
    assert [entry["asserted"] for entry in entries] == [False, True, False, False, False, False]


def counted(entry):
    """Return killed and mutants of both halves."""
    return [(entry[half]["killed"], entry[half]["mutants"]) for half in ("rank", "score")]


def test_mutants_are_killed_by_what_fails_on_them(run):
    found = run(GOLD, "assertEquals(2, x);", "assertEquals(x, x);")
    # return 2, return 0 and return (int) 0, all of which the gold assertion notices.
    assert counted(found["reference"]["a"]) == [(1, 1), (2, 2)]
    killed = [counted(own["a"]) for own in found["models"].values()]
    assert killed == [[(1, 1), (2, 2)], [(0, 0), (0, 0)], [(0, 0), (0, 0)]]
    assert counted(run(GOLD, mutants=1)["models"]["m0"]["a"]) == [(0, 0), (1, 1)]
    none = {"killed": 0, "mutants": 0}
    assert run(GOLD, mutants=0)["models"]["m0"]["a"] == {
        "status": "passed",
        "message": "",
        "asserted": False,
        "vacuous": None,
        "rank": none,
        "score": none,
        "fault": None,
    }


def test_what_a_model_wrote_is_marked_and_has_a_control(run):
    run(GOLD, "assertEquals(x, 1);")
    for job in run.asked:
        content = job.files[0].content
        statement = content[slice(*job.statement)].decode() if job.statement else None
        if statement is None and b"throw new AssertionError" in content:
            assert (job.control[0].content.decode(), job.runs) == (PROJECT[TEST], 1)
            continue
        if len(job.files) > 1:  # on a mutant: the same file on the original, and the time that it took there
            assert (job.control, job.runs, job.cpu_seconds) == (job.files[:1], 1, 4.0)
            continue
        assert job.cpu_seconds is None
        assert job.runs == 2
        if content == PROJECT[TEST].encode() and job.control is None:
            assert statement is None
        else:
            assert job.control[0].content == PROJECT[TEST].encode()
            assert statement in (None, GOLD, "assertEquals(x, 1);")
    assert {len(job.files) for job in run.asked} == {1, 2}


def test_mutants_that_change_nothing_or_that_others_notice_do_not_count(run, monkeypatch):
    same = [{"p.Lib": b"one"}, {"p.Lib": b"one"}, None, {"p.Lib": b"two"}]
    monkeypatch.setattr(mutated, "class_files", lambda *_: same)
    assert sum(mutants for _, mutants in counted(run(GOLD)["models"]["m0"]["a"])) == 1
    # The rest of the test fails on every mutant.
    real = answered
    monkeypatch.setitem(globals(), "answered", lambda job: "failed" if len(job.files) > 1 else real(job))
    assert counted(run(GOLD)["models"]["m0"]["a"]) == [(0, 0), (0, 0)]


def test_a_row_where_no_failure_is_noticed_does_not_count(run, monkeypatch):
    monkeypatch.setitem(globals(), "answered", lambda *_: "passed")
    found = run(GOLD)
    assert "what fails in place of its assertion is not noticed" in found["reason"]


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
