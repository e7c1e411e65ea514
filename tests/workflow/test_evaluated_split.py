"""A finished run evaluated on validation as well: beside the evaluation on test, which stays as it is."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from kdlib.files import read_json, read_parquet
from kdlib.provenance.manifest import digests
from tests.workflow.project import Project, copied, jobs_in

pytestmark = pytest.mark.workflow

OVERLAY = ("--configfile", "config/test.yaml", "validation.yaml")
MIRRORED = {"mlflow.db", "mlartifacts"}  # which hold the runs of both


@pytest.fixture(scope="module")
def both(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, dict[str, str]]:
    """The finished project evaluated on validation too, and the digests of all results before."""
    project = copied(finished, tmp_path_factory.mktemp("validation") / "project")
    project.snakemake("--forcerun", "track")  # what works in another folder has runs of its own in MLflow
    before = _results(project)
    (project.folder / "validation.yaml").write_text("evaluation: {split: validation}\n")
    output = project.snakemake(*OVERLAY)
    assert not {"teacher", "student", "signals_shard", "dataset"} & jobs_in(output).keys()
    return project, before


def _results(project: Project) -> dict[str, str]:
    run = project.folder / "results/test"
    files = sorted(path for path in run.rglob("*") if path.is_file() and not MIRRORED & set(path.parts))
    return digests(map(str, files))


def test_the_results_of_test_stay_and_nothing_is_to_be_done(both):
    project, before = both
    after = _results(project)
    assert {path: after[path] for path in before} == before
    assert {
        Path(path).relative_to(project.folder / "results/test").parts[0] for path in after.keys() - before
    } <= {
        "validation",
        "manifests",
    }
    assert project.planned() == {}
    assert jobs_in(project.snakemake("--dry-run", *OVERLAY)) == {}


def test_rows_and_texts_are_those_of_validation(both):
    project, _ = both
    run = project.folder / "results/test"
    rows = read_parquet(run / "dataset/validation.parquet", ["id"])["id"].to_pylist()
    for name in ("evaluation_metrics.json", "metrics_summary_final.json"):
        found = read_json(run / "validation/evaluation" / name)
        assert (found["rows"], found["rows_of"]) == (len(rows), "validation")
        assert read_json(run / "evaluation" / name)["rows_of"] == "test"
    scores = read_json(run / "validation/evaluation/evaluation_metrics.json")["models"]
    assert "|on:validation|" in scores["students/ce"]["token_f1"]["signature"]
    assert read_json(run / "validation/evaluation/students/ce/cost.json")["rows_of"] == "validation"
    executed = read_json(run / "validation/evaluation/execution.json")
    assert not executed["measured"] or set(executed["reference"]) <= set(rows)
    page = (run / "validation/report.html").read_text()
    assert f"{len(rows)} <strong>validation</strong> rows" in page
    assert "test rows" not in page.partition("<script")[0].partition("Leakage")[0]


def test_commands_find_both(both):
    project, _ = both
    listed = project.kdlib("runs", "list")
    assert listed.count("finished") == 2
    assert "test/validation" in listed
    assert "validation rows" in project.kdlib("runs", "show", "test/validation")
    assert "NOT COMPARABLE" in project.kdlib("runs", "diff", "test", "test/validation")
    page = project.folder / "results/test/validation/report.html"
    before = page.read_bytes()
    page.unlink()
    project.kdlib("report", "results/test/validation")
    assert page.read_bytes() == before
    number = project.kdlib(
        "lineage", "results/test/validation/report.html", "--number", "students/ce/token_f1"
    )
    assert "|on:validation|" in number
    assert "results/test/dataset/validation.parquet" in number


def test_mlflow_shows_both(both):
    project, _ = both
    run = project.folder / "results/test"
    shown, own = (read_json(path)["runs"] for path in (run / "validation/mlflow.json", run / "mlflow.json"))
    assert "validation/evaluation/students/ce" in shown
    assert "evaluation/students/ce" not in shown
    assert shown["students/ce"] == own["students/ce"]
    shutil.rmtree(run / "validation")
    project.snakemake("--forcerun", "track")
    assert read_json(run / "mlflow.json")["runs"] == own
