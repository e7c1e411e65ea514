"""One run of the whole DAG on config/test.yaml, copied for whoever needs its results."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.workflow.project import Project, copied, finished_project


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Project:
    """A project whose whole DAG has run; the tests of this process leave it as they found it."""
    own = tmp_path_factory.getbasetemp()
    # Processes that test side by side have folders beside each other.
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    return copied(finished_project(shared), Path(tmp_path_factory.mktemp("project")) / "finished")
