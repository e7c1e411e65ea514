"""What is seen while a training runs: a bar on a terminal, few lines in a log, the same after a crash."""

from __future__ import annotations

import io
import sys

import pytest

from kdlib.config import Training
from kdlib.telemetry import progress as module
from kdlib.telemetry.health import Keys
from kdlib.telemetry.progress import Monitor
from kdlib.telemetry.step_csv import Validation

KEYS = Keys("students.toy", Training(epochs=2), balanced=False)


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def monitor(tmp_path):
    """Return a function that makes monitors, all of which are closed at the end."""
    made = []

    def make(history=(), planned=8):
        made.append(Monitor(tmp_path / "tensorboard", KEYS, planned, 1, history))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_a_log_has_a_line_an_epoch_with_rate_and_time_left(monitor, make_step, capsys):
    seen = monitor()
    for number in range(1, 5):
        seen.step(make_step(number))
    assert capsys.readouterr() == ("", "")
    seen.validation(Validation(1, 4, 2.5))
    printed = capsys.readouterr()
    assert printed.err == ""
    assert printed.out == (
        "epoch 1/2  step 4/8  loss 1.5000 = jsd 1.0000 + semantic 0.5000  validation 2.5000 nats/token, "
        "the best  16.0 rows/s, 0:00:00 left\n"
    )


def test_an_epoch_without_validation_has_its_line_too(monitor, make_step, capsys):
    seen = monitor()
    for number in range(1, 7):
        seen.step(make_step(number, epoch=(number - 1) // 2))
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition("  loss")[0] for line in lines] == ["epoch 1/2  step 2/8", "epoch 2/2  step 4/8"]


def test_a_long_epoch_is_not_silent(monitor, make_step, capsys, monkeypatch):
    seen = monitor()
    monkeypatch.setattr(module, "QUIET_SECONDS", 0.0)
    seen.step(make_step(1))
    assert capsys.readouterr().out.startswith("epoch 1/2  step 1/8  loss 1.5000")


def test_a_terminal_has_a_bar_with_rate_and_time_left(monitor, make_step, capsys, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    seen = monitor(planned=4)
    for number in range(1, 5):
        seen.step(make_step(number))
    seen.validation(Validation(1, 4, 2.5))
    seen.close()
    bar = terminal.getvalue()
    assert "4/4" in bar
    assert "step/s" in bar
    assert "loss 1.5000, 16.0 rows/s" in bar
    assert "<" in bar  # elapsed < left
    assert capsys.readouterr().out.startswith("epoch 1/2")


def test_going_on_tells_nothing_again(monitor, make_step, capsys):
    before = [make_step(number, gradient=500.0) for number in range(1, 4)]
    seen = monitor(history=before)
    assert capsys.readouterr().out == ""
    seen.step(make_step(4, gradient=500.0))
    assert "warning" not in capsys.readouterr().out
    assert seen.sums.steps == 4


def test_the_bar_goes_on_where_it_was(monitor, make_step, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monitor(history=[make_step(number) for number in range(1, 4)])
    assert "3/8" in terminal.getvalue()


def test_a_warning_is_printed_when_it_comes_up(monitor, make_step, capsys):
    seen = monitor()
    seen.step(make_step(1, gradient=500.0))
    assert capsys.readouterr().out.startswith(
        "warning: step 1: the gradient's norm is 500, above 100; likely "
    )


def test_events_can_be_watched_and_have_each_step_once_after_going_on(monitor, make_step, events, tmp_path):
    first = monitor()
    for number in range(1, 6):  # killed in step 6, the last checkpoint was at step 4
        first.step(make_step(number))
    first.validation(Validation(1, 5, 2.5))
    assert {step for tag, step, _ in events(tmp_path) if tag == "Loss/total"} == {1, 2, 3, 4, 5}
    again = monitor(history=[make_step(number) for number in range(1, 5)])
    for number in (5, 6):
        again.step(make_step(number))
    again.close()
    assert [step for tag, step, _ in events(tmp_path) if tag == "Loss/total"] == [1, 2, 3, 4, 5, 6]
