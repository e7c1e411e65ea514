"""A fresh store with the tables of MLflow, copied for every test, and the result files of a small run."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from kdlib.files import read_json
from kdlib.tracking.prepare import prepare
from tests.runs.small_run import write_small_run
from tests.training.conftest import finetune, finetune_into, outcome, steps

__all__ = ["finetune", "finetune_into", "outcome", "steps"]


@pytest.fixture(scope="session")
def made_store(tmp_path_factory):
    """A SQLite file with all tables, which take seconds to make."""
    from kdlib.tracking.store import connect

    database = tmp_path_factory.mktemp("store") / "mlflow.db"
    connect(f"sqlite:///{database}").search_experiments()
    return database


@pytest.fixture
def project(tmp_path, monkeypatch, made_store) -> Path:
    """The working directory of a project with a finished run, ``results/small``, and an empty store."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(made_store, tmp_path / "results.db")
    write_small_run(Path())
    return tmp_path


@pytest.fixture
def place(project) -> Path:
    """What the rule ``tracking`` writes."""
    path = Path("results/small/tracking.json")
    prepare("small", "sqlite:///results.db", "kdlib", Path("cache/tracking.id"), path)
    assert read_json(path)["parent_run_id"]
    return path
