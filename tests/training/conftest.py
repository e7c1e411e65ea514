"""Trainings of a nano model on a few rows, each a second or less."""

from __future__ import annotations

import csv
import json
import re
import tempfile
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest

from kdlib.config import Signals, Student, Teacher, Training
from kdlib.files import read_json, sha256, write_json
from kdlib.losses.table import Components
from kdlib.records import digest
from kdlib.training.loop.record_writer import CLOCKS
from tests.conftest import job_in

LAYERS = {"hidden", "attention"}  # they read a teacher online; test_layers.py is about them
ALL_COMPONENTS = {name: {} for name in Components.model_fields if name not in LAYERS}
CLOCKED = {"step_metrics.csv", "distillation_log.txt"}
CLOCK_TAGS = {"Training/memory_mb", "Training/seconds"}
NANO = {"d_model": 32, "d_ff": 64, "encoder_layers": 1, "decoder_layers": 1, "heads": 2}


def edit_manifest(manifest, **changes):
    content = {**read_json(manifest), **changes}
    del content["digest"]
    write_json(manifest, {**content, "digest": digest([json.dumps(content, sort_keys=True)])})


@pytest.fixture(scope="session")
def edit():
    """Return a function that changes fields of a manifest, which stays whole."""
    return edit_manifest


@pytest.fixture(scope="session")
def signals_of(store_of, dataset):
    """Return a function that stores a teacher's signals in a folder and returns the manifest."""

    def run(folder, teacher, **settings):
        manifest = store_of(folder, dataset, teacher, Signals(**{"shards": 2, "batch_size": 5, **settings}))
        edit_manifest(manifest, dataset=digest(map(sha256, (dataset.train, dataset.validation))))
        return manifest

    return run


@pytest.fixture(scope="session")
def manifest(signals_of, teacher, tmp_path_factory):
    """Manifest of the teacher's hidden states."""
    return signals_of(tmp_path_factory.mktemp("store"), teacher)


@pytest.fixture(scope="session")
def finetune_into(dataset):
    """Return a function that fine-tunes into ``FOLDER/NAME`` and returns that folder."""
    from kdlib.training.finetune import finetune

    def run(folder, name, tracking=None, code="", size=NANO, resume_from=None, **training):
        teacher = Teacher(size=size, training=Training(**{"batch_size": 8, **training}))
        job = job_in(folder, name, tracking=tracking, code=code, resume_from=resume_from)
        finetune("toy", teacher, dataset.teacher_inputs(), job)
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

    def run(
        name, training, store=manifest, model=teacher, beams_file=None, measure=None, resume=None, **student
    ):
        preset = Student.model_validate(
            {"teacher": "toy", "size": NANO, "training": {"batch_size": 8, **training}, **student}
        )
        files = {"signals": store, "teacher": model, "encoder": measure, "beams": beams_file}
        inputs = dataset.student_inputs(tmp_path, **files)
        distill("toy", preset, inputs, job_in(tmp_path, name, resume_from=resume))
        return tmp_path / name

    return run


@pytest.fixture
def trainer_of(tokenizer, rows, manifest, teacher):
    """Return a function that makes the trainer of a student of all components, which writes into a folder."""
    from kdlib.models.scratch import build
    from kdlib.signals.store import SignalStore
    from kdlib.telemetry.health import Keys
    from kdlib.tracking.mlflow_run import LiveRun
    from kdlib.training.distill import legality_of
    from kdlib.training.loop.arguments import arguments
    from kdlib.training.loop.data import TrainingData
    from kdlib.training.loop.objective import Objective
    from kdlib.training.loop.plan import student_plan
    from kdlib.training.loop.record_writer import StepRecords
    from kdlib.training.loop.trainer import LossTrainer
    from kdlib.training.teacher.encoder import gold_embeddings_of
    from kdlib.training.teacher.layers import pair

    def make(folder, training, resumed=0, chosen=rows[:16], signals=manifest, online=None, **student):
        components = {"components": ALL_COMPONENTS, "loss_weights": dict.fromkeys(ALL_COMPONENTS, 0.2)}
        preset = Student.model_validate(
            {"teacher": "toy", "size": NANO, "training": training, **components, **student}
        )
        settings = preset.training
        names = preset.components.names()
        keys = Keys("students.toy", settings, False)
        records = StepRecords(folder, names, LiveRun(None, "toy", "key", {}, 0), keys)
        records.open(resumed)
        model = build(preset.size, tokenizer, settings.dropout, seed=3)
        paired = online and preset.needs_layers()
        return LossTrainer(
            model=model,
            args=arguments(settings, folder),
            data=TrainingData(
                chosen,
                rows[16:20],
                vocabulary={},
                signals=SignalStore(signals) if signals and not online else None,
                teacher=online,
            ),
            objective=Objective(
                preset.components,
                gold_embeddings_of(teacher, tokenizer, rows, folder / "gold_embeddings", 1),
                legality_of(tokenizer),
                pair(model, online.model, preset.components, seed=4) if paired else None,
            ),
            training=settings,
            plan=student_plan(preset),
            records=records,
        )

    return make


