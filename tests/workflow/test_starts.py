"""Students from layers and from pretrained models, and a teacher with an adapter, as rules of the DAG."""

from __future__ import annotations

import json
import re
import shutil
from copy import deepcopy

import pytest
import yaml
from safetensors.torch import load_file

from tests.models.conftest import byte_tokenizer
from tests.workflow.project import copy_project

pytestmark = pytest.mark.workflow

SCRATCHLESS = {"epochs": 1, "copy_steps": 0, "renaming": 0.0}
OVERLAY = {
    "models": {"own": {"kind": "folder", "path": "pretrained"}},
    "dataset": {"tokenizer": {"model": "own"}},
    "teachers": {"base": {"model": "own", "lora": {"rank": 2}, "training": SCRATCHLESS}},
    "students": {
        "ce": {"size": None, "layers": {"decoder": 1}, "training": SCRATCHLESS},
        "traditional": {"size": None, "model": "own", "training": SCRATCHLESS},
        "trident": None,
    },
}


def run(project, overlay, *options, check=True):
    (project.folder / "starts.yaml").write_text(yaml.safe_dump(overlay))
    files = ("--configfile", "config/test.yaml", "starts.yaml")
    return project.snakemake(*files, *options, check=check)


@pytest.fixture(scope="module")
def project(finished, tmp_path_factory):
    """A project whose students of ``OVERLAY`` are trained, from the model of another run."""
    project = copy_project(tmp_path_factory.mktemp("starts"))
    own, other = finished.folder / "results/test", project.folder / "pretrained"
    shutil.copytree(own / "dataset/tokenizer", other)
    shutil.copytree(own / "teachers/base/final_model", other, dirs_exist_ok=True)
    run(project, OVERLAY, "--until", "student")
    return project


def weights(folder):
    return load_file(folder / "model.safetensors")


def moved(folder, start):
    """Return the names of the weights that training changed."""
    before, after = weights(start), weights(folder / "final_model")
    assert before.keys() == after.keys()
    return {name for name in before if not after[name].equal(before[name])}


def test_an_adapted_teacher_moves_queries_and_values_alone(project):
    teacher = project.folder / "results/test/teachers/base"
    assert {name.split(".")[-2] for name in moved(teacher, project.folder / "pretrained")} == {"q", "v"}


def test_students_start_where_they_are_told_to(project):
    run_folder = project.folder / "results/test"
    for name, start in (("ce", run_folder / "teachers/base/best_model"), ("traditional", "pretrained")):
        report = json.loads((run_folder / f"students/{name}/training_report.json").read_text())
        assert report["params"]["size"] is None
        before = weights(project.folder / start)
        after = weights(run_folder / f"students/{name}/final_model")
        assert before.keys() == after.keys()
        # AdamW moves a weight by its rate at most, 3e-3, in each of the four steps.
        assert max(float((after[key] - before[key]).abs().max()) for key in before) < 0.013


def test_a_model_of_one_more_student_trains_no_teacher_again(project):
    """All pretrained models are compared before a teacher trains, but a new one is no reason to train."""
    more = deepcopy(OVERLAY)
    more["models"]["twin"] = {"kind": "folder", "path": "pretrained"}
    more["students"]["twin"] = {**OVERLAY["students"]["traditional"], "teacher": "base", "model": "twin"}
    planned = run(project, more, "--until", "student", "--dry-run")
    jobs = dict(re.findall(r"^(\w+)\s+(\d+)$", planned, re.MULTILINE))
    assert jobs == {"model": "1", "starts": "1", "student": "1", "total": "3"}


def test_other_tokenizers_and_missing_layers_are_told_before_a_teacher_trains(project):
    foreign = project.folder / "foreign"
    shutil.copytree(project.folder / "pretrained", foreign)
    byte_tokenizer().save_pretrained(str(foreign))
    wrong = deepcopy(OVERLAY)
    wrong["run"] = "mixed"
    wrong["models"]["foreign"] = {"kind": "folder", "path": "foreign"}
    wrong["students"]["traditional"]["model"] = "foreign"
    output = run(project, wrong, "--until", "student", check=False)
    assert "Error in rule starts" in output
    assert output.splitlines()[-1].startswith("failed after ")
    log = (project.folder / "logs/mixed/starts.log").read_text()
    assert "its tokenizer is not that of the run, they differ in" in log.splitlines()[-1]
    wrong["students"]["traditional"] = {**OVERLAY["students"]["ce"], "layers": {"encoder": 9}}
    assert "Error in rule starts" in run(project, wrong, "--until", "student", check=False)
    log = (project.folder / "logs/mixed/starts.log").read_text()
    assert "students.traditional.layers.encoder: the teacher has 1, got 9" in log.splitlines()[-1]
    assert not (project.folder / "results/mixed/teachers").exists()
