"""Overlays with presets, on the copy that has run: what they add runs, and nothing else."""

from __future__ import annotations

import json

import pytest

from tests.workflow.project import copy_project, jobs_in

pytestmark = pytest.mark.workflow

LAYERED = "students: {intermediate: {size: nano, training: {epochs: 1, copy_steps: 0}}}\n"
TINY = "students: {sequence: {size: nano, training: {epochs: 1, copy_steps: 0}, beams: {width: 2}}}\n"


def test_a_student_of_whole_sequences_brings_the_teachers_answers(finished, tmp_path):
    tiny = tmp_path / "tiny.yaml"
    tiny.write_text(TINY)
    report = "results/test/students/sequence/training_report.json"
    options = ("--configfile", "config/test.yaml", "config/sequence.yaml", str(tiny), "--", report)
    planned = jobs_in(finished.snakemake("--dry-run", *options))
    assert planned == {"beams_shard": 2, "beams": 1, "student": 1}
    # A teacher of two epochs answers nothing that could be parsed. That is told, not trained on.
    finished.snakemake(*options, check=False)
    found = json.loads((finished.folder / "results/test/beams/base/2.json").read_text())
    assert found["generated"] == 2 * found["rows"] == 128
    assert found["valid"] == found["usable"] == 0
    log = (finished.folder / "logs/test/student/sequence.log").read_text()
    assert "results/test/beams/base/2.parquet: none of the teacher's answers is a valid assertion" in log


def test_a_student_of_layers_needs_its_teacher_and_no_store(tmp_path):
    tiny = tmp_path / "tiny.yaml"
    tiny.write_text(LAYERED)
    report = "results/test/students/intermediate/training_report.json"
    options = ("--configfile", "config/test.yaml", "config/intermediate.yaml", str(tiny), "--", report)
    planned = jobs_in(copy_project(tmp_path).snakemake("--dry-run", *options))
    rules = ("mine", "corpus", "dataset", "tracking", "teacher", "student")
    assert planned == dict.fromkeys(rules, 1)