@pytest.fixture
def first_step(trainer_of, tmp_path):
    """Return a function that makes one optimiser step on 16 rows and tells what happened.

    Its result holds ``gradients`` and ``weights`` by name, and ``steps``, the rows of step_metrics.csv.
    """
    import torch
    from transformers import TrainerCallback

    class Gradients(TrainerCallback):
        def on_pre_optimizer_step(self, *_, model, **__):
            self.found = {name: p.grad.clone() for name, p in model.named_parameters()}

    def run(batch_size, accumulation, **chosen):
        torch.set_num_threads(1)
        training = {"epochs": 1, "batch_size": batch_size, "accumulation": accumulation, "dropout": 0}
        folder = Path(tempfile.mkdtemp(dir=tmp_path))
        gradients = Gradients()
        trainer = trainer_of(folder, {**training, "clip": 1e9, "warmup_ratio": 0}, **chosen)
        trainer.add_callback(gradients)
        trainer.train()
        return SimpleNamespace(
            gradients=gradients.found, weights=trainer.model.state_dict(), steps=read_steps(folder)
        )

    return run


def read_steps(folder):
    with (folder / "step_metrics.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="session")
def make_step():
    """Return a function that makes a step of a run, all of whose numbers are known."""
    from kdlib.telemetry.step_csv import Step

    def make(number, **changes):
        usual = {
            "epoch": 0,
            "raw": {"jsd": 2.0, "semantic": 0.4},
            "weighted": {"jsd": 1.0, "semantic": 0.5},
            "weights": {"jsd": 0.5, "semantic": 0.25},
            "gradients": {},
            "total": 1.5,
            "gradient": 1.0,
            "encoder_gradient": 0.6,
            "decoder_gradient": 0.8,
            "learning_rate": 1e-3,
            "temperature": 4.0,
            "alpha": 0.5,
            "rows": 16,
            "memory": 500.0,
            "seconds": float(number),
            "time": 1e9 + number,
        }
        return Step(number=number, **{**usual, **changes})

    return make


@pytest.fixture
def steps():
    """Return a function that reads the rows of step_metrics.csv."""
    return read_steps


def read_events(folder):
    """Return (tag, step, value) of every event as it stands in the files."""
    from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader

    return [
        (value.tag, event.step, value.simple_value)
        for path in sorted((folder / "tensorboard").iterdir())
        for event in LegacyEventFileLoader(str(path)).Load()
        for value in event.summary.value
    ]


@pytest.fixture(scope="session")
def events():
    """Return a function that reads (tag, step, value) of all TensorBoard events of a run."""
    return read_events


@pytest.fixture(scope="session")
def outcome():
    """Return a function that reads all that must be equal in equal runs from a run's folder."""

    def read(folder):
        result = {
            str(path.relative_to(folder)): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file() and path.name not in CLOCKED and path.parent.name != "tensorboard"
        }
        assert {"best_model/model.safetensors", "final_model/model.safetensors"} <= result.keys()
        rows = read_steps(folder)
        result["steps"] = [{k: v for k, v in row.items() if k not in CLOCKS} for row in rows]
        log = (folder / "distillation_log.txt").read_text()
        result["log"] = re.sub(r"^\[.*?\]", "", log, flags=re.MULTILINE)
        result["events"] = [event for event in read_events(folder) if event[0] not in CLOCK_TAGS]
        return result

    return read
