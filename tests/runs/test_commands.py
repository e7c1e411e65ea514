"""``kdlib runs``: list, show, diff and export, in every format."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path

import pyarrow as pa
import pytest
from typer.testing import CliRunner

from kdlib.cli import app
from kdlib.files import read_json, write_json, write_parquet
from tests.runs.small_run import VALUES

METRICS = Path("evaluation/evaluation_metrics.json")


def runs(*arguments, code=0):
    done = CliRunner().invoke(app, ["runs", *arguments])
    assert done.exit_code == code, done.output
    return done


def edited(path, edit):
    found = read_json(path)
    edit(found)
    write_json(path, found)


def records(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_list_tells_date_overlay_and_the_best_student(project):
    Path("config").mkdir()
    Path("config/own.yaml").write_text("run: small\n")
    (row,) = json.loads(runs("list", "--format", "json").stdout)
    assert row["run"] == "small"
    assert row["overlay"] == "config/own.yaml"
    assert (row["split"], row["rows"], row["state"]) == ("class", 8, "finished")
    assert row["best student"] == "students/ce"
    assert row["token_f1"] == 0.625
    assert row["codebleu"] is None
    assert row["ended"].startswith("1970-01-01")  # by the manifests, whatever the dates of the files


def test_list_is_a_table_in_text_and_markdown(project):
    text = runs("list").stdout.splitlines()
    assert text[0].split()[:3] == ["run", "ended", "overlay"]
    assert text[1].startswith("small")
    assert runs("list", "--format", "markdown").stdout.splitlines()[1].startswith("| --- | --- |")
    assert records(runs("list", "--format", "csv").stdout)[0]["best student"] == "students/ce"


def test_half_finished_runs_are_listed_as_such(project, twin):
    for name in ("evaluation", "manifest.json"):
        shutil.rmtree(twin / name) if (twin / name).is_dir() else (twin / name).unlink()
    Path("results/begun/corpus").mkdir(parents=True)
    Path("results/mlartifacts/1").mkdir(parents=True)  # no run
    found = {row["run"]: row for row in json.loads(runs("list", "--format", "json").stdout)}
    assert set(found) == {"small", "twin", "begun"}
    assert found["twin"]["state"] == "unfinished: students/trident is the last stage with results"
    assert found["begun"]["state"] == "unfinished: no results"
    assert "not evaluated yet" in runs("show", "twin", code=1).stderr
    assert "no stage has results yet" in runs("export", "begun", code=1).stderr


def test_a_run_that_is_done_again_is_not_finished(project):
    edited(metrics_of("small"), lambda found: found.update(rows=9))
    (row,) = json.loads(runs("list", "--format", "json").stdout)
    assert row["state"] == "unfinished: the evaluation is newer than manifest.json"
    report = Path("results/small/students/ce/training_report.json")
    report.unlink()  # as Snakemake does before a training begins again
    (row,) = json.loads(runs("list", "--format", "json").stdout)
    assert row["state"] == f"unfinished: 1 results are missing, such as {report}"


def metrics_of(run):
    return Path("results", run) / METRICS


def test_show_has_models_metrics_and_intervals(project):
    text = runs("show", "small", "--metric", "token_f1", "--metric", "nll").stdout
    (line,) = [line for line in text.splitlines() if line.startswith("students/ce")]
    assert line.split("  ", 1)[1].strip() == "0.625 [0.5, 0.75]  1.5 [1.375, 1.625]"
    assert "token_f1 ↑" in text
    assert "nll ↓" in text
    assert "8 test rows, split by class" in text
    found = json.loads(runs("show", "results/small", "--metric", "all", "--format", "json").stdout)
    assert found["models"]["students/ce"]["krs"]["value"] == 0.9
    assert found["models"]["baselines/retrieval"]["nll"] is None
    rows = records(runs("show", "small", "--format", "csv").stdout)
    assert {row["model"] for row in rows} == set(VALUES)
    assert all(row["signature"].startswith(row["metric"]) for row in rows)


def test_an_evaluation_on_validation_stands_beside_that_on_test(project):
    place = Path("results/small/validation")
    shutil.copytree("results/small/evaluation", place / "evaluation")
    write_json(place / METRICS, {**read_json(place / METRICS), "rows_of": "validation"})
    names = [row["run"] for row in records(runs("list", "--format", "csv").stdout)]
    assert names == ["small", "small/validation"]
    for name in ("small/validation", place):
        assert "small/validation: 8 validation rows, split by class" in runs("show", str(name)).stdout
    said = runs("diff", "small", "small/validation").stdout
    assert "NOT COMPARABLE" in said
    assert "evaluated on test and on validation" in said
    stages = {row["stage"] for row in records(runs("export", str(place)).stdout)}
    assert {"students/ce", "validation/cost/students/ce", "validation/evaluation/students/ce"} < stages
    assert "evaluation/students/ce" not in stages


def test_unknown_names_are_one_sentence(project):
    assert "did you mean 'small'?" in runs("show", "smal", code=1).stderr
    assert (
        "no metric 'f1'; there are all, exact_match" in runs("show", "small", "--metric", "f1", code=1).stderr
    )
    assert "nowhere: there is no such folder" in runs("list", "--results", "nowhere", code=1).stderr


def test_diff_tells_keys_and_metrics(project, twin):
    def better(found):
        found["models"]["students/ce"]["token_f1"].update(value=0.75, low=0.625, high=0.875)
        found["models"]["students/ce"]["nll"].update(value=1.0, low=0.875, high=1.125)
        found["models"]["students/new"] = found["models"].pop("students/trident")

    edited(twin / METRICS, better)
    edited(twin / "manifest.json", lambda found: found["config"]["students"]["ce"].update(alpha=0.5))
    edited(twin / "manifest.json", lambda found: found["config"]["students"].pop("trident"))
    found = json.loads(runs("diff", "small", "twin", "--format", "json").stdout)
    assert found["not_comparable"] == []
    assert {own["key"]: (own["a"], own["b"]) for own in found["config"]} == {
        "students.ce.alpha": ("absent", 0.5),
        "students.trident.temperature": (4.0, "absent"),
    }
    moved = {(own["model"], own["metric"]): own for own in found["metrics"]}
    assert set(moved) == {("students/ce", "token_f1"), ("students/ce", "nll")}
    f1, nll = moved["students/ce", "token_f1"], moved["students/ce", "nll"]
    assert (f1["delta"], f1["better"], f1["overlap"]) == (0.125, True, True)
    assert (nll["delta"], nll["better"], nll["overlap"]) == (-0.5, True, False)
    assert found["only_in"] == {"small": ["students/trident"], "twin": ["students/new"]}
    text = runs("diff", "small", "twin").stdout
    assert "students.ce.alpha" in text
    assert "only in small: students/trident" in text
    assert "+0.125  better  overlap" in text
    assert "WARNING" not in text
    kinds = [row["kind"] for row in records(runs("diff", "small", "twin", "--format", "csv").stdout)]
    assert kinds == ["config", "config", "metric", "metric"]


def test_diff_of_equal_runs_is_empty(project, twin):
    edited(twin / "manifest.json", lambda found: found["config"].update(run="small"))
    text = runs("diff", "small", "twin").stdout
    assert "no key differs" in text
    assert "metrics: none differs" in text


@pytest.mark.parametrize("format", ["text", "markdown", "csv", "json"])
def test_other_test_rows_are_said_loudly_and_nothing_is_called_better(project, twin, format):
    ids = [f"test-{row}" for row in range(4, 12)]
    write_parquet(twin / "dataset/test.parquet", pa.table({"id": ids}))
    edited(twin / "corpus/card.json", lambda found: found["sources"].update(more={"files": 1}))
    edited(twin / METRICS, lambda found: found["models"]["students/ce"]["nll"].update(value=1.0))
    edited(twin / METRICS, lambda found: found.update(split="row"))
    done = runs("diff", "small", "twin", "--format", format)
    said = done.output  # both streams
    assert "NOT COMPARABLE" in said
    assert "different test rows: 8 and 8, 4 of them in common" in said
    assert "different corpora: toy | more, toy" in said
    assert "different splits: by class and by row" in said
    assert "better" not in said.replace("better,intervals", "").replace('"better": null', "")


def test_numbers_measured_in_different_ways_are_marked(project, twin):
    def other(found):
        found["models"]["students/ce"]["krs"].update(value=0.5, signature="krs|v:2|n:8|split:class")

    edited(twin / METRICS, other)
    assert "measured in different ways" in runs("diff", "small", "twin").stdout


def test_runs_without_a_manifest_tell_their_numbers_and_what_is_missing(project, twin):
    (twin / "manifest.json").unlink()
    done = runs("diff", "small", "twin")
    assert "results/twin has no manifest.json" in done.output
    assert "configuration: not known of both runs" in done.stdout
    assert "metrics: none differs" in done.stdout


def test_export_writes_every_number_with_its_signature(project):
    rows = records(runs("export", "small").stdout)
    stages = {row["stage"] for row in rows}
    assert {"corpus", "dataset", "signals/base", "fidelity/base", "students/ce", "execution"} <= stages
    assert {"cost/students/ce", "agreement/students/ce", "evaluation/baselines/retrieval"} <= stages
    (f1,) = [row for row in rows if (row["stage"], row["name"]) == ("evaluation/students/ce", "token_f1")]
    assert (f1["value"], f1["low"], f1["high"], f1["n"]) == ("0.625", "0.5", "0.75", "8")
    assert f1["signature"].startswith("token_f1|v:1")
    assert len(rows) == len(json.loads(runs("export", "small", "--format", "json").stdout))
    told = runs("export", "small", "--out", "numbers.md", "--format", "markdown").stdout
    assert f"{len(rows)} numbers of results/small: numbers.md" in told
    assert len(Path("numbers.md").read_text().splitlines()) == len(rows) + 2


def test_a_broken_result_is_one_sentence_and_hides_no_other_run(project, twin):
    metrics_of("small").write_text("{")
    assert "evaluation_metrics.json:1: not JSON" in runs("show", "small", code=1).stderr
    found = {row["run"]: row["state"] for row in json.loads(runs("list", "--format", "json").stdout)}
    assert "evaluation_metrics.json:1: not JSON" in found["small"]
    assert found["twin"] == "finished"


def test_a_run_that_executed_nothing_is_exported_without_that_stage(project):
    write_json(Path("results/small/evaluation/execution.json"), {"measured": False, "reason": "no JDK"})
    stages = {row["stage"] for row in records(runs("export", "small").stdout)}
    assert "execution" not in stages
    assert "evaluation/students/ce" in stages


def test_an_empty_evaluation_is_one_sentence(project):
    metrics_of("small").write_text("{}")
    done = runs("show", "small", code=1)
    assert "results/small/evaluation/evaluation_metrics.json: rows is missing" in done.stderr
    assert "Traceback" not in done.output


def test_results_of_another_version_are_one_sentence(project):
    edited(Path("results/small/students/ce/training_report.json"), lambda found: found.pop("coverage"))
    report = Path("results/small/students/ce/training_report.json")
    told = f"{report}: coverage is missing; another version of kdlib may have written it: run it again"
    assert told in runs("export", "small", code=1).stderr
    metrics_of("small").unlink()
    (row,) = json.loads(runs("list", "--format", "json").stdout)
    assert row["state"] == told
