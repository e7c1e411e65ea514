"""Overlays with presets, on the copy that has run: what they add runs, and nothing else."""

from __future__ import annotations

import json
import re

import pytest

pytestmark = pytest.mark.workflow

TINY = "students: {sequence: {size: nano, training: {epochs: 1, copy_steps: 0}, sequence: {beams: 2}}}\n"


def test_a_student_of_whole_sequences_brings_the_teachers_answers(finished, tmp_path):
    tiny = tmp_path / "tiny.yaml"
    tiny.write_text(TINY)
    report = "results/test/students/sequence/training_report.json"
    options = ("--configfile", "config/test.yaml", "config/sequence.yaml", str(tiny), "--", report)
    counts = dict(re.findall(r"^(\w+)\s+(\d+)$", finished.snakemake("--dry-run", *options), re.MULTILINE))
    assert counts == {"beams_shard": "2", "beams": "1", "student": "1", "total": "4"}
    # A teacher of two epochs answers nothing that could be parsed. That is told, not trained on.
    finished.snakemake(*options, check=False)
    found = json.loads((finished.folder / "results/test/beams/base/2.json").read_text())
    assert found["generated"] == 2 * found["rows"] == 128
    assert found["valid"] == found["usable"] == 0
    log = (finished.folder / "logs/test/student/sequence.log").read_text()
    assert "results/test/beams/base/2.parquet: none of the teacher's answers is a valid assertion" in log
