"""The whole DAG on config/test.yaml: it runs, ends in a page, and a second run has nothing to do."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys

import pytest
import yaml

from kdlib.files import read_jsonl
from tests.workflow.project import ROOT, copy_project

pytestmark = pytest.mark.workflow

LEFT_OPEN = {"codet5.yaml": ("codet5p", "codet5_small")}  # whose commit ids the user gives


def test_results_are_complete_and_a_second_run_is_empty(finished):
    run = finished.folder / "results/test"
    assert "<html" in (run / "report.html").read_text()
    scores = json.loads((run / "evaluation/evaluation_metrics.json").read_text())
    expected = {"teachers/base", "students/ce", "students/traditional", "students/trident"}
    expected |= {"baselines/retrieval", "baselines/trigram", "baselines/frequent"}
    assert set(scores["models"]) == expected
    assert scores["rows"] == 16
    assert json.loads((run / "mlflow.json").read_text())["mirrored"] is True
    again = finished.snakemake()
    assert "Nothing to be done" in again
    assert " in all; " not in again


def test_the_run_ends_with_its_report_and_where_the_time_went(finished):
    *_, report, times = finished.output.splitlines()
    assert report == "report: results/test/report.html"
    jobs = int(re.search(r"(\d+) of \1 steps \(100%\) done", finished.output)[1]) - 1  # all has none
    assert re.match(rf"\d.* in all; {jobs} jobs took \d.* others \d.*; \d.* with none at work$", times)
    assert " more to start them; " in times


def test_mlflow_holds_parent_training_and_evaluation_runs(finished, monkeypatch):
    from mlflow import MlflowClient

    monkeypatch.chdir(finished.folder)
    place = json.loads((finished.folder / "results/test/tracking.json").read_text())
    client = MlflowClient(place["uri"])
    runs = client.search_runs([place["experiment_id"]])
    names = sorted(run.data.tags["mlflow.runName"] for run in runs)
    models = ["students/ce", "students/traditional", "students/trident", "teachers/base"]
    assert set(names) >= {"test", *models, *(f"evaluation/{name}" for name in models)}
    trident = next(run for run in runs if run.data.tags["mlflow.runName"] == "students/trident")
    curve = client.get_metric_history(trident.info.run_id, "semantic_loss_raw")
    assert len(curve) == 8  # 64 rows in batches of 16, two epochs
    scores = json.loads((finished.folder / "results/test/evaluation/evaluation_metrics.json").read_text())
    evaluated = next(run for run in runs if run.data.tags["mlflow.runName"] == "evaluation/students/trident")
    assert evaluated.data.metrics["token_f1"] == scores["models"]["students/trident"]["token_f1"]["value"]


def test_the_store_is_compared_at_every_temperature_of_training(finished):
    run = finished.folder / "results/test"
    used = {1.0}
    for student in ("traditional", "trident"):
        with (run / f"students/{student}/step_metrics.csv").open(newline="") as file:
            used |= {round(float(row["temperature"]), 4) for row in csv.DictReader(file)}
    assert len(used) == 3  # 4 of both students, and that of trident's second epoch
    report = json.loads((run / "signals/base/fidelity.json").read_text())
    assert [own["temperature"] for own in report["temperatures"]] == sorted(used)
    assert report["rows"] == 16
    assert 0 < max(own["l1"] for own in report["temperatures"]) < 0.02
    assert report["temperatures"][0]["signature"] in (run / "report.html").read_text()


def test_any_predictions_can_be_run_in_the_tests_of_a_run(finished, tmp_path):
    own = "results/test/evaluation/students/ce/predictions.jsonl"
    # Another order of the rows, and a system that knows the answers of the first.
    lines = (finished.folder / own).read_text().splitlines(keepends=True)
    shuffled = tmp_path / "shuffled.jsonl"
    shuffled.write_text("".join(reversed(lines)))
    gold, out = "results/test/dataset/test.parquet", tmp_path / "out"
    told = finished.kdlib(
        "score", own, str(shuffled), "--references", gold, "--run", "results/test", "--out", str(out)
    )
    assert re.search(r"\n\d+ of 16 rows were run in their tests, \d+ of them with a fault", told)
    found = json.loads((out / "evaluation_metrics.json").read_text())["models"]
    whole = json.loads((finished.folder / "results/test/evaluation/evaluation_metrics.json").read_text())
    expected = {
        name: score["value"]
        for name, score in whole["models"]["students/ce"].items()
        if "sandbox:" in score["signature"]
    }
    assert {"compiles", "passes", "valid", "mutation_score"} <= expected.keys()
    for scores in found.values():
        assert {name: scores[name]["value"] for name in expected} == expected
    assert any(row["execution"] is not None for row in read_jsonl(out / "predictions_final.jsonl"))


def test_a_run_made_again_from_its_manifest_gives_the_same_bytes(finished, tmp_path):
    output = finished.kdlib("reproduce", "results/test", "--into", str(tmp_path / "again"))
    assert "differs" not in output
    assert "missing" not in output
    assert "note:" not in output
    again = tmp_path / "again/results/test"
    files = [
        "corpus/examples.parquet",
        "dataset/train.parquet",
        "teachers/base/best_model/model.safetensors",
        "signals/base/train/0.parquet",
        "signals/base/fidelity.json",
        "students/trident/best_model/model.safetensors",
        "evaluation/students/trident/predictions.jsonl",
    ]
    for name in files:
        assert not (again / name).is_symlink()
        assert (finished.folder / "results/test" / name).read_bytes() == (again / name).read_bytes(), name
    told = finished.kdlib("reproduce", "results/test", "--into", str(tmp_path / "again"), check=False)
    assert "again: is there already; delete it, or name another with --into" in told


@pytest.mark.parametrize("overlay", sorted(p.name for p in (ROOT / "config").glob("*.yaml")))
def test_dry_run_of_every_shipped_configuration(overlay, tmp_path):
    project = copy_project(tmp_path)
    pins = {"models": {name: {"revision": "a" * 40} for name in LEFT_OPEN.get(overlay, ())}}
    (project.folder / "pins.yaml").write_text(yaml.safe_dump(pins))
    extra = [] if overlay == "config.yaml" else ["--configfile", f"config/{overlay}", "pins.yaml"]
    command = [sys.executable, "-m", "snakemake", "--profile", "profiles/local", "--dry-run", *extra]
    done = subprocess.run(command, cwd=project.folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "report" in done.stdout


def test_every_mistake_in_a_configuration_is_told_before_any_job(tmp_path):
    project = copy_project(tmp_path)
    wrong = {
        "datset": {"max_source_tokens": 64},
        "split": {"train": "most"},
        "evaluation": {"n_best": 9, "beams": 2},
        "students": {"ce": {"teacher": "bas"}},
    }
    (project.folder / "wrong.yaml").write_text(yaml.safe_dump(wrong))
    output = project.snakemake("--configfile", "config/test.yaml", "wrong.yaml", check=False)
    assert "did you mean 'dataset'?" in output
    assert "split.train" in output
    assert "9 predictions need as many beams" in output
    assert "did you mean 'base'?" in output
    assert "Traceback" not in output
    assert not (project.folder / "results").exists()


def test_scores_survive_without_an_mlflow_server(tmp_path):
    project = copy_project(tmp_path)
    (project.folder / "offline.yaml").write_text(
        yaml.safe_dump({"tracking": {"uri": "sqlite:////proc/none/x.db"}})
    )
    options = ["--configfile", "config/test.yaml", "offline.yaml", "--until", "teacher"]
    project.snakemake(*options)
    place = json.loads((project.folder / "results/test/tracking.json").read_text())
    assert place["parent_run_id"] is None
    assert place["reason"]
    assert (project.folder / "results/test/teachers/base/best_model/model.safetensors").exists()
