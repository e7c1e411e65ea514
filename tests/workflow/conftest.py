"""One copy of the project whose whole DAG has run on config/test.yaml."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.workflow.project import Project, copy_project


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Project:
    """A project whose whole DAG has run."""
    project = copy_project(tmp_path_factory.mktemp("project"))
    return replace(project, output=project.snakemake())
