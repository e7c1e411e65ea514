"""A map over forked processes: what the function knows is inherited, only results travel."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection
from typing import Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def forked_map(function: Callable[[Item], Result], items: Sequence[Item], processes: int) -> Iterator[Result]:
    """Yield ``function(item)`` in the order of the items, worked out by several processes.

    Process k works on every ``processes``-th item from the k-th on and waits when the reader is behind, so
    that no more than a few results are in memory. The order does not depend on the number of processes.

    Args:
        function: May know anything: the processes inherit it and never send it.
        items: What to work on.
        processes: With 1, or where the system cannot fork, everything is done in this process.

    Raises:
        Exception: What ``function`` raised.
        RuntimeError: If a process ended without a result, e.g. for lack of memory.
    """
    processes = min(processes, len(items))
    if processes < 2 or "fork" not in multiprocessing.get_all_start_methods():
        yield from map(function, items)
        return
    context = multiprocessing.get_context("fork")
    workers = []
    try:
        for first in range(processes):
            ours, theirs = context.Pipe(duplex=False)
            worker = context.Process(
                target=_work, args=(function, items[first::processes], theirs), daemon=True
            )
            worker.start()
            theirs.close()
            workers.append((worker, ours))
        for place in range(len(items)):
            yield _received(workers[place % processes][1])
    finally:
        for worker, connection in workers:
            connection.close()
            worker.terminate()
            worker.join()


def _work(function: Callable[[Item], Result], items: Sequence[Item], connection: Connection) -> None:
    for item in items:
        try:
            answer = (True, function(item))
        except Exception as error:  # it is raised again where the result is read
            connection.send((False, error))
            return
        connection.send(answer)


def _received(connection: Connection) -> Any:  # noqa: ANN401  (what the function returned)
    try:
        done, value = connection.recv()
    except EOFError:
        raise RuntimeError("a worker process ended without a result; is there enough memory?") from None
    if not done:
        raise value
    return value
