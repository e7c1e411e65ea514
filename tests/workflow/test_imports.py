from __future__ import annotations

import os
import subprocess
import sys

import pytest

from kdlib.files import read_json
from tests.corpus.importers.conftest import seed_row, write_atlas, write_seed
from tests.workflow.project import copy_project

SNAKEFILE = """
configfile: "config/config.yaml"
include: "workflow/rules/common.smk"
include: "workflow/rules/imports.smk"
"""
OVERLAY = """
corpus:
  sources:
    old-one: {kind: import, format: seed, path: old.jsonl}
    tokens: {kind: import, format: atlas, path: tokens}
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A copy of the project with two imported sources beside the sample."""
    project = copy_project(tmp_path_factory.mktemp("project"))
    (project.folder / "imports.Snakefile").write_text(SNAKEFILE)
    (project.folder / "overlay.yaml").write_text(OVERLAY)
    write_seed(project.folder / "old.jsonl", [seed_row(), {}])
    test = 't ( ) { "<AssertPlaceHolder>" ; } f ( ) { }'
    write_atlas(project.folder / "tokens", [(test, "assertTrue ( a )")])
    return project


def snakemake(project, *options):
    files = ["--snakefile", "imports.Snakefile", "--configfile", "overlay.yaml"]
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", *options, "--cores", "1", *files],
        cwd=project.folder,
        env={**os.environ, "PYTHONPATH": str(project.folder)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.workflow
def test_imports_run_and_run_again_only_for_their_files(project):
    folder = "results/default/corpus/mined"
    targets = [f"{folder}/old-one.parquet", f"{folder}/tokens.rejected.jsonl"]
    code, output = snakemake(project, *targets)
    assert code == 0, output
    report = read_json(project.folder / folder / "old-one.json")
    assert (report["source"], report["tests"], report["filtered"]) == ("old-one", 2, {"no focal method": 1})
    assert "Nothing to be done" in snakemake(project, *targets, "--dry-run")[1]
    write_seed(project.folder / "old.jsonl", [seed_row(), seed_row()])
    _, planned = snakemake(project, *targets, "--dry-run")
    assert "old-one" in planned
    assert "import tokens" not in planned


@pytest.mark.workflow
def test_other_sources_are_not_imported(project):
    code, output = snakemake(project, "results/default/corpus/mined/sample.parquet", "--dry-run")
    assert code != 0
    assert "MissingRuleException" in output
