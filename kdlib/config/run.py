"""The whole configuration of a run."""

from __future__ import annotations

from pydantic import Field

from kdlib.config.base import Name, Strict
from kdlib.config.corpus import Corpus, Dataset, Split, Views
from kdlib.config.evaluation import Evaluation
from kdlib.config.execution import Execution
from kdlib.config.models import Pretrained, SentenceEncoder
from kdlib.config.signals import Signals
from kdlib.config.student import Student
from kdlib.config.sweep import Sweep
from kdlib.config.teacher import Teacher


class Tracking(Strict):
    """MLflow."""

    uri: str = Field("sqlite:///results/mlflow.db", description="tracking server or SQLite file")
    experiment: str = Field("kdlib", description="experiment name")


class Config(Strict):
    """A run."""

    run: Name = Field("default", description="name of the folder under results/")
    threads: int = Field(2, ge=1, description="CPU threads of a job; equal threads give equal bytes")
    corpus: Corpus = Field(default_factory=Corpus, description="sources and filters")
    split: Split = Field(default_factory=Split, description="train, validation and test")
    dataset: Dataset = Field(default_factory=Dataset, description="tokens and subsets")
    views: Views = Field(default_factory=Views, description="other texts of the same sources")
    models: dict[Name, Pretrained] = Field({}, description="name: pretrained model")
    encoders: dict[Name, SentenceEncoder] = Field({}, description="name: sentence encoder that only measures")
    teachers: dict[Name, Teacher] = Field(description="name: teacher", min_length=1)
    signals: Signals = Field(default_factory=Signals, description="teacher distributions")
    students: dict[Name, Student] = Field(description="name: student preset", min_length=1)
    sweep: Sweep | None = Field(None, description="students to add: a recipe in every combination")
    evaluation: Evaluation = Field(default_factory=Evaluation, description="predictions and scores")
    execution: Execution = Field(
        default_factory=Execution, description="predictions compiled and run in their tests"
    )
    tracking: Tracking = Field(default_factory=Tracking, description="MLflow")
    gpu_partitions: tuple[Name, ...] = Field(
        ("gpu",), min_length=1, description="partitions of a cluster that the target check_gpu tries"
    )

    def seed_groups(self) -> list[list[str]]:
        """Return the groups of two or more students that differ only in the seed of their training."""
        groups: dict[str, list[str]] = {}
        for name, student in self.students.items():
            same = student.model_copy(update={"training": student.training.model_copy(update={"seed": 0})})
            groups.setdefault(same.model_dump_json(), []).append(name)
        return [names for names in groups.values() if len(names) > 1]
