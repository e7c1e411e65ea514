"""Single stages on the command line: the configuration's keys are options, with its checks and messages."""

from __future__ import annotations

import json

import pytest
import yaml
from typer.testing import CliRunner

from kdlib.cli import app, stages
from kdlib.config import Signals, Student, Teacher

NANO = {"d_model": 32, "d_ff": 64, "encoder_layers": 1, "decoder_layers": 1, "heads": 2}


def run(*arguments):
    return CliRunner().invoke(app, list(map(str, arguments)))


@pytest.fixture
def base(tmp_path, monkeypatch):
    """A configuration whose two students share their training by an alias."""
    monkeypatch.chdir(tmp_path)
    shared = {"epochs": 1, "batch_size": 8, "dropout": 0}
    text = yaml.safe_dump(
        {
            "threads": 1,
            "corpus": {"sources": {"sample": {"kind": "sample"}}},
            "teachers": {"base": {"size": NANO, "training": shared}},
            "students": {
                name: {"teacher": "base", "loss": "ce", "size": NANO, "training": shared} for name in "ab"
            },
        }
    )
    assert "training: *" in text
    (tmp_path / "base.yaml").write_text(text)
    return tmp_path / "base.yaml"


def report(folder):
    return json.loads((folder / "training_report.json").read_text())


def test_options_of_a_teacher_are_its_keys(base, dataset, tmp_path):
    out = tmp_path / "out"
    done = run("teacher", "--base", base, "--dataset", dataset.tokenizer.parent, "--out", out)
    assert done.exit_code == 0, done.output
    assert report(out)["params"]["learning_rate"] == 0.001
    other = ("--training.learning_rate", "5e-3", "--training.epochs", 2, "--size", "nano")
    done = run("teacher", "--base", base, "--dataset", dataset.tokenizer.parent, "--out", out, *other)
    assert done.exit_code == 0, done.output
    found = report(out)
    assert (found["params"]["learning_rate"], found["epochs"]) == (0.005, 2)


def test_a_student_is_distilled_from_given_files(base, dataset, teacher, manifest, tmp_path):
    files = (
        "--dataset",
        dataset.tokenizer.parent,
        "--teacher-model",
        teacher,
        "--signals-manifest",
        manifest,
    )
    components = ("--components", "{semantic: {scale: 3}}", "--loss_weights", "{semantic: 1}")
    loss = ("--loss", "multi_component", *components)
    out = tmp_path / "out"
    done = run("distill", "a", "--base", base, "--out", out, *files, *loss)
    assert done.exit_code == 0, done.output
    assert report(out)["params"]["components"]["semantic"] == {"scale": 3}
    done = run("distill", "a", "--base", base, "--out", tmp_path / "other", *files, "--loss", "traditional")
    assert done.output.startswith(f"error: {manifest}: the signals were stored for another dataset")


def test_signals_are_extracted_and_serve_a_student(base, dataset, teacher, tmp_path):
    from kdlib.signals.manifest import read_manifest

    files = ("--base", base, "--dataset", dataset.tokenizer.parent, "--teacher-model", teacher)
    out = tmp_path / "store"
    settings = ("--codec", "{kind: hidden, precision: int8}", "--shards", 2, "--batch_size", 5)
    done = run("extract", *files, "--out", out, *settings)
    assert done.exit_code == 0, done.output
    manifest = read_manifest(out / "manifest.json")
    assert (manifest.rows, len(manifest.files)) == (36, 4)
    assert manifest.codec["precision"] == "int8"

    before = (out / "manifest.json").read_bytes()
    (out / "manifest.json").unlink()
    (out / "train/1.parquet").unlink()
    done = run("extract", *files, "--out", out, *settings)
    assert done.output.count("is there already") == 3
    assert (out / "manifest.json").read_bytes() == before

    done = run("extract", *files, "--out", out)
    assert done.output.startswith(f"error: {out}: holds signals of another signals; name a new folder")
    done = run("extract", *files, "--out", tmp_path)
    assert done.output.startswith(f"error: {tmp_path}: is not empty and no store that was begun here")

    taken = (
        "--signals-manifest",
        out / "manifest.json",
        "--loss",
        "traditional",
        "--out",
        tmp_path / "pupil",
    )
    done = run("distill", "a", *files, *taken)
    assert done.exit_code == 0, done.output


