import copy
from pathlib import Path

import pytest

from kdlib.provenance import code_parts, package_versions
from kdlib.provenance.changes import changes
from kdlib.provenance.manifest import digests

SCRIPT = Path(__file__).resolve().parents[2] / "workflow" / "scripts" / "score.py"


@pytest.fixture
def made(tmp_path, monkeypatch):
    """A manifest and the plan of the same job, between which nothing has changed."""
    monkeypatch.chdir(tmp_path)
    for name in ("given.txt", "made.txt"):
        Path(name).write_text(name)
    params = {"student": {"alpha": 0.5, "training": {"seed": 42}, "extras": {}}, "threads": 1}
    job = {"script": str(SCRIPT), "params": params, "input": ["given.txt"], "output": ["made.txt"]}
    manifest = {
        "params": copy.deepcopy(params),
        "input": digests(job["input"]),
        "output": digests(job["output"]),
        "code": {"parts": code_parts(SCRIPT)},
        "environment": {"packages": package_versions(SCRIPT)},
    }
    return manifest, job


def told(manifest, job):
    return [(change.kind, change.name, change.how) for change in changes(manifest, job)]


def test_without_an_edit_nothing_has_changed(made):
    assert told(*made) == []


def test_values_are_told_one_by_one_before_and_now(made):
    manifest, job = made
    job["params"]["student"] |= {"alpha": 0.7, "new": True, "extras": None}
    job["params"]["student"]["training"]["seed"] = 7
    del job["params"]["threads"]
    assert told(manifest, job) == [
        ("config", "student.alpha", "0.5 → 0.7"),
        ("config", "student.extras", "{} → None"),
        ("config", "student.new", "absent → True"),
        ("config", "student.training.seed", "42 → 7"),
        ("config", "threads", "1 → absent"),
    ]


def test_modules_and_packages_are_told_by_name(made):
    manifest, job = made
    manifest["code"]["parts"]["kdlib.metrics.pans"] = "0"
    manifest["code"]["parts"]["kdlib.gone"] = "0"
    del manifest["code"]["parts"]["kdlib.metrics.chrf"]
    now = manifest["environment"]["packages"].pop("sacrebleu")
    manifest["environment"]["packages"]["numpy"] = "1.0"
    assert told(manifest, job) == [
        ("code", "kdlib.gone", "no longer imported"),
        ("code", "kdlib.metrics.chrf", "new"),
        ("code", "kdlib.metrics.pans", "changed"),
        ("environment", "numpy", f"1.0 → {package_versions(SCRIPT)['numpy']}"),
        ("environment", "sacrebleu", f"absent → {now}"),
    ]


def test_files_are_told_by_their_bytes(made):
    manifest, job = made
    Path("given.txt").write_text("edited")
    Path("made.txt").write_text("edited")
    Path("more.txt").write_text("more")
    job["input"] = ["given.txt", "more.txt", "none.txt"]
    manifest["input"]["old.txt"] = "0"
    assert told(manifest, job) == [
        ("input", "given.txt", "other bytes"),
        ("input", "more.txt", "new as an input"),
        ("input", "none.txt", "missing"),
        ("input", "old.txt", "no longer an input"),
        ("output", "made.txt", "changed since it was made"),
    ]
