"""Trainings of a nano model on a few rows, each a second or less."""

from __future__ import annotations

import csv
from functools import partial
from types import SimpleNamespace

import pytest

from kdlib.config import Components, Student, Teacher, Training
from kdlib.training.records import CLOCKS

ALL_COMPONENTS = {"ce": {}, "focal": {}, "kl": {}, "jsd": {}, "semantic": {}}
NANO = {"d_model": 32, "d_ff": 64, "encoder_layers": 1, "decoder_layers": 1, "heads": 2}


@pytest.fixture(scope="session")
def finetune_into(dataset):
    """Return a function that fine-tunes into ``FOLDER/NAME`` and returns that folder."""
    from kdlib.training.finetune import finetune

    def run(folder, name, tracking=None, code="", **training):
        teacher = Teacher(size=NANO, training=Training(**{"batch_size": 8, **training}))
        files = (dataset.train, dataset.validation, dataset.tokenizer)
        finetune("toy", teacher, *files, folder / name, folder / "checkpoints", 1, tracking, code)
        return folder / name

    return run


@pytest.fixture
def finetune(finetune_into, tmp_path):
    """Return a function that fine-tunes into ``tmp_path/NAME`` and returns that folder."""
    return partial(finetune_into, tmp_path)


@pytest.fixture
def distill(dataset, manifest, teacher, tmp_path):
    """Return a function that distils into ``tmp_path/NAME`` and returns that folder."""
    from kdlib.training.distill import distill

    def run(name, training, **student):
        preset = Student.model_validate(
            {"teacher": "toy", "size": NANO, "training": {"batch_size": 8, **training}, **student}
        )
        out = tmp_path / name
        files = (dataset.train, dataset.validation, dataset.tokenizer)
        signals = manifest if preset.needs_signals() else None
        encoder = teacher if preset.needs_encoder() else None
        distill("toy", preset, *files, signals, encoder, out, tmp_path / "checkpoints", 1)
        return out

    return run


@pytest.fixture
def first_step(tokenizer, rows, manifest, teacher, tmp_path):
    """Return a function that makes one optimiser step on 16 rows and tells what happened.

    Its result holds ``gradients`` and ``weights`` by name, and ``steps``, the rows of step_metrics.csv.
    """
    import torch
    from transformers import TrainerCallback

    from kdlib.models.seq2seq import build, load
    from kdlib.signals.store import SignalStore
    from kdlib.training.distill import frozen_encoder
    from kdlib.training.fit import arguments
    from kdlib.training.live import LiveRun
    from kdlib.training.objective import Objective
    from kdlib.training.plan import student_plan
    from kdlib.training.records import StepRecords
    from kdlib.training.renaming import renaming
    from kdlib.training.trainer import LossTrainer

    class Gradients(TrainerCallback):
        def on_pre_optimizer_step(self, *_, model, **__):
            self.found = {name: p.grad.clone() for name, p in model.named_parameters()}

    def run(batch_size, accumulation, components=ALL_COMPONENTS, weights=None):
        torch.set_num_threads(1)
        settings = {"epochs": 1, "batch_size": batch_size, "accumulation": accumulation, "dropout": 0}
        student = Student.model_validate(
            {
                "teacher": "toy",
                "size": NANO,
                "components": components,
                "loss_weights": weights or dict.fromkeys(components, 0.2),
                "training": {**settings, "clip": 1e9, "warmup_ratio": 0},
            }
        )
        folder = tmp_path / f"{batch_size}x{accumulation}"
        folder.mkdir()
        live = LiveRun(None, "toy", "key", {}, 0)
        records = StepRecords(folder, student.components.names(), batch_size, live)
        records.open(0)
        gradients = Gradients()
        trainer = LossTrainer(
            model=build(student.size, tokenizer, 0.0, seed=3),
            args=arguments(student.training, folder),
            rows=rows[:16],
            validation=rows[16:20],
            objective=Objective(
                Components.model_validate(components), SignalStore(manifest), frozen_encoder(load(teacher))
            ),
            plan=student_plan(student),
            records=records,
            renaming=renaming({}, rows, 0.0, 0),
        )
        trainer.add_callback(gradients)
        trainer.train()
        return SimpleNamespace(
            gradients=gradients.found, weights=trainer.model.state_dict(), steps=read_steps(folder)
        )

    return run


def read_steps(folder):
    with (folder / "step_metrics.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def steps():
    """Return a function that reads the rows of step_metrics.csv."""
    return read_steps


@pytest.fixture(scope="session")
def outcome():
    """Return a function that reads all that must be equal in equal runs from a run's folder."""

    def read(folder):
        result = {
            str(path.relative_to(folder)): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file() and path.name != "step_metrics.csv"
        }
        assert {"best_model/model.safetensors", "final_model/model.safetensors"} <= result.keys()
        rows = read_steps(folder)
        result["steps"] = [{k: v for k, v in row.items() if k not in CLOCKS} for row in rows]
        return result

    return read
