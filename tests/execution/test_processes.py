"""Whole processes of kdlib that run a test: their locale, umask and user, and that nothing outlives them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest

from kdlib.execution.sandbox import why_not
from tests.execution.conftest import JUNIT4, ROOT, chosen

HARMLESS = "assertEquals(1, Counter.next());"
NOBODY = 65534


def command(sandbox, place, body, jars, umask="022", user=None):
    user = os.geteuid() if user is None else user
    arguments = [sandbox, place, body, umask, user, *chosen(jars, JUNIT4)]
    return [sys.executable, "-m", "tests.execution.one_job", *map(str, arguments)]


def environment(**more):
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **more}


def said(*arguments, env=None, **more):
    done = subprocess.run(
        command(*arguments, **more), env=env or environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_folder_of_any_name_in_the_locale_c(sandbox, jars, tmp_path):
    place = tmp_path / "größe \u65e5 mit 'blank'"
    place.mkdir()
    assert said(sandbox, place, HARMLESS, jars, env=environment(LC_ALL="C")) == "passed"


@pytest.mark.parametrize("umask", ["027", "077"])
def test_whatever_the_umask_is(sandbox, jars, tmp_path, umask):
    assert said(sandbox, tmp_path, HARMLESS, jars, umask=umask) == "passed"


@pytest.fixture
def place_for_all():
    """A folder that any user can reach, which one of pytest is not."""
    with tempfile.TemporaryDirectory(prefix="kdlib-test-") as folder:
        yield Path(folder)


@pytest.mark.parametrize("umask", ["022", "077"])
def test_a_plain_user(sandbox, jars, place_for_all, umask):
    if os.geteuid() != 0:
        pytest.skip("all tests here are run by a plain user")
    reachable = place_for_all / "jars"
    reachable.mkdir()
    for jar in chosen(jars, JUNIT4):
        shutil.copyfile(jar, reachable / jar.name)
    place_for_all.chmod(0o755)
    place = place_for_all / "place"
    place.mkdir()
    found = said(sandbox, place, HARMLESS, list(reachable.iterdir()), umask=umask, user=NOBODY)
    if found.startswith("none"):
        pytest.skip(f"{sandbox} for a plain user: {found}")
    assert found == "passed"


def processes_of(place):
    """Return processes in whose arguments a folder stands, and that are not over."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        arguments = " ".join(process.info["cmdline"] or ())
        if str(place) in arguments and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found


def is_looping(process):
    try:
        return (
            process.name() == "java"
            and process.cpu_times().user > 1.5
            and "kdlib.harness.RunJobs" in process.cmdline()[-2]
        )
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize("kind", ["bubblewrap", "namespaces", "unsafe"])
def test_nothing_outlives_a_process_that_is_killed(kind, jars, tmp_path):
    if kind != "unsafe" and (reason := why_not(kind)):
        pytest.skip(f"{kind}: {reason}")
    with subprocess.Popen(command(kind, tmp_path, "while (true) { }", jars), env=environment()) as process:
        try:
            end = time.monotonic() + 60
            while not any(map(is_looping, processes_of(tmp_path))):
                assert process.poll() is None
                assert time.monotonic() < end
                time.sleep(0.1)
        finally:
            process.kill()
    end = time.monotonic() + 2
    while processes_of(tmp_path) and time.monotonic() < end:
        time.sleep(0.05)
    left = processes_of(tmp_path)
    for outlived in left:
        outlived.kill()
    assert left == []
