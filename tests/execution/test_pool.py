"""Many jobs: what tests leave behind, workers that die, the cache, and errors of whoever asks."""

from __future__ import annotations

from dataclasses import replace

import psutil
import pytest

from kdlib.execution import pool
from kdlib.execution.jobs import ExecutionJob, ExecutionLimits, ExecutionResult
from kdlib.execution.pool import run
from kdlib.execution.result_cache import ResultCache
from kdlib.execution.sandbox import find_sandbox
from kdlib.execution.worker import Worker
from kdlib.files import DataError
from kdlib.java.compiler import SourceFile
from tests.execution.conftest import job4, job5, results


@pytest.fixture(scope="module")
def sandbox():
    return find_sandbox()


def test_no_job_sees_what_another_left(junit4, cache, sandbox):
    leave = """assertEquals(1, Counter.next());
        assertNull(System.getProperty("left")); System.setProperty("left", "x");
        assertTrue(new File("left").createNewFile()); assertTrue(new File("folder").mkdir());
        assertNotEquals("de", Locale.getDefault().getLanguage()); Locale.setDefault(Locale.GERMANY);
        assertNotEquals("CET", TimeZone.getDefault().getID());
        TimeZone.setDefault(TimeZone.getTimeZone("CET"));
        assertNull(System.in.read() < 0 ? null : "input"); System.setOut(null);
        assertNull(Thread.getDefaultUncaughtExceptionHandler());
        Thread.setDefaultUncaughtExceptionHandler((t, e) -> { });"""
    found = results([job4(f"Leaves{n}", leave, junit4) for n in range(3)], cache, sandbox, workers=1)
    assert [(result.status, result.message) for result in found.values()] == [("passed", "")] * 3


def test_one_jvm_serves_many_jobs_until_one_spoils_it(junit4, cache, sandbox):
    pid = 'throw new Exception("jvm " + ProcessHandle.current().info().startInstant().get());'
    threads = "new Thread(() -> { while (true) { } }).start();"
    found = results(
        [job4("A", pid, junit4), job4("B", pid, junit4), job4("C", threads, junit4), job4("D", pid, junit4)],
        cache,
        sandbox,
        workers=1,
    )
    said = {name: found[name].message.split(" (")[0] for name in "ABD"}
    assert said["A"] == said["B"]
    assert said["B"] != said["D"]
    assert found["C"].status == "passed"


def test_a_job_that_kills_its_jvm_is_tried_once_more_alone(junit4, cache, sandbox, monkeypatch):
    alone = []
    before = Worker.run_alone

    def counted(self, job):
        alone.append(job.id)
        return before(self, job)

    monkeypatch.setattr(Worker, "run_alone", counted)
    jobs = [job4("Kills", "Runtime.getRuntime().halt(7);", junit4)]
    jobs += [job4(f"Good{n}", f"assertEquals({n}, {n});", junit4) for n in range(4)]
    found = results(jobs, cache, sandbox)
    assert found["Kills"].status == "crashed"
    assert found["Kills"].message == "its JVM ended with status 7"
    assert list(found)[-1] == "Kills"
    assert alone == ["Kills"]


def test_equal_content_runs_once_and_again_never(junit4, tmp_path, sandbox, monkeypatch):
    slow = "Thread.sleep(50); fail();"
    first = job4("Same", slow, junit4)
    twin = ExecutionJob("twin", first.files, first.test_class, first.method, first.classpath, first.framework)
    other = job4("Other", "", junit4)
    found = results([first, twin, other], tmp_path, sandbox)
    assert found["twin"].seconds == found["Same"].seconds
    assert found["twin"].status == "failed"
    monkeypatch.setattr(Worker, "run", None)
    assert results([other, twin], tmp_path, sandbox) == {"Other": found["Other"], "twin": found["twin"]}


def answering(status):
    """Return what answers every job alike."""
    return lambda _, jobs: [ExecutionResult(job.id, status, "", 1.0) for job in jobs]


@pytest.mark.parametrize(
    "change",
    [
        "file",
        "class path",
        "limits",
        "method",
        "framework",
        "harness",
        "project",
        "processor time",
        "runs",
        "statement",
    ],
)
def test_whatever_a_result_depends_on_is_part_of_its_key(change, tmp_path, monkeypatch):
    """Without any JVM: the workers' answer is set."""
    monkeypatch.setattr(
        Worker, "run", lambda _, jobs: [ExecutionResult(job.id, "passed", "", 1.0) for job in jobs]
    )
    monkeypatch.setattr(pool, "build_harness", lambda _, cache: cache)
    jar = tmp_path / "a.jar"
    jar.write_bytes(b"1")
    files = (SourceFile("A", b"class A {}"),)
    job = ExecutionJob("1", files, "A", "t", (jar,), "junit4")
    assert [r.status for r in run([job], ExecutionLimits(), 1, tmp_path, "unsafe")] == ["passed"]
    monkeypatch.setattr(
        Worker, "run", lambda _, jobs: [ExecutionResult(job.id, "failed", "", 1.0) for job in jobs]
    )
    assert [r.status for r in run([job], ExecutionLimits(), 1, tmp_path, "unsafe")] == ["passed"]
    limits = ExecutionLimits()
    match change:
        case "file":
            job = ExecutionJob("1", (SourceFile("A", b"class A {} "),), "A", "t", (jar,), "junit4")
        case "class path":
            jar.write_bytes(b"2")
        case "limits":
            limits = ExecutionLimits(seconds=11)
        case "method":
            job = ExecutionJob("1", files, "A", "u", (jar,), "junit4")
        case "framework":
            job = ExecutionJob("1", files, "A", "t", (jar,), "junit5")
        case "project":
            (tmp_path / "project").mkdir()
            job = replace(job, project=tmp_path / "project")
        case "processor time":
            job = replace(job, cpu_seconds=1.0)
        case "runs":
            job = replace(job, runs=1)
        case "statement":
            job = replace(job, statement=(0, 5))
        case "harness":
            monkeypatch.setattr(pool, "harness_digest", lambda: "other")
    assert [r.status for r in run([job], limits, 1, tmp_path, "unsafe")] == ["failed"]


