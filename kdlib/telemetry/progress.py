"""What a user sees of a training while it runs: a bar or a line an epoch, warnings, TensorBoard."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

from kdlib.telemetry.epoch_stats import Tally
from kdlib.telemetry.health import Keys
from kdlib.telemetry.step_csv import Step, Validation
from kdlib.telemetry.tensorboard import Board
from kdlib.telemetry.warnings import HealthWarning, Watch

QUIET_SECONDS = 600.0  # a log is not silent for longer


class Monitor:
    """Follows a run from record to record; what it shows is made from the records alone."""

    def __init__(
        self,
        folder: Path,
        keys: Keys,
        planned_steps: int,
        warmup_steps: int,
        history: Iterable[Step | Validation],
    ) -> None:
        """Take in what an interrupted run recorded, and open the bar.

        Args:
            folder: Takes the TensorBoard events. It is emptied: those of an interrupted run lack what was not
                written out, and hold steps that are run again.
            keys: What warnings point to.
            planned_steps: Optimiser steps of the run.
            warmup_steps: Steps with rising learning rate.
            history: Records up to the checkpoint.
        """
        from tqdm import tqdm

        self.planned = planned_steps
        self.epochs = keys.training.epochs
        self.watch = Watch(keys, planned_steps, warmup_steps)
        self.tally = Tally()
        self.validations: list[Validation] = []
        shutil.rmtree(folder, ignore_errors=True)
        self.board = Board(folder)
        done = 0
        for record in history:
            self._take(record)
            done = record.step if isinstance(record, Validation) else record.number
        self.started, self.done, self.told = time.monotonic(), done, time.monotonic()
        self.bar = tqdm(
            total=planned_steps,
            initial=done,
            unit="step",
            dynamic_ncols=True,
            disable=not sys.stderr.isatty(),
        )

    def step(self, step: Step) -> None:
        """Show a step."""
        if self.tally.last and self.tally.last.epoch != step.epoch and not self.validated:
            self.say(self._line(self.tally.last.number))
        for warning in self._take(step):
            self.say(f"warning: {warning.text()}")
        self.bar.update()
        if speed := self.tally.speed():
            self.bar.set_postfix_str(f"loss {step.total:.4f}, {speed:.1f} rows/s", refresh=False)
        if self.bar.disable and time.monotonic() - self.told > QUIET_SECONDS:
            self.say(self._line(step.number))

    def validation(self, validation: Validation) -> None:
        """Show a validation with the epoch so far."""
        warnings = self._take(validation)
        self.say(self._line(validation.step))
        for warning in warnings:
            self.say(f"warning: {warning.text()}")

    def say(self, line: str) -> None:
        """Print a line, above the bar if there is one."""
        self.bar.write(line)
        sys.stdout.flush()
        self.told = time.monotonic()

    def close(self) -> None:
        """Close the bar and the event file."""
        self.bar.close()
        self.board.close()

    def _take(self, record: Step | Validation) -> list[HealthWarning]:
        if isinstance(record, Validation):
            self.validations.append(record)
            self.board.validation(record, self.tally.last.time if self.tally.last else time.time())
            return self.watch.validation(record)
        if self.tally.last and self.tally.last.epoch != record.epoch:
            self.tally = Tally()
        self.tally.add(record)
        self.board.step(record)
        return self.watch.step(record)

    @property
    def validated(self) -> bool:
        """Whether the last step was followed by a validation, which has printed the epoch's line."""
        last = self.tally.last
        return bool(last and self.validations and self.validations[-1].step == last.number)

    def _line(self, step: int) -> str:
        """Return the epoch so far with rate and time left, where there is something to measure."""
        line = self.tally.epoch().line(self.epochs, self.planned, self.validations)
        speed, done = self.tally.speed(), step - self.done
        if not speed or done <= 0:
            return line
        left = (time.monotonic() - self.started) / done * (self.planned - step)
        return f"{line}  {speed:.1f} rows/s, {timedelta(seconds=round(left))} left"
