"""What identifies one training run, where it runs, and which checkpoints it may resume."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kdlib.config import Training
from kdlib.files import sha256
from kdlib.telemetry.health import Keys
from kdlib.training.loop.arguments import processes
from kdlib.training.loop.checkpoints import state_of
from kdlib.training.loop.plan import Plan


@dataclass(frozen=True)
class Job:
    """Where and how a stage runs.

    Attributes:
        out: Folder for ``best_model``, ``final_model`` and the records.
        checkpoints: Folder that survives a crash; a finished training leaves nothing in it.
        threads: Number of CPU threads; equal numbers give equal bytes.
        tracking: JSON of the tracking stage, or None for no tracking.
        code: Digest of the code that runs, so that checkpoints of other code are not resumed.
        resume_from: Checkpoint of another training to continue from. Checkpoints of this training take
            precedence.
    """

    out: Path
    checkpoints: Path
    threads: int
    tracking: Path | None = None
    code: str = ""
    resume_from: Path | None = None


@dataclass(frozen=True)
class TrainingRun:
    """One training with its settings.

    Attributes:
        name: Kind and entry of the configuration, e.g. ``students/trident``.
        key: ``job_key`` of everything that determines the result.
        job: Where and how it runs.
        training: Optimiser settings.
        plan: Weights, temperature and learning rate as functions of progress.
        params: Settings to show in MLflow and in the report.
    """

    name: str
    key: str
    job: Job
    training: Training
    plan: Plan
    params: dict[str, Any]

    @property
    def folder(self) -> Path:
        """Folder of the checkpoints and mapped rows, which trainings of another name do not share."""
        return self.job.checkpoints / f"{self.name.replace('/', '-')}-{self.key}"

    def config_keys(self) -> Keys:
        """Return the configuration's keys that warnings name."""
        return Keys(self.name.replace("/", "."), self.training, self.plan.balance)


def training_run(
    name: str, training: Training, plan: Plan, job: Job, settings: Mapping[str, Any], files: Sequence[Path]
) -> TrainingRun:
    """Return a training run with its key.

    Args:
        name: Kind and entry of the configuration, e.g. ``students/trident``.
        training: Optimiser settings.
        plan: Weights, temperature and learning rate as functions of progress.
        job: Where and how it runs.
        settings: All settings that determine the result.
        files: Input files, whose bytes determine the result.

    Raises:
        DataError: If the checkpoint to resume from does not exist.
    """
    params = {**settings, "threads": job.threads, "processes": processes()}
    key = job_key({**params, "code": job.code}, [*files, *further_files(training, job.resume_from)])
    return TrainingRun(name, key, job, training, plan, params)


def job_key(settings: dict[str, Any], files: Sequence[Path]) -> str:
    """Return a digest of settings and files; checkpoints of another key are never resumed."""
    sha = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for path in files:
        sha.update(sha256(path).encode())
    return sha.hexdigest()[:16]


def further_files(training: Training, resume_from: Path | None) -> list[Path]:
    """Return the files, beside a stage's inputs, that determine its result.

    Args:
        training: Names the configuration of accelerate.
        resume_from: Checkpoint of another training to continue from, or None.

    Raises:
        DataError: If there is no such checkpoint.
    """
    accelerate = [Path(training.accelerate)] if training.accelerate else []
    state = [state_of(resume_from)] if resume_from else []
    return [*accelerate, *state]
