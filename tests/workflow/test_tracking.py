"""What can be seen of a finished run: MLflow when its store was lost, ``kdlib runs``, ``kdlib watch``."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time

import pytest

from tests.workflow.project import CONFIG, Project, jobs_in

pytestmark = pytest.mark.workflow


@pytest.fixture
def copy(finished, tmp_path):
    """A copy of the finished project that may be changed."""
    shutil.copytree(finished.folder, tmp_path / "project")
    return Project(tmp_path / "project")


def followed_by_watch(project, *options):
    """Run Snakemake, and return what ``kdlib watch`` printed beside it."""
    command = [sys.executable, "-m", "snakemake", "--profile", "profiles/local", *CONFIG, *options]
    environment = {**os.environ, "PYTHONPATH": str(project.folder)}
    held, until = project.folder / ".snakemake/run.lock", time.monotonic() + 120
    with (project.folder / "told").open("w") as told:
        run = subprocess.Popen(command, cwd=project.folder, env=environment, stdout=told, stderr=told)
    while f"process {run.pid} " not in held.read_text():
        assert run.poll() is None, (project.folder / "told").read_text()
        assert time.monotonic() < until
        time.sleep(0.05)
    output = project.kdlib("watch", "--every", "0.1")
    assert run.wait(timeout=120) == 0, (project.folder / "told").read_text()
    return output


def test_a_lost_store_is_filled_again_without_any_training(finished, copy, monkeypatch):
    from kdlib.tracking.store import children, connect

    run = copy.folder / "results/test"
    (run / "mlflow.db").unlink()
    shutil.rmtree(run / "mlartifacts")
    for rule, more in {"track": {}, "tracking": {"tracking": 1}}.items():
        planned = jobs_in(copy.snakemake("--dry-run", "--forcerun", rule))
        assert planned == {"track": 1, "manifest": 1, **more}
    followed = followed_by_watch(copy, "--forcerun", "track")
    assert followed.count("started  mirror the results into MLflow") == 1
    assert followed.index("done     track 1/1") < followed.index("started  write what the run was made from")
    assert "2 of 2 jobs done, 0 running, 0 failed" in followed.splitlines()[-1]
    monkeypatch.chdir(copy.folder)
    found = json.loads((run / "mlflow.json").read_text())
    before = json.loads((finished.folder / "results/test/mlflow.json").read_text())
    assert found["mirrored"] is True
    assert set(found["runs"]) == set(before["runs"])
    client = connect("sqlite:///results/test/mlflow.db")
    number = client.get_experiment_by_name("kdlib").experiment_id
    runs = children(client, number, found["parent_run_id"])
    (trident,) = runs["students/trident"]
    assert len(client.get_metric_history(trident.info.run_id, "semantic_loss_raw")) == 8
    assert trident.data.params["epochs"] == "2"
    assert copy.planned() == {}


def test_every_stage_has_a_run_with_its_digests(finished, monkeypatch):
    from kdlib.tracking.store import children, connect

    monkeypatch.chdir(finished.folder)
    place = json.loads((finished.folder / "results/test/tracking.json").read_text())
    runs = children(connect(place["uri"]), place["experiment_id"], place["parent_run_id"])
    kinds = {name.partition("/")[0] for name in runs}
    stages = {"corpus", "dataset", "signals", "fidelity", "cost", "execution", "agreement", "evaluation"}
    assert kinds == stages | {"teachers", "students"}
    for name, (run,) in runs.items():
        assert run.info.status == "FINISHED", name
        assert run.data.metrics, name
        assert run.data.params, name
        assert {"kdlib.config", "kdlib.code", "kdlib.data", "kdlib.host"} <= run.data.tags.keys(), name
        manifest = finished.folder / "results/test/manifests"
        assert run.data.tags["kdlib.rule"] in {
            json.loads(path.read_text())["rule"] for path in manifest.rglob("*.json")
        }


def test_runs_are_listed_shown_and_exported(finished):
    (row,) = json.loads(finished.kdlib("runs", "list", "--format", "json"))
    assert (row["run"], row["overlay"], row["state"]) == ("test", "config/test.yaml", "finished")
    assert row["best student"].startswith("students/")
    assert "students/trident" in finished.kdlib("runs", "show", "test")
    assert "evaluation/students/trident,token_f1," in finished.kdlib("runs", "export", "test")
    assert "no key differs" in finished.kdlib("runs", "diff", "test", "test")


def test_a_finished_run_is_told_by_watch(copy):
    copy.snakemake("--forcerun", "manifest")
    output = copy.kdlib("watch", "--overlay", "config/test.yaml")
    assert "no run is going on here; the last, of results/test, ended" in output
    assert "1 of 1 jobs done, 0 running, 0 failed" in output
