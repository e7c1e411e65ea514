"""When the records begin to follow a training: as soon as its number of steps is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from transformers import TrainerCallback

if TYPE_CHECKING:
    from transformers import TrainerState, TrainingArguments

    from kdlib.training.plan import Plan
    from kdlib.training.records import StepRecords


class Beginning(TrainerCallback):
    """Tells the records of process 0 what is planned."""

    def __init__(self, records: StepRecords, plan: Plan) -> None:
        """Keep both.

        Args:
            records: Of the run.
            plan: Knows the share of steps with rising rate.
        """
        self.records = records
        self.plan = plan

    def on_train_begin(
        self,
        args: TrainingArguments,  # noqa: ARG002
        state: TrainerState,
        *_: Any,  # noqa: ANN401
        **__: Any,  # noqa: ANN401
    ) -> None:
        """Begin (signature of transformers)."""
        if state.is_world_process_zero:
            self.records.begin(state.max_steps, self.plan.warmup(state.max_steps))
