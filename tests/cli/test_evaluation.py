"""``kdlib score``: the numbers of the pipeline for files that any system wrote."""

from __future__ import annotations

import json
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from typer.testing import CliRunner

from kdlib.cli import app
from kdlib.files import read_jsonl, write_jsonl, write_parquet
from kdlib.records import BASELINES

GOLD = ["assertEquals(1, x.size());", "assertTrue(y);", 'assertEquals("p q", z.name());', "assertNull(w);"]


def run(*arguments):
    return CliRunner().invoke(app, ["score", *map(str, arguments), "--processes", "1", "--resamples", "100"])


@pytest.fixture
def files(tmp_path):
    """Return the folder of gold.txt and two systems' lines, of which the first has two of four right."""
    (tmp_path / "gold.txt").write_text("\n".join(GOLD) + "\n")
    (tmp_path / "ours.txt").write_text("\n".join([GOLD[0], "assertTrue( y ) ;", "x", ""]) + "\n")
    (tmp_path / "theirs.txt").write_text("\n".join([*GOLD[:3], "f();"]) + "\n")
    return tmp_path


def test_lines_are_scored_and_printed(files):
    done = run(files / "ours.txt", "--references", files / "gold.txt")
    assert done.exit_code == 0, done.output
    lines = dict(line.split(None, 1) for line in done.output.splitlines())
    assert lines["exact_match"] == "0.500 [0.000, 1.000]"
    assert lines["syntax_valid"].startswith("0.500 ")


def test_systems_are_compared_with_the_first(files, tmp_path):
    systems = (files / "ours.txt", files / "theirs.txt")
    done = run(*systems, "--references", files / "gold.txt", "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert "theirs - ours" in done.output
    report = json.loads((tmp_path / "out/evaluation_metrics.json").read_text())
    (own,) = [own for own in report["comparisons"] if own["metric"] == "exact_match"]
    assert (own["a"], own["b"], own["difference"], own["n"]) == ("theirs", "ours", 0.25, 4)
    assert report["models"]["ours"]["bleu"]["signature"].endswith(
        "n:4|split:unknown|boot:100|conf:0.95|seed:42"
    )
    samples = [
        json.loads(line) for line in (tmp_path / "out/predictions_final.jsonl").read_text().splitlines()
    ]
    assert [sample["exact_match"] for sample in samples] == [
        True,
        True,
        False,
        False,
        True,
        True,
        True,
        False,
    ]


def test_systems_are_called_by_what_tells_them_apart(files):
    for name, text in (("a", "ours"), ("b", "theirs")):
        (files / name).mkdir()
        (files / name / "predictions.txt").write_text((files / f"{text}.txt").read_text())
    done = run(files / "a/predictions.txt", files / "b/predictions.txt", "--references", files / "gold.txt")
    assert done.output.splitlines()[0].split() == ["4", "rows", "a", "b"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("none.txt",), "none.txt: cannot be read"),
        (("ours.txt", "ours.txt"), "given twice"),
        (("ours.txt", "--confidence", "2"), "must lie between 0 and 1, got 2"),
    ],
)
def test_what_is_wrong_is_told_in_a_sentence(files, monkeypatch, arguments, told):
    monkeypatch.chdir(files)
    done = run(*arguments, "--references", "gold.txt")
    assert done.exit_code == 1
    assert told in done.output
    assert "Traceback" not in done.output


@pytest.mark.parametrize(
    ("name", "rows_of"), [("validation", "validation"), ("test", "test"), ("x", "unknown")]
)
def test_references_tell_their_split_by_the_name_of_their_file(files, name, rows_of):
    gold = (files / "gold.txt").read_text().splitlines()
    rows = {"id": [str(place) for place in range(1, len(gold) + 1)], "target": gold}
    write_parquet(files / f"{name}.parquet", pa.table(rows))
    answers = [
        {"id": key, "rank": 1, "text": text, "score": 0.0} for key, text in zip(*rows.values(), strict=True)
    ]
    write_jsonl(files / "predictions.jsonl", answers)
    done = run(files / "predictions.jsonl", "--references", files / f"{name}.parquet", "--out", files / "out")
    found = json.loads((files / "out/evaluation_metrics.json").read_text())
    assert done.exit_code == 0, done.output
    assert found["rows_of"] == rows_of
    signature = found["models"]["predictions"]["exact_match"]["signature"]
    assert ("|on:validation|" in signature) == (rows_of == "validation")
    assert (f"{len(gold)} {rows_of} rows" in done.output) == (rows_of != "unknown")


