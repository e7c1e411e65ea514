"""Sums over real processes, which a shell starts."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import psutil
import pytest

from kdlib.execution import watch
from kdlib.execution.watch import Together, Watch, taken_below

HOLD = f"{sys.executable} -c 'import time; b = bytearray(80 << 20); print(1, flush=True); time.sleep(60)'"
BURN = f"{sys.executable} -c 'import time; b = time.process_time\nwhile b() < 1.2: pass'"


@pytest.fixture
def shells():
    """Return a function that starts a shell, which is ended with all below it."""
    started = []

    def shell(script):
        started.append(subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE))
        return started[-1]

    yield shell
    for process in started:
        with process:
            for each in (*psutil.Process(process.pid).children(recursive=True), process):
                each.kill()


@pytest.fixture(params=[True, False], ids=["listed children", "any kernel"])
def kernel(request, monkeypatch):
    if not request.param:
        monkeypatch.setattr(watch.os.path, "exists", lambda _: False)


@pytest.mark.usefixtures("kernel")
def test_memory_of_all_is_summed(shells):
    process = shells(f"{HOLD} & {HOLD} & wait")
    assert [process.stdout.readline() for _ in range(2)] == [b"1\n"] * 2
    taken = taken_below(process.pid)
    assert 2 * 80 < taken.memory_mb < 2 * 80 + 100
    told = []
    over = threading.Event()

    def exceeded(reason):
        told.append(reason)
        over.set()

    enough = Watch(process.pid, Together(1000, 100), told.append)
    Watch(process.pid, Together(150, 100), exceeded)
    assert over.wait(5)
    enough.stop()
    (reason,) = told
    assert reason.startswith("its processes took 1")
    assert reason.endswith(" MB together, 150 are allowed")


def test_processor_time_of_those_that_are_over_is_summed(shells):
    process = shells(f"{BURN}; {BURN}; echo 1; sleep 60")
    assert process.stdout.readline() == b"1\n"
    assert taken_below(process.pid).cpu_seconds >= 2
    told = []
    watching = Watch(process.pid, Together(1000, 1), told.append)
    end = time.monotonic() + 5
    while not told and time.monotonic() < end:
        time.sleep(0.05)
    watching.stop()
    (reason,) = told
    assert "s of processor time together, 1 are allowed" in reason


def test_who_is_over_takes_nothing():
    with subprocess.Popen(["true"]) as process:
        process.wait()
    assert taken_below(process.pid) == Together(0, 0)
