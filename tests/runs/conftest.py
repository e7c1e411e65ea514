"""Result files of small runs."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.runs.small_run import write_small_run


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """The working directory of a project with a finished run, ``results/small``."""
    monkeypatch.chdir(tmp_path)
    write_small_run(Path())
    return tmp_path


@pytest.fixture
def twin(project) -> Path:
    """The same run under another name, ``results/twin``."""
    shutil.copytree("results/small", "results/twin")
    return Path("results/twin")
