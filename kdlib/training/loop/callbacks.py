"""transformers callbacks for the beginning of a training, its steps and its epochs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from transformers import TrainerCallback, TrainerControl, TrainerState
from transformers.trainer_callback import ExportableState

from kdlib.training.loop.schedules import has_converged

if TYPE_CHECKING:
    from transformers import TrainingArguments

    from kdlib.tracking.mlflow_run import LiveRun
    from kdlib.training.loop.plan import ConvergedBy, Plan
    from kdlib.training.loop.record_writer import StepRecords


class Beginning(TrainerCallback):
    """Passes the planned numbers of steps to the records of process 0."""

    def __init__(self, records: StepRecords, plan: Plan) -> None:
        """Keep both.

        Args:
            records: Records of the run.
            plan: Plan with the share of steps with rising learning rate.
        """
        self.records = records
        self.plan = plan

    def on_train_begin(
        self,
        args: TrainingArguments,
        state: TrainerState,
        *_: Any,
        **__: Any,
    ) -> None:
        """Begin (signature of transformers)."""
        if state.is_world_process_zero:
            self.records.begin(state.max_steps, self.plan.warmup(state.max_steps))


class SaveEvery(TrainerCallback):
    """Requests a checkpoint every so many steps; the end of an epoch always has one.

    A checkpoint holds all random states, and the order of an epoch depends on its number alone, so that
    neither these checkpoints nor resuming from one changes a weight.
    """

    def __init__(self, steps: int) -> None:
        """Keep the interval.

        Args:
            steps: Optimiser steps from one checkpoint to the next.
        """
        self.steps = steps

    def on_step_end(
        self,
        args: Any,
        state: TrainerState,
        control: TrainerControl,
        **_: Any,
    ) -> None:
        """Request a checkpoint.

        At the end of an epoch, where ``state.epoch`` is whole, none is requested: the checkpoint of the epoch
        would overwrite it, and a crash between the two would leave neither.
        """
        if state.global_step % self.steps == 0 and float(state.epoch or 0) % 1:
            control.should_save = True


class Convergence(TrainerCallback, ExportableState):
    """Watches the mean cross entropy of the epochs, or the validations; its state travels with checkpoints.

    Attributes:
        converged: Whether an epoch improved by less than the threshold; once true, it stays true.
    """

    def __init__(self, threshold: float, by: ConvergedBy = "ce") -> None:
        """Begin before the first epoch.

        Args:
            threshold: Share of the value before, e.g. 0.01; see ``has_converged``.
            by: What is compared: ``ce``, the mean cross entropy of the epochs, or ``validation``.
        """
        self.threshold = threshold
        self.by = by
        self.converged = False
        self.previous: float | None = None
        self.total: float | None = None
        self.steps = 0

    def add(self, ce: float) -> None:
        """Add a micro-batch's share in the cross entropy of its optimiser step."""
        self.total = (self.total or 0.0) + ce

    def on_step_end(self, *_: Any, **__: Any) -> None:
        """Count a step (signature of transformers)."""
        self.steps += 1

    def on_epoch_end(self, *_: Any, **__: Any) -> None:
        """Compare the epoch's mean with the one before (signature of transformers)."""
        if self.by == "ce" and self.total is not None:  # else the loss has no cross entropy
            self._compare(self.total / self.steps)
        self.total = None
        self.steps = 0

    def on_evaluate(self, *_: Any, metrics: dict[str, float], **__: Any) -> None:
        """Compare a validation with the one before (signature of transformers)."""
        if self.by == "validation":
            self._compare(metrics["eval_nll"])

    def _compare(self, current: float) -> None:
        if self.previous is not None and has_converged(self.previous, current, self.threshold):
            self.converged = True
        self.previous = current

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint keeps."""
        kept = ("converged", "previous", "total", "steps")
        return {
            "args": {"threshold": self.threshold, "by": self.by},
            "attributes": {name: getattr(self, name) for name in kept},
        }


class Validations(TrainerCallback):
    """Leaves out validations between those that are due; every epoch is saved all the same."""

    def __init__(self, frequency: int, epochs: int) -> None:
        """Keep the interval.

        Args:
            frequency: Epochs from one validation to the next.
            epochs: Epochs of the run; the last one is always validated.
        """
        self.frequency = frequency
        self.epochs = epochs

    def on_epoch_end(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **_: Any,
    ) -> TrainerControl:
        """Cancel the validation that the trainer's own callback, which comes before, requested."""
        del args
        done = round(state.epoch or 0)
        if done % self.frequency and done != self.epochs:
            control.should_evaluate = False
        return control


class CoverageLog(TrainerCallback):
    """Reports after every epoch which share of the rows was in any epoch so far."""

    def __init__(self, coverage: Sequence[float], rows: int, live: LiveRun) -> None:
        """Keep what is reported.

        Args:
            coverage: Share of the rows after every epoch, in [0, 1].
            rows: Number of rows.
            live: MLflow run that receives the share.
        """
        self.coverage = coverage
        self.rows = rows
        self.live = live

    def on_epoch_end(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **_: Any,
    ) -> None:
        """Log the share (signature of transformers)."""
        del args, control
        epoch = round(state.epoch or 0)
        share = self.coverage[epoch - 1]
        self.live.log({"coverage": share}, state.global_step)
        if state.is_world_process_zero:
            print(f"epoch {epoch}  has seen {share:.1%} of {self.rows:,} rows", flush=True)
