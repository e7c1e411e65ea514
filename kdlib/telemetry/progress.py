"""Live view of a training: a progress bar or a line per epoch, warnings, and TensorBoard events."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

from kdlib.telemetry.epoch_stats import EpochSums
from kdlib.telemetry.health import Keys
from kdlib.telemetry.step_csv import Step, Validation
from kdlib.telemetry.tensorboard import Board
from kdlib.telemetry.warnings import HealthWarning, Watch

QUIET_SECONDS = 600.0  # longest time without a line in a log


class Monitor:
    """Shows a run from record to record, and from the records alone."""

    def __init__(
        self,
        folder: Path,
        keys: Keys,
        planned_steps: int,
        warmup_steps: int,
        history: Iterable[Step | Validation],
    ) -> None:
        """Read the records of an interrupted run, and open the bar.

        Args:
            folder: Folder of the TensorBoard events. It is emptied: those of an interrupted run lack what was
                not flushed, and hold steps that are run again.
            keys: Keys of the configuration that warnings name.
            planned_steps: Optimiser steps of the run.
            warmup_steps: Steps with rising learning rate.
            history: Records up to the checkpoint.
        """
        from tqdm import tqdm

        self.planned = planned_steps
        self.epochs = keys.training.epochs
        self.watch = Watch(keys, planned_steps, warmup_steps)
        self.sums = EpochSums()
        self.validations: list[Validation] = []
        shutil.rmtree(folder, ignore_errors=True)
        self.board = Board(folder)
        done = 0
        for record in history:
            self._take(record)
            done = record.step if isinstance(record, Validation) else record.number
        self.started = time.monotonic()
        self.printed = time.monotonic()
        self.done = done
        self.bar = tqdm(
            total=planned_steps,
            initial=done,
            unit="step",
            dynamic_ncols=True,
            disable=not sys.stderr.isatty(),
        )

    def step(self, step: Step) -> None:
        """Show a step."""
        if self.sums.last and self.sums.last.epoch != step.epoch and not self.validated:
            self.say(self._line(self.sums.last.number))
        for warning in self._take(step):
            self.say(f"warning: {warning.text()}")
        self.bar.update()
        if speed := self.sums.speed():
            self.bar.set_postfix_str(f"loss {step.total:.4f}, {speed:.1f} rows/s", refresh=False)
        if self.bar.disable and time.monotonic() - self.printed > QUIET_SECONDS:
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
        self.printed = time.monotonic()

    def close(self) -> None:
        """Close the bar and the event file."""
        self.bar.close()
        self.board.close()

    def _take(self, record: Step | Validation) -> list[HealthWarning]:
        if isinstance(record, Validation):
            self.validations.append(record)
            self.board.validation(record, self.sums.last.time if self.sums.last else time.time())
            return self.watch.validation(record)
        if self.sums.last and self.sums.last.epoch != record.epoch:
            self.sums = EpochSums()
        self.sums.add(record)
        self.board.step(record)
        return self.watch.step(record)

    @property
    def validated(self) -> bool:
        """Whether the last step was followed by a validation, which has printed the epoch's line."""
        last = self.sums.last
        return bool(last and self.validations and self.validations[-1].step == last.number)

    def _line(self, step: int) -> str:
        """Return the epoch so far, with rate and time left if they can be measured."""
        line = self.sums.epoch().line(self.epochs, self.planned, self.validations)
        speed = self.sums.speed()
        done = step - self.done
        if not speed or done <= 0:
            return line
        left = (time.monotonic() - self.started) / done * (self.planned - step)
        return f"{line}  {speed:.1f} rows/s, {timedelta(seconds=round(left))} left"
