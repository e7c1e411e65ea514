"""The line that ends a run, on made-up jobs."""

from __future__ import annotations

import subprocess
import sys
from base64 import urlsafe_b64encode
from pathlib import Path

import pytest

from kdlib.files import write_json
from kdlib.runs.spent import Spent, duration, in_one_line, jobs_since
from tests.runs.small_run import write_manifest

# Two students side by side, 0.5 s after their jobs were started; a minute in which nothing runs; the report.
JOBS = [
    Spent("student", 10.0, 10.5, 100.5),
    Spent("student", 10.0, 10.5, 130.5),
    Spent("report", 190.0, 190.5, 191.0),
]


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "0.0 s"),
        (0.44, "0.4 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1.0 min"),
        (492, "8.2 min"),
        (36000, "600 min"),
    ],
)
def test_seconds_below_a_minute_and_minutes_above(seconds, told):
    assert duration(seconds) == told


def test_wall_time_time_of_jobs_starts_and_idle_time_are_told_apart():
    # Wall 0 to 192: idle are 10.5 before, 60 between, 1 after; the students overlap for 90 seconds.
    assert in_one_line(JOBS, 0.0, 192.0) == (
        "3.2 min in all; 3 jobs took 3.5 min: student 3.5 min · report 0.5 s; 1.5 s more to start them; "
        "1.2 min with none at work"
    )


def test_without_snakemakes_records_nothing_is_said_of_starts():
    jobs = [Spent("mine", None, 1.0, 3.0)]
    assert (
        in_one_line(jobs, 0.0, 4.0) == "4.0 s in all; 1 job took 2.0 s: mine 2.0 s; 2.0 s with none at work"
    )


def test_a_failed_run_says_so_and_guesses_no_idle_time():
    told = in_one_line(JOBS, 0.0, 192.0, failed=True)
    assert told.startswith("failed after 3.2 min; 3 jobs took 3.5 min: ")
    assert told.endswith("; 1.5 s more to start them")


@pytest.mark.parametrize(
    ("rules", "end"),
    [(6, "r4 2.0 s · r5 1.0 s"), (7, "r5 2.0 s · r6 1.0 s"), (9, "r5 4.0 s · 3 others 6.0 s")],
)
def test_the_longest_rules_come_first_and_the_rest_is_summed(rules, end):
    jobs = [Spent(f"r{number}", None, 0.0, float(rules - number)) for number in reversed(range(rules))]
    told = in_one_line(jobs, 0.0, float(rules))
    assert f": r0 {rules}.0 s · r1 " in told
    assert told.split("; ")[1].endswith(end)


def manifest(folder, name, began, ended):
    """Write a manifest of a job that made one file; return the name of Snakemake's record of it."""
    (output := Path(f"{folder}/{name}.json")).parent.mkdir(parents=True, exist_ok=True)
    output.write_text("{}")
    made = write_manifest(folder, name, {}, [], [output]) | {"began": began, "ended": ended}
    write_json(folder / "manifests" / f"{name}.json", made)
    return urlsafe_b64encode(str(output).encode()).decode()


def test_only_jobs_of_this_run_count_with_their_starts(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run, cache, records = Path("results/small"), Path("cache"), Path("records")
    manifest(run, "mine/before", 80.0, 90.0)
    write_json(records / manifest(run, "mine/toy", 101.5, 104.0), {"starttime": 101.0})
    write_json(records / manifest(run, "corpus", 105.0, 106.0), {"starttime": 60.0})  # of an earlier run
    write_json(records / manifest(run, "dataset", 106.0, 107.0), {})
    manifest(cache, "fetch/toy", 100.5, 101.0)
    found = jobs_since(100.0, [run, cache], records)
    assert sorted(found, key=lambda own: own.began) == [
        Spent("fetch", None, 100.5, 101.0),
        Spent("mine", 101.0, 101.5, 104.0),
        Spent("corpus", None, 105.0, 106.0),
        Spent("dataset", None, 106.0, 107.0),
    ]


TELL = """
from pathlib import Path
import kdlib.runs.spent as spent
spent.jobs_since = {jobs}
spent.tell_at_exit(Path("results/none"), "results/none/report.html")
print("Elapsed time", file=spent.sys.stderr)
"""


def last_words(jobs):
    """Return what a process writes that tells of some jobs, line by line."""
    command = [sys.executable, "-c", TELL.format(jobs=jobs)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stderr.splitlines()


def test_the_line_comes_last_after_the_report_and_after_all_that_snakemake_says():
    found = last_words("lambda *_: [spent.Spent('mine', None, spent.time.time(), spent.time.time() + 2)]")
    assert found[:2] == ["Elapsed time", "report: results/none/report.html"]
    assert len(found) == 3
    assert " in all; 1 job took 2.0 s: mine 2.0 s; " in found[2]


def test_a_run_without_jobs_has_no_times_and_an_unreadable_record_fails_nothing():
    assert last_words("lambda *_: []") == ["Elapsed time", "report: results/none/report.html"]
    broken = "lambda *_: (_ for _ in ()).throw(spent.DataError('x.json: not a manifest'))"
    assert last_words(broken)[-1] == "where the time went is not known: x.json: not a manifest"
