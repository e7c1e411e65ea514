"""Checkpoints between the ends of epochs, so that no crash costs more than so many steps."""

from __future__ import annotations

from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState


class SaveEvery(TrainerCallback):
    """Asks for a checkpoint every so many steps; the end of an epoch has one of its own.

    A checkpoint holds all random states, and the order of an epoch depends on its number alone, so that
    neither these checkpoints nor going on from one changes a weight.
    """

    def __init__(self, steps: int) -> None:
        """Keep the distance.

        Args:
            steps: Optimiser steps from one checkpoint to the next.
        """
        self.steps = steps

    def on_step_end(
        self,
        args: Any,  # noqa: ANN401, ARG002  (signature of transformers)
        state: TrainerState,
        control: TrainerControl,
        **_: Any,  # noqa: ANN401
    ) -> None:
        """Ask for a checkpoint.

        At the end of an epoch, where ``state.epoch`` is whole, none is asked for: the epoch's own would be
        written over it, and a crash between the two would leave neither.
        """
        if state.global_step % self.steps == 0 and float(state.epoch or 0) % 1:
            control.should_save = True
