"""What all processes of a sandbox take together; the system limits each by itself only."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import NamedTuple

import psutil

_SECONDS_BETWEEN = 0.2
_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICKS = os.sysconf("SC_CLK_TCK")
# Fields of /proc/PID/stat after the name, which may hold blanks: own time and that of children that are over.
_TIMES = slice(11, 15)


class Together(NamedTuple):
    """Resources that a process and all below it may take.

    Attributes:
        memory_mb: Resident memory in megabytes; what several share counts for each of them.
        cpu_seconds: Processor time in seconds, that of processes which are over included.
    """

    memory_mb: int
    cpu_seconds: int


class Watch:
    """A thread that looks at a process and all below it until they take too much or it is stopped."""

    def __init__(self, pid: int, allowed: Together, exceeded: Callable[[str], None]) -> None:
        """Start it.

        Args:
            pid: The process above the others.
            allowed: What they may take together.
            exceeded: Called once, with the reason, where they take more.
        """
        self._pid = pid
        self._allowed = allowed
        self._exceeded = exceeded
        self._over = threading.Event()
        threading.Thread(target=self._look, name="watch", daemon=True).start()

    def stop(self) -> None:
        """Look no more; called before the process's number may be that of another."""
        self._over.set()

    def _look(self) -> None:
        while not self._over.wait(_SECONDS_BETWEEN):
            memory_mb, cpu_seconds = taken_below(self._pid)
            allowed = self._allowed
            if memory_mb > allowed.memory_mb:
                taken = f"{memory_mb} MB together, {allowed.memory_mb} are allowed"
            elif cpu_seconds > allowed.cpu_seconds:
                taken = f"{cpu_seconds} s of processor time together, {allowed.cpu_seconds} are allowed"
            else:
                continue
            if not self._over.is_set():
                self._exceeded(f"its processes took {taken}")
            return


def taken_below(pid: int) -> Together:
    """Return what a process and all below it take now."""
    pages = ticks = 0
    for each in _with_all_below(pid):
        try:
            with open(f"/proc/{each}/statm", "rb") as file:
                pages += int(file.read().split()[1])
            with open(f"/proc/{each}/stat", "rb") as file:
                ticks += sum(map(int, file.read().rpartition(b")")[2].split()[_TIMES]))
        except (OSError, IndexError):  # it is over
            continue
    return Together(pages * _PAGE >> 20, ticks // _TICKS)


def _with_all_below(pid: int) -> Iterator[int]:
    if not os.path.exists("/proc/thread-self/children"):  # a kernel that does not list them
        with suppress(psutil.NoSuchProcess):
            above = psutil.Process(pid)
            yield from (each.pid for each in (above, *above.children(recursive=True)))
        return
    left = [pid]
    while left:
        each = left.pop()
        yield each
        try:
            # A child is that of a thread.
            for thread in os.listdir(f"/proc/{each}/task"):
                with open(f"/proc/{each}/task/{thread}/children", "rb") as file:
                    left += map(int, file.read().split())
        except OSError:  # it is over
            continue
