"""A map over forked processes: they inherit the function with its data and send only results."""

from __future__ import annotations

import contextlib
import multiprocessing
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
_AHEAD = 4  # results that a process may be ahead of the reader


def forked_map(function: Callable[[Item], Result], items: Sequence[Item], processes: int) -> Iterator[Result]:
    """Yield ``function(item)`` in the order of the items, worked out by several processes.

    Process k works on every ``processes``-th item from the k-th on. It may be a few results ahead of the
    reader, then it waits; so memory is bounded. The order does not depend on the number of processes.

    Args:
        function: Function to apply; the processes inherit it, so it need not be picklable.
        items: Arguments of the function.
        processes: Number of processes; with 1, or if the system cannot fork, no process is started.

    Raises:
        Exception: Any exception that ``function`` raised.
        RuntimeError: If a process ended without a result, e.g. for lack of memory, or sent what cannot be
            read.
    """
    processes = min(processes, len(items))
    if processes < 2 or "fork" not in multiprocessing.get_all_start_methods():
        yield from map(function, items)
        return
    shares = [items[first::processes] for first in range(processes)]
    workers = [_Worker(function, share) for share in shares]
    # Not before all are forked: a process must not inherit the threads' locks.
    for worker in workers:
        worker.reader.start()
    try:
        for place in range(len(items)):
            yield workers[place % processes].result()
    finally:
        for worker in workers:
            worker.stop()


class _Worker(Generic[Item, Result]):
    """A process and the thread that takes its results, so that no process waits for another."""

    def __init__(self, function: Callable[[Item], Result], items: Sequence[Item]) -> None:
        context = multiprocessing.get_context("fork")
        self._connection, theirs = context.Pipe(duplex=False)
        self._process = context.Process(target=_work, args=(function, items, theirs), daemon=True)
        self._process.start()
        theirs.close()
        self._results: queue.Queue[tuple[bool, Any]] = queue.Queue(_AHEAD)
        self.reader = threading.Thread(target=self._read, args=(len(items),), daemon=True)

    def _read(self, count: int) -> None:
        for _ in range(count):
            try:
                self._results.put(self._connection.recv())
            except (EOFError, OSError):
                lost = RuntimeError("a worker process ended without a result; is there enough memory?")
                self._results.put((False, lost))
                return
            except Exception as error:  # some exceptions can be sent but not made again of what was sent
                unread = RuntimeError(f"what a worker process sent cannot be read: {error!r}")
                self._results.put((False, unread))
                return

    def result(self) -> Result:
        """Return the next result, or raise what the function raised."""
        done, value = self._results.get()
        if not done:
            raise value
        return value

    def stop(self) -> None:
        """End the process, whatever it is doing."""
        self._process.terminate()
        self._process.join()
        # A reader that waits for room ends once there is some.
        while self.reader.is_alive():
            with contextlib.suppress(queue.Empty):
                self._results.get(timeout=0.01)
        self._connection.close()


def _work(function: Callable[[Item], Result], items: Sequence[Item], connection: Connection) -> None:
    for item in items:
        try:
            answer = (True, function(item))
        except Exception as error:  # it is raised again where the result is read
            connection.send((False, error))
            return
        connection.send(answer)
