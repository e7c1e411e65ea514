from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
import threading

import pytest

from kdlib.corpus.mining.parallel import forked_map

pytestmark = pytest.mark.slow  # starts processes, and waits for those that are killed


def squares(count, processes):
    return list(forked_map(lambda number: number * number, range(count), processes))


@pytest.mark.parametrize("processes", [1, 2, 3, 7])
@pytest.mark.parametrize("count", [0, 1, 2, 3, 50])
def test_results_come_in_the_order_of_the_items(count, processes):
    assert squares(count, processes) == [number**2 for number in range(count)]


def test_the_order_does_not_depend_on_who_is_done_first():
    first = threading.Event()

    def slow_at_first(number):
        # Process 0 is kept at its first item until process 1, which works on odd ones, has had time to go on.
        if number == 0:
            first.wait(0.2)
        return number

    assert list(forked_map(slow_at_first, range(9), 2)) == list(range(9))


def test_each_process_works_on_its_share_and_knows_what_cannot_be_sent():
    lock = threading.Lock()  # no pickle of it
    pids = list(forked_map(lambda _: (lock.locked(), os.getpid()), range(6), 3))
    assert len({pid for _, pid in pids}) == 3
    assert pids[:3] == pids[3:]
    assert (False, os.getpid()) not in pids


def test_one_process_or_one_item_works_here():
    assert set(forked_map(lambda _: os.getpid(), range(3), 1)) == {os.getpid()}
    assert set(forked_map(lambda _: os.getpid(), [0], 5)) == {os.getpid()}


def test_without_fork_everything_is_done_here(monkeypatch):
    monkeypatch.setattr(multiprocessing, "get_all_start_methods", lambda: ["spawn"])
    assert set(forked_map(lambda _: os.getpid(), range(3), 2)) == {os.getpid()}


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_what_the_function_raises_is_raised_after_the_results_before_it(processes):
    def halves(number):
        if number == 5:
            raise ValueError("5 is odd")
        return number / 2

    results = forked_map(halves, [0, 2, 4, 5, 6, 8], processes)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="5 is odd"):
        next(results)
    assert multiprocessing.active_children() == []


def test_a_process_that_dies_is_told():
    def die(number):
        if number == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return number

    results = forked_map(die, range(6), 2)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(RuntimeError, match="without a result"):
        next(results)
    assert multiprocessing.active_children() == []


def test_a_result_that_cannot_be_sent_is_an_error_and_no_silence():
    with pytest.raises(RuntimeError, match="without a result"):
        list(forked_map(lambda _: threading.Lock(), range(4), 2))
    assert multiprocessing.active_children() == []


class TwoPartError(Exception):
    """It is sent as its one message and cannot be made again of that."""

    def __init__(self, place, why):
        super().__init__(f"{place}: {why}")


def fail_in_two_parts(number):
    raise TwoPartError("a.java", "odd")


@pytest.mark.timeout(20)
@pytest.mark.parametrize("function", [fail_in_two_parts, lambda _: TwoPartError("a.java", "odd")])
def test_what_cannot_be_read_is_an_error_and_no_endless_wait(function):
    with pytest.raises(RuntimeError, match="cannot be read"):
        list(forked_map(function, range(4), 2))
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize("taken", [0, 1, 5])
def test_who_stops_reading_ends_the_processes(taken):
    before = set(threading.enumerate())  # a progress bar of an earlier test may have left its monitor
    results = forked_map(lambda _: "x" * 100_000, range(1000), 3)
    assert len(list(itertools.islice(results, taken))) == taken
    results.close()
    assert multiprocessing.active_children() == []
    assert set(threading.enumerate()) <= before


def test_large_results_and_many_items_pass():
    texts = list(forked_map(lambda number: str(number) * 300_000, range(40), 3))
    assert [text[:1] for text in texts] == [str(number)[0] for number in range(40)]
    assert [len(text) for text in texts] == [len(str(number)) * 300_000 for number in range(40)]


def test_processes_do_not_run_far_ahead_of_the_reader(tmp_path):
    """Else everything would be in memory before the first result is read."""

    def noted(number):
        (tmp_path / str(number)).touch()
        return "x" * 1_000_000  # more than a pipe holds

    results = forked_map(noted, range(200), 2)
    next(results)
    before = -1
    while before != (before := len([*tmp_path.iterdir()])):
        threading.Event().wait(0.3)
    assert 1 <= before < 40
    results.close()