def test_processor_time_is_bounded_for_a_loop_and_not_for_one_who_waits(junit4, cache, sandbox):
    bodies = {"Loops": "while (true) { }", "Waits": "Thread.sleep(1500);", "Ends": ""}
    jobs = [replace(job4(name, body, junit4), cpu_seconds=0.5) for name, body in bodies.items()]
    found = results(jobs, cache, sandbox, workers=1)
    told = {name: (result.status, result.message) for name, result in found.items()}
    assert told["Loops"] == ("timed_out", "not ended within 0.5 s of processor time")
    assert (told["Waits"], told["Ends"]) == (("passed", ""), ("passed", ""))


READ = 'assertEquals("two", new String(java.nio.file.Files.readAllBytes(new File("src/data.txt").toPath())));'


def test_files_of_the_project_stand_in_the_working_directory(junit4, tmp_path, cache, sandbox):
    """To read only; and again after a test has removed them."""
    (tmp_path / "project/src").mkdir(parents=True)
    (tmp_path / "project/src/data.txt").write_text("two")
    bodies = {
        "Reads": READ,
        "Writes": 'new FileWriter("src/data.txt").close();',
        "Removes": 'assertTrue(new File("src").delete());',
        "Again": READ,
    }
    jobs = [replace(job4(name, body, junit4), project=tmp_path / "project") for name, body in bodies.items()]
    found = results([*jobs, job4("Without", READ, junit4)], cache, sandbox, workers=1)
    assert {name: result.status for name, result in found.items()} == {
        "Reads": "passed",
        "Writes": "failed",
        "Removes": "passed",
        "Again": "passed",
        "Without": "failed",
    }
    assert "Read-only file system" in found["Writes"].message
    assert (tmp_path / "project/src/data.txt").read_text() == "two"


def test_without_a_sandbox_files_of_the_project_are_out_of_reach(junit4, tmp_path, cache):
    (tmp_path / "src").mkdir()
    (tmp_path / "src/data.txt").write_text("two")
    (found,) = results([replace(job4("Reads", READ, junit4), project=tmp_path)], cache, "unsafe").values()
    assert found.status == "failed"


def test_class_paths_and_frameworks_may_be_mixed_in_a_stream(junit4, junit5, cache, sandbox):
    five = "class Mixed{} {{ @Test void t() {{ assertEquals({}, Counter.next()); }} }}"
    pairs = [
        (
            job4(f"Mix{n}", f"assertEquals({n}, Counter.next());", junit4),
            job5(f"Mixed{n}", five.format(n, n), "t", junit5),
        )
        for n in (1, 2)
    ]
    mixed = iter([job for pair in pairs for job in pair])
    found = {result.id: result.status for result in run(mixed, ExecutionLimits(), 2, cache, sandbox)}
    assert found == {"Mix1": "passed", "Mix2": "failed", "Mixed1.t": "passed", "Mixed2.t": "failed"}


def test_nothing_is_left_when_the_caller_stops_early(junit4, cache, sandbox):
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    jobs = [job4("Quick", "", junit4), *(job4(f"Stop{n}", "while (true) { }", junit4) for n in range(6))]
    answers = run(jobs, ExecutionLimits(seconds=60), 2, cache, sandbox)
    assert next(answers).id == "Quick"
    answers.close()
    assert {child.pid for child in psutil.Process().children(recursive=True)} <= before


def test_without_a_sandbox_tests_still_end(junit4, cache):
    found = results([job4("Exits", "System.exit(0);", junit4), job4("Fine", "", junit4)], cache, "unsafe")
    assert [found[name].status for name in ("Exits", "Fine")] == ["crashed", "passed"]


def test_too_little_memory_for_a_jvm_is_told(junit4, cache, sandbox):
    with pytest.raises(DataError, match=r"no JVM starts .* limited to 1 MB"):
        results([job4("Fine", "", junit4)], cache, sandbox, limits=ExecutionLimits(memory_mb=1))


def test_a_class_path_that_is_gone_is_told(tmp_path, cache, sandbox):
    with pytest.raises(DataError, match=r"none\.jar: on the class path of a test, but not there"):
        results([job4("A", "", (tmp_path / "none.jar",))], cache, sandbox)


def test_no_jdk_is_told_before_anything_starts(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DataError, match="no JDK: javac is not on the PATH"):
        list(run([], ExecutionLimits(), 1, tmp_path / "cache", "unsafe"))
    assert not (tmp_path / "cache").exists()


def test_results_outlive_a_process_and_a_damaged_file_is_told_no_jdk(tmp_path):
    results = ResultCache(tmp_path / "r.sqlite")
    results.keep(b"k", ExecutionResult("a", "failed", "größe", 0.5, 0.25, True))
    assert results.find(b"k", "b") == ExecutionResult("b", "failed", "größe", 0.5, 0.25, True)
    results.close()
    again = ResultCache(tmp_path / "r.sqlite")
    assert again.find(b"k", "c") == ExecutionResult("c", "failed", "größe", 0.5, 0.25, True)
    assert again.find(b"other", "c") is None
    again.close()
    (tmp_path / "r.sqlite").write_bytes(b"no database" * 1000)
    with pytest.raises(DataError, match=r"r\.sqlite: cannot be used .* delete it and run again"):
        ResultCache(tmp_path / "r.sqlite")
