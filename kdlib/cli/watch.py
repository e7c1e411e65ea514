"""``kdlib watch``: a run while it runs, on a terminal or as lines; it reads files and touches nothing."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kdlib.cli.errors import fail, told

if TYPE_CHECKING:
    from rich.console import Group

    from kdlib.runs.progress import Progress, TrainingProgress

LINE_SECONDS = 600.0  # between two lines about trainings, where there is no terminal


def watch(
    overlay: Annotated[
        list[Path] | None, typer.Option(help="Configuration of the run, as of --configfile; repeatable.")
    ] = None,
    every: Annotated[float, typer.Option(min=0.1, help="Seconds between two looks.")] = 2.0,
) -> None:
    """Follow the run that goes on in this folder: jobs done, running and left, trainings with time left.

    It ends when the run has ended, with code 1 if a job failed. Runs on a cluster look like local ones.
    """
    from kdlib.runs.progress import is_alive, newest_log, read_log

    with told():
        log = newest_log(_run_name(overlay))
        found = read_log(log)
        if found.ended or not is_alive():
            how = "ended" if found.ended else "was killed"
            print(f"no run is going on here; the last, of results/{found.run}, {how}")
        elif sys.stdout.isatty():
            found = _on_terminal(log, every)
        else:
            found = _as_lines(log, every)
    print(_summary(found))
    if found.failed or found.left():
        raise typer.Exit(1)


def _run_name(overlay: list[Path] | None) -> str | None:
    if not overlay:
        return None
    from kdlib.config import ConfigError, read_config

    try:
        return read_config([Path("config/config.yaml"), *overlay]).run
    except ConfigError as error:
        fail(str(error))


def _looks(log: Path, every: float) -> Iterator[tuple[Progress, list[TrainingProgress]]]:
    """Yield what is to be seen, again and again until the run has ended."""
    from kdlib.runs.progress import is_alive, read_log, trainings

    while True:
        alive = is_alive()  # before the log is read, so that nothing written in between is missed
        found = read_log(log)
        yield found, [] if found.ended else list(trainings(found.began))
        if found.ended or not alive:
            return
        time.sleep(every)


def _on_terminal(log: Path, every: float) -> Progress:
    from rich.live import Live

    with Live(refresh_per_second=4) as live:
        for found, trained in _looks(log, every):
            live.update(_picture(found, trained), refresh=True)
    return found


def _picture(found: Progress, trained: list[TrainingProgress]) -> Group:
    from rich.console import Group
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    rules = Table(box=None, pad_edge=False)
    for name in ("rule", "done", "", "each took"):
        rules.add_column(name, justify="left" if name == "rule" else "right")
    for rule, planned in found.planned.items():
        done = found.done[rule]
        seconds = found.seconds.get(rule)
        took = _clock(sum(seconds) / len(seconds)) if seconds else ""
        rules.add_row(rule, f"{done}/{planned}", ProgressBar(planned, done, width=20), took)
    jobs = [f"running {_clock(time.time() - job.began)}  {job.what}" for job in found.running.values()]
    bars = Table.grid(padding=(0, 2))
    for training in trained:
        bars.add_row(
            training.name,
            ProgressBar(training.planned or training.step, training.step, width=30),
            _training(training),
        )
    failed = [f"FAILED  {what}" for what in found.failed.values()]
    return Group(rules, Text(), *map(Text, [*jobs, *failed]), bars, Text(_summary(found, trained)))


def _as_lines(log: Path, every: float) -> Progress:
    """Print a line for everything that has happened and happens, and how far trainings are now and then."""
    said = 0
    told_at = time.monotonic()
    for found, trained in _looks(log, every):
        lines = found.events[said:]
        said = len(found.events)
        if time.monotonic() - told_at > LINE_SECONDS:
            told_at = time.monotonic()
            lines += [f"training {training.name}  {_training(training)}" for training in trained]
            lines.append(_summary(found, trained))
        for line in lines:
            print(line, flush=True)
    return found


def _training(training: TrainingProgress) -> str:
    """Return how far a training is, in words."""
    left = training.left()
    steps = f"step {training.step}" + (f"/{training.planned}" if training.planned else "")
    return f"epoch {training.epoch + 1}, {steps}" + (f", {_clock(left)} left" if left is not None else "")


def _summary(found: Progress, trained: list[TrainingProgress] | None = None) -> str:
    from kdlib.runs.progress import seconds_left

    done = sum(found.done.values())
    planned = sum(found.planned.values())
    text = f"{done} of {planned} jobs done, {len(found.running)} running, {len(found.failed)} failed"
    if found.ended or trained is None:
        return f"{text}; {found.log}"
    left = seconds_left(found, trained)
    # Jobs that run side by side take less.
    return text + (f"; {_clock(left)} of work left by earlier times" if left is not None else "")


def _clock(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))
