"""``kdlib watch``, on logs as Snakemake writes them."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kdlib.cli import app
from kdlib.files import DataError, write_json
from kdlib.runs.progress import (
    TrainingProgress,
    is_alive,
    newest_log,
    read_log,
    seconds_left,
    trainings,
)
from tests.runs.small_run import write_manifest, write_training

ROOT = Path(__file__).resolve().parents[2]
HEAD = """\
Building DAG of jobs...
Provided cores: 2
Job stats:
job          count
---------  -------
mine             2
student          2
all              1
total            5

Select jobs to execute...
Execute 2 jobs...
"""
BEGUN = """\
[Sat Nov 21 23:52:51 2026]
Job 27: mine joda-time
Reason: Missing output files: results/small/corpus/mined/joda-time.json
[Sat Nov 21 23:52:51 2026]
Job 13: mine commons-jexl3
Reason: Missing output files: results/small/corpus/mined/commons-jexl3.parquet
Job 13 has been submitted with SLURM jobid 2 (log: /x/.snakemake/slurm_logs/rule_mine/commons-jexl3/2.log).
"""
MINED = """\
[Sat Nov 21 23:52:53 2026]
Finished jobid: 13 (Rule: mine)
1 of 5 steps (20%) done
[Sat Nov 21 23:52:59 2026]
Finished jobid: 27 (Rule: mine)
2 of 5 steps (40%) done
"""
TRAINING = """\
[Sat Nov 21 23:53:00 2026]
Job 4: distil the student ce
Reason: Params have changed since last execution
"""
FAILED = """\
[Sat Nov 21 23:53:10 2026]
Error in rule student:
    message: distil the student ce
    jobid: 4
    input: results/small/dataset/train.parquet
    log: logs/small/student/ce.log (check log file(s) for error details)
"""
AGAIN = """\
Trying to restart job 4.
[Sat Nov 21 23:53:11 2026]
Job 4: distil the student ce
"""
DONE = """\
[Sat Nov 21 23:53:20 2026]
Finished jobid: 4 (Rule: student)
[Sat Nov 21 23:53:20 2026]
Job 5: distil the student trident
[Sat Nov 21 23:53:30 2026]
Finished jobid: 5 (Rule: student)
[Sat Nov 21 23:53:30 2026]
localrule all:
    jobid: 0
