"""Trainings of a nano model, and steps whose numbers are known: as the tests of trainings have them."""

from tests.training.conftest import (
    distill,
    edit,
    events,
    finetune,
    finetune_into,
    make_step,
    manifest,
    outcome,
    signals_of,
    steps,
)

__all__ = [
    "distill",
    "edit",
    "events",
    "finetune",
    "finetune_into",
    "make_step",
    "manifest",
    "outcome",
    "signals_of",
    "steps",
]
