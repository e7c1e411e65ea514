"""What a run says, and does, when the folder it works in is not as it should be."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.workflow.kills import jobs_of
from tests.workflow.project import CONFIG, PARTS, Project, copy_project

pytestmark = pytest.mark.workflow


def start(project: Project, *options: str, before: tuple[str, ...] = ()) -> subprocess.Popen[str]:
    """Start Snakemake in a process group of its own."""
    command = [*before, sys.executable, "-m", "snakemake", "--profile", "profiles/local", *CONFIG, *options]
    return subprocess.Popen(
        command,
        cwd=project.folder,
        env={**os.environ, "PYTHONPATH": str(project.folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


@contextmanager
def running(project: Project) -> Iterator[int]:
    """Run Snakemake for a while, then kill it with all its jobs; gives its process id."""
    run = start(project, "--until", "teacher")
    until = time.monotonic() + 60
    held = project.folder / ".snakemake/run.lock"
    try:
        while not held.is_file() or f"process {run.pid} " not in held.read_text():
            assert time.monotonic() < until, "it did not start"
            assert run.poll() is None, run.communicate()[0]
            time.sleep(0.05)
        yield run.pid
        assert run.poll() is None, "it ended too early to be in the way"
    finally:
        os.killpg(run.pid, signal.SIGKILL)
        run.communicate()


def test_a_second_run_and_a_stale_lock_are_told_with_the_way_out(tmp_path):
    project = copy_project(tmp_path)
    with running(project):
        second = project.snakemake("--until", "teacher", check=False)
    assert "Directory cannot be locked" in second
    assert "--unlock" in second
    stale = project.snakemake("--until", "mine", check=False)
    assert "--unlock" in stale
    project.snakemake("--unlock")
    with running(project) as owner:
        project.snakemake("--unlock")  # which it should not be
        output = project.snakemake("--until", "teacher", check=False)
    assert f"another run works in this folder (process {owner} on " in output
    assert "Traceback" not in output
    project.snakemake("--until", "mine")
    assert (project.folder / "results/test/corpus/mined/sample.parquet").is_file()


def test_read_only_results_are_told_before_any_job(finished, tmp_path):
    """What is there already is found protected by Snakemake, what is new by our own look."""
    results = str(finished.folder / "results")
    read_only = ("bwrap", "--dev-bind", "/", "/", "--ro-bind", results, results, "--die-with-parent")
    sweep = tmp_path / "sweep.yaml"
    sweep.write_text("sweep: {recipes: [ce], seeds: [5]}\n")
    asked = {
        "Write-protected output files for rule": ("--forcerun", "card"),
        "results/test cannot be written to: it is read-only": (
            *CONFIG,
            str(sweep),
            "--",
            "results/test/students/ce-s5/training_report.json",
        ),
    }
    for told, options in asked.items():
        run = start(finished, *options, before=read_only)
        output = run.communicate(timeout=240)[0]
        assert run.returncode != 0
        assert told in output
        assert "Error in rule" not in output
        assert "Traceback" not in output
    assert finished.planned() == {}


def test_a_folder_copied_whole_goes_on_where_it_was(finished, tmp_path):
    project = Project(tmp_path / "elsewhere")
    shutil.copytree(finished.folder, project.folder)
    output = project.snakemake("--dry-run")
    assert "Nothing to be done" in output
    assert "was made in another folder" not in output


def test_a_copy_with_new_dates_runs_no_training_again(finished, tmp_path):
    """Files are known by their bytes; a folder of classes only by its date, and what it gave is cached."""
    project = Project(tmp_path / "elsewhere")
    shutil.copytree(finished.folder, project.folder, copy_function=shutil.copyfile)
    assert project.planned().keys() <= {"execution", "score", "report", "track", "manifest"}


def test_results_copied_without_their_records_are_told_and_can_be_taken_over(finished, tmp_path):
    project = Project(tmp_path / "elsewhere")
    project.folder.mkdir()
    for part in (*PARTS, "results", "cache", "logs"):
        source = finished.folder / part
        (shutil.copytree if source.is_dir() else shutil.copy2)(source, project.folder / part)
    assert "results/test was made in another folder" in project.snakemake("--dry-run")
    assert "nothing has changed" in project.kdlib("why", "student", "--overlay", "config/test.yaml")
    project.snakemake("--touch", "--forceall")
    output = project.snakemake("--dry-run")
    assert "was made in another folder" not in output
    assert "Nothing to be done" in output


@contextmanager
def own_disk(folder: Path) -> Iterator[None]:
    """Put a file system of its own at a folder, which ``resize`` makes smaller and larger."""
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "results", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def resize(disk: Path, kilobytes: int) -> None:
    subprocess.run(["mount", "-o", f"remount,size={kilobytes}k", str(disk)], check=True)


def test_a_full_disk_is_told_and_the_run_goes_on_when_there_is_room(finished, tmp_path):
    project = copy_project(tmp_path)
    results, teacher = project.folder / "results/test", "results/test/teachers/base/best_model"
    with own_disk(results):
        project.snakemake("--until", "dataset", "tracking")
        resize(results, (shutil.disk_usage(results).used >> 10) + 200)
        output = project.snakemake("--until", "teacher", check=False)
        assert "cannot be written: the disk is full; make room and run again" in output
        assert "Traceback" not in output
        assert not (project.folder / teacher).exists()
        assert not list(results.rglob("*.partial"))
        resize(results, 100_000)
        project.snakemake("--until", "teacher")
        for name in ("model.safetensors", "config.json"):
            made, expected = (own.folder / teacher / name for own in (project, finished))
            assert made.read_bytes() == expected.read_bytes()


def test_clocks_that_differ_between_nodes_run_nothing_again(finished, tmp_path):
    """Files are dated as if each rule had run on a node whose clock is hours early or late."""
    project = Project(tmp_path / "elsewhere")
    shutil.copytree(finished.folder, project.folder)
    hours = random.Random(0)
    for job in jobs_of(project):
        skew = hours.uniform(-6, 6) * 3600
        for path in (project.folder / name for name in job.outputs):
            if path.is_file():
                date = path.stat().st_mtime + skew
                os.utime(path, (date, date))
    assert project.planned() == {}