[Sat Nov 21 23:53:30 2026]
Finished jobid: 0 (Rule: all)
5 of 5 steps (100%) done
"""
END = "Complete log(s): /x/.snakemake/log/a.snakemake.log\n"
BEGAN = time.mktime((2026, 11, 21, 23, 52, 51, 0, 0, -1))


@pytest.fixture
def logs(tmp_path, monkeypatch):
    """The folder of the logs, in an empty project."""
    monkeypatch.chdir(tmp_path)
    Path(".snakemake/log").mkdir(parents=True)
    return Path(".snakemake/log")


def written(logs, *parts, name="2026-11-21T235249.1"):
    path = logs / f"{name}.snakemake.log"
    path.write_text("".join(parts))
    return path


def hold(process=None):
    Path(".snakemake/run.lock").write_text(
        f"process {process or os.getpid()} on {platform.node()}, since x\n"
    )


def test_jobs_are_planned_running_and_done(logs):
    found = read_log(written(logs, HEAD, BEGUN, MINED, TRAINING))
    assert found.planned == {"mine": 2, "student": 2}
    assert found.done == {"mine": 2}
    assert found.seconds == {"mine": [2.0, 8.0]}
    assert {number: job.what for number, job in found.running.items()} == {4: "distil the student ce"}
    assert found.left() == {"student": 2}
    assert (found.run, found.began, found.ended) == ("small", BEGAN, False)


def test_a_job_that_failed_is_told_until_it_is_started_again(logs):
    failed = read_log(written(logs, HEAD, BEGUN, MINED, TRAINING, FAILED))
    assert failed.failed == {4: "student: distil the student ce"}
    assert failed.running == {}
    again = read_log(written(logs, HEAD, BEGUN, MINED, TRAINING, FAILED, AGAIN))
    assert again.failed == {}
    assert list(again.running) == [4]


def test_the_newest_log_with_jobs_counts(logs):
    first = written(logs, HEAD, BEGUN, name="2026-11-21T1")
    written(
        logs, "Nothing to be done (all requested files are present and up to date).\n", name="2026-11-22T1"
    )
    assert newest_log(None) == newest_log("small") == first
    with pytest.raises(DataError, match="no run of other has been started here yet"):
        newest_log("other")


def test_who_holds_the_folder_tells_whether_the_run_lives(logs):
    assert not is_alive()
    hold()
    assert is_alive()
    over = subprocess.Popen([sys.executable, "-c", ""])
    over.wait()
    hold(over.pid)
    assert not is_alive()
    Path(".snakemake/run.lock").write_text("process 1 on another-node, since x\n")
    assert is_alive()


def test_trainings_tell_their_step_and_time_left(logs):
    folder = Path("cache/checkpoints")
    write_training(folder, "students-small-one-0123456789abcdef")
    own = folder / "students-small-one-0123456789abcdef"
    write_json(own / "planned_steps.json", {"steps": 12})
    with (own / "step_metrics.csv").open("a") as file:
        file.write("1010.5,1,7")  # a row that is being written
    (found,) = trainings(time.time() - 60)
    assert found == TrainingProgress("students/small-one", 6, 12, 1, 0.5)
    assert found.left() == 0.5
    assert list(trainings(time.time() + 60)) == []
    (own / "planned_steps.json").unlink()
    (found,) = trainings(0)
    assert found.left() is None


def test_the_work_left_is_told_by_earlier_times_if_all_are_known(logs):
    found = read_log(written(logs, HEAD, BEGUN, TRAINING))
    training = TrainingProgress("students/ce", 10, 40, 0, 5.0)  # 15 s left
    assert seconds_left(found, [training]) is None  # nothing is known of mine
    write_manifest(Path("results/small"), "mine", {}, [], [])  # which took 60.5 s
    write_manifest(Path("results/small"), "student", {}, [], [])
    assert seconds_left(found, [training]) == 15 + 60.5 + 2 * 60.5
    found = read_log(written(logs, HEAD, BEGUN, MINED, TRAINING))
    assert seconds_left(found, [training]) == 15 + 60.5


def watch(*options):
    return CliRunner().invoke(app, ["watch", "--every", "0.1", *options])


def test_without_a_run_it_says_so(logs):
    assert "no run has been started here yet" in watch().stderr
    written(logs, HEAD, BEGUN, MINED, TRAINING, DONE, END)
    done = watch()
    assert done.exit_code == 0
    assert "no run is going on here; the last, of results/small, ended" in done.stdout
    assert "4 of 4 jobs done, 0 running, 0 failed" in done.stdout


def test_a_killed_run_is_told(logs):
    written(logs, HEAD, BEGUN, MINED, TRAINING)
    done = watch()
    assert done.exit_code == 1
    assert "the last, of results/small, was killed" in done.stdout


def test_lines_follow_a_run_to_its_end(logs):
    path = written(logs, HEAD, BEGUN)
    hold()

    def go_on():
        for part in (MINED, TRAINING, FAILED, AGAIN, DONE, END):
            time.sleep(0.4)
            with path.open("a") as file:
                file.write(part)

    writer = threading.Thread(target=go_on)
    writer.start()
    done = watch()
    writer.join()
    assert done.exit_code == 0
    said = done.stdout.splitlines()
    assert said[:-1] == [
        "started  mine joda-time",
        "started  mine commons-jexl3",
        "done     mine 1/2",
        "done     mine 2/2",
        "started  distil the student ce",
        "FAILED   student: distil the student ce",
        "started  distil the student ce",
        "done     student 1/2",
        "started  distil the student trident",
        "done     student 2/2",
    ]
    assert "4 of 4 jobs done, 0 running, 0 failed" in done.stdout.splitlines()[-1]


def test_a_terminal_shows_rules_jobs_and_trainings(logs):
    """In a pseudo-terminal, which alone makes rich draw."""
    import pty

    path = written(logs, HEAD, BEGUN, MINED, TRAINING)
    hold()
    write_training(Path("cache/checkpoints"), "students-ce-0123456789abcdef")
    write_json(Path("cache/checkpoints/students-ce-0123456789abcdef/planned_steps.json"), {"steps": 12})
    os.utime("cache/checkpoints/students-ce-0123456789abcdef/step_metrics.csv", (BEGAN + 99, BEGAN + 99))
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", "from kdlib.cli import app; app()", "watch", "--every", "0.2"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "100", "LINES": "40", "TERM": "xterm"}
    process = subprocess.Popen(command, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    seen = b""
    while b"step 6/12" not in seen:
        seen += os.read(ours, 65536)
    with path.open("a") as file:
        file.write(FAILED + END)
    with suppress(OSError):  # how Linux says that the other end was closed
        while chunk := os.read(ours, 65536):
            seen += chunk
    os.close(ours)
    assert process.wait(timeout=60) == 1
    text = seen.decode()
    for part in ("2/2", "0/2", "distil the student ce", "students/ce", "0:00:00 left", "FAILED  student"):
        assert part in text