def test_a_training_is_launched_as_its_profile_says(base, dataset, monkeypatch):
    launched = []
    monkeypatch.setattr("kdlib.training.launch.launch", lambda *call: launched.append(call))
    (base.parent / "two.yaml").write_text("num_processes: 2\n")
    keys = ("--dataset", dataset.tokenizer.parent, "--out", "out", "--training.accelerate", "two.yaml")
    done = run("teacher", "--base", base, *keys)
    assert done.exit_code == 0, done.output
    ((stage, name, settings, inputs, job),) = launched
    assert (stage.__name__, name, settings.training.accelerate) == ("finetune", "base", "two.yaml")
    assert (inputs.train, str(job.out)) == (dataset.train, "out")


def test_a_checkpoint_that_is_not_there_is_told(base, dataset, tmp_path):
    named = ("--resume-from", tmp_path / "checkpoint-7")
    done = run("teacher", "--base", base, "--dataset", dataset.tokenizer.parent, "--out", "out", *named)
    assert done.output == f"error: {tmp_path}/checkpoint-7: no complete checkpoint; {tmp_path} holds none\n"


def test_a_key_of_one_entry_leaves_its_twin_alone(base):
    config = stages._configured("students", "a", {"training.epochs": "7"}, [base])
    assert [config.students[name].training.epochs for name in "ab"] == [7, 1]


def test_a_key_is_laid_over_a_profile(base):
    raw = yaml.safe_load(base.read_text())
    base.write_text(
        yaml.safe_dump({**raw, "students": {"b": {**raw["students"]["b"], "training": "quick_start"}}})
    )
    config = stages._configured("students", "b", {"training.epochs": "7"}, [base])
    training = config.students["b"].training
    assert (training.epochs, training.epoch_samples, training.patience) == (7, 500, 2)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("teacher", "bose"), "no entry 'bose' of teachers; there are base"),
        (("distill", "a", "--training.epochs", "0"), "students.a.training.epochs: "),
        (("distill", "a"), "results/default/dataset/train.parquet: there is no such file"),
        (("distill", "a", "--training", "{"), "No such option: --training"),
        (("distill", "a", "--loss", "{"), "while parsing"),
        (("distill", "a", "--teacher", "bass"), "no teacher 'bass'; did you mean 'base'?"),
        (("distill", "a", "--schedule", "tridant"), "did you mean 'trident'?"),
        (("extract", "--shards", "0"), "signals.shards: "),
        (("extract", "--codec", "{kind: topkk}"), "signals.codec: "),
        (("extract",), "results/default/dataset/train.parquet: there is no such file"),
    ],
)
def test_what_is_wrong_is_told_in_a_sentence(base, arguments, told):
    done = run(*arguments, "--base", base, "--out", "out")
    assert done.exit_code != 0
    assert told in done.output
    assert "Traceback" not in done.output


def test_a_store_that_is_not_there_is_told_with_its_option(base, dataset):
    keys = ("--loss", "traditional", "--dataset", dataset.tokenizer.parent)
    done = run("distill", "a", "--base", base, "--out", "out", *keys)
    assert done.output.startswith("error: results/default/signals/base/manifest.json: there is no such file")
    assert "--signals-manifest" in done.output


def test_old_spellings_of_options_work_and_are_not_in_the_help(base, dataset, teacher, manifest, monkeypatch):
    launched = []
    monkeypatch.setattr("kdlib.training.launch.launch", lambda *given: launched.append(repr(given)))
    files = (
        "--base",
        base,
        "--dataset",
        dataset.tokenizer.parent,
        "--teacher-model",
        teacher,
        "--out",
        "out",
    )
    spellings = (
        ("--store", "--measure", "--answers"),
        ("--signals-manifest", "--encoder-model", "--beams-file"),
    )
    for store, encoder, beams in spellings:
        paths = (store, manifest, encoder, "some/encoder", f"{beams}=some/beams.parquet")
        done = run("distill", "a", "--loss", "traditional", *files, *paths)
        assert done.exit_code == 0, done.output
        assert done.output.count(" is called ") == (3 if store == "--store" else 0)
    old, new = launched
    assert old == new
    assert all(path in new for path in (str(manifest), "some/encoder", "some/beams.parquet"))
    shown = run("distill", "--help").output
    assert [option in shown for options in spellings for option in options] == [False] * 3 + [True] * 3


@pytest.mark.parametrize(
    ("command", "section"), [("teacher", Teacher), ("extract", Signals), ("distill", Student)]
)
def test_help_teaches_every_key(command, section):
    shown = " ".join(run(command, "--help").output.split())
    for key, field in stages._fields(section):
        assert f"--{key} YAML" in shown
        assert " ".join(field.description.split())[:25] in shown
