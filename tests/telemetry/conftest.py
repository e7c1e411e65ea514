"""Trainings of a nano model, and steps whose numbers are known: as the tests of trainings have them."""

import pytest

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

ACCUMULATED = {"epochs": 2, "batch_size": 4, "accumulation": 2, "records": {"gradient_every": 3}}


@pytest.fixture
def run(distill):
    """Folder of a student whose steps have two micro-batches and which measured gradients in every third."""
    return distill("whole", ACCUMULATED)