@pytest.mark.parametrize(
    ("references", "told"),
    [
        ("gold.txt", "gold.txt has no ids; give a dataset's"),
        ("gold.jsonl", "there is no such file; a finished"),
    ],
)
def test_what_cannot_be_run_is_told_in_a_sentence(files, references, told):
    write_jsonl(files / "gold.jsonl", [{"id": "a", "target": GOLD[0]}])
    write_jsonl(files / "one.jsonl", [{"id": "a", "rank": 1, "text": GOLD[0], "score": 0.0}])
    one = files / ("one.jsonl" if references.endswith("jsonl") else "gold.txt")
    done = run(one, "--references", files / references, "--run", files / "nowhere")
    assert done.exit_code == 1
    assert told in " ".join(done.output.split())
    assert "Traceback" not in done.output


def evaluate(*arguments):
    return CliRunner().invoke(app, ["evaluate", *map(str, arguments)])


@pytest.fixture
def config(tmp_path, monkeypatch):
    """Write a configuration to begin with and work beside it."""
    monkeypatch.chdir(tmp_path)
    least = {
        "threads": 1,
        "corpus": {"sources": {"sample": {"kind": "sample"}}},
        "teachers": {"base": {"size": "nano"}},
    }
    text = yaml.safe_dump({**least, "students": {"ce": {"teacher": "base", "loss": "ce", "size": "nano"}}})
    (tmp_path / "base.yaml").write_text(text)
    return ("--base", tmp_path / "base.yaml", "--beams", "1", "--n_best", "1", "--latency_rows", "1")


def test_a_student_equal_to_its_teacher_keeps_everything(config, dataset, teacher, tmp_path):
    models = ("--teacher", teacher, "--student", teacher, "--dataset", dataset.tokenizer.parent)
    done = evaluate(*models, *config, "--resamples", "100", "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    report = json.loads((tmp_path / "out/evaluation_metrics.json").read_text())
    (student,) = [name for name in report["models"] if name.startswith("students/")]
    own = report["models"][student]
    assert own["krs"]["value"] == own["top1_agreement"]["value"] == own["answer_agreement"]["value"] == 1
    assert own["semantic"]["value"] > 0
    for metric, score in report["models"]["teachers/teacher"].items():
        assert own[metric]["value"] == score["value"]
    assert set(BASELINES) < report["models"].keys()
    assert {"what": "execution", "reason": "only the workflow runs predictions"} in report["not_measured"]


def test_models_are_evaluated_on_the_split_that_is_asked_for(config, dataset, teacher, tmp_path):
    folder = tmp_path / "data"
    shutil.copytree(dataset.tokenizer.parent, folder)
    rows = pq.read_table(folder / "test.parquet")
    pq.write_table(rows.slice(0, 3), folder / "validation.parquet")
    options = (
        "--teacher",
        teacher,
        "--dataset",
        folder,
        *config,
        "--resamples",
        "100",
        "--split",
        "validation",
    )
    done = evaluate(*options, "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    report = json.loads((tmp_path / "out/evaluation_metrics.json").read_text())
    assert (report["rows"], report["rows_of"]) == (3, "validation")
    assert "3 validation rows" in done.output
    predicted = list(read_jsonl(tmp_path / "out/predictions_final.jsonl"))
    assert {line["id"] for line in predicted} == set(rows["id"].to_pylist()[:3])
    (folder / "validation.parquet").unlink()
    assert "validation.parquet: there is no such file" in evaluate(*options, "--out", "again").output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "nothing to evaluate: set --teacher, --student or both"),
        (("--teacher", "none"), "none/config.json: there is no such file"),
        (("--student", "a/best_model", "--student", "b/a"), "two students have the same name"),
        (("--student", "a", "--encoder", "none"), "none/config.json: there is no such file"),
    ],
)
def test_models_that_are_not_there_are_told(config, arguments, told):
    done = evaluate(*arguments, *config, "--out", "out")
    assert done.exit_code == 1
    assert told in done.output


def test_the_old_spelling_of_an_option_works_and_is_not_in_the_help(config):
    done = evaluate("--student", "a", "--measure", "none", *config, "--out", "out")
    assert "note: --measure is called --encoder now" in done.output
    assert "none/config.json: there is no such file" in done.output
    shown = evaluate("--help").output
    assert "--measure" not in shown
    # The folder's option hides the key, which only the workflow reads.
    assert shown.count("--encoder ") == 1
    assert "--encoder YAML" not in shown
