import json
from pathlib import Path

import pytest

from kdlib.files import DataError, write_json
from kdlib.provenance.lineage import ancestry, read_run, sources, write_run


def job(rule, given, made):
    """Return the manifest of a job that read and wrote these paths."""
    return {
        "rule": rule,
        "script": f"workflow/scripts/{rule}.py",
        "wildcards": {},
        "params": {"of": rule},
        "input": dict.fromkeys(given, f"sha of {rule}'s input"),
        "output": dict.fromkeys(made, "sha"),
        "code": {"digest": f"d-{rule}", "parts": {rule: "p"}},
        "environment": {"python": "3", "machine": "m", "packages": {}},
        "began": 0,
        "ended": 1,
    }


JOBS = [
    job("mine", ["src/A.java"], ["results/r/mined"]),
    job("train", ["results/r/mined", "cache/model"], ["results/r/weights", "results/r/log"]),
    job("score", ["results/r/weights", "results/r/mined"], ["results/r/scores"]),
    job("other", ["src/B.java"], ["results/r/other"]),
]


def test_an_artefact_is_followed_to_all_behind_it_and_to_nothing_else():
    found = [own["rule"] for own in ancestry(["results/r/scores"], JOBS)]
    assert found == ["score", "train", "mine"]
    assert list(ancestry(["results/r/none"], JOBS)) == []


def test_sources_are_what_no_job_made():
    assert sources(JOBS[:3]) == {"cache/model": "sha of train's input", "src/A.java": "sha of mine's input"}


def test_a_runs_manifest_holds_its_jobs_and_tells_what_nobody_recorded(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for own in JOBS:
        write_json(Path("results/r/manifests") / f"{own['rule']}.json", own)
    folder = Path("results/r")
    write_run("r", {"run": "r"}, ["results/r/scores"], folder, folder / "manifest.json")
    whole = read_run(folder)
    assert whole == json.loads(Path("results/r/manifest.json").read_text())
    assert [own["rule"] for own in whole["jobs"]] == ["score", "train", "mine"]
    assert whole["jobs"][0]["code"] == "d-score"
    assert whole["code"] == {f"d-{rule}": {rule: "p"} for rule in ("score", "train", "mine")}
    assert whole["unrecorded"] == ["cache/model"]
    assert whole["config"] == {"run": "r"}


def test_a_run_without_a_manifest_is_told(tmp_path):
    with pytest.raises(DataError, match=r"manifest\.json: there is no such file; a finished run has one"):
        read_run(tmp_path)
