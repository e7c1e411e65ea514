from __future__ import annotations

import json

import pyarrow as pa
import pytest
from typer.testing import CliRunner

from kdlib.cli import app
from kdlib.files import read_examples, write_parquet
from tests.corpus.importers.conftest import seed_row, write_seed


def run(*arguments):
    return CliRunner().invoke(app, list(map(str, arguments)))


def test_import_counts_and_says_where_the_rejected_rows_are(tmp_path):
    rows = [seed_row(), {}, seed_row(assertions=[]), {}]
    path, out = write_seed(tmp_path / "old.jsonl", rows), tmp_path / "new.parquet"
    done = run("import", "seed", path, "--out", out, "--licence", "MIT")
    assert done.exit_code == 0, done.output
    assert f"1 examples from 4 rows: {out}, {tmp_path / 'new.json'}" in done.output
    assert f"3 rejected rows: {tmp_path / 'new.rejected.jsonl'}" in done.output
    assert [line.split(None, 1) for line in done.output.splitlines()[2:]] == [
        ["2", "no focal method"],
        ["1", "no reference"],
    ]
    (example,) = read_examples(out)
    assert (example.occurrences[0].source, example.occurrences[0].licence) == ("old", "MIT")
    assert len((tmp_path / "new.rejected.jsonl").read_text().splitlines()) == 3


def test_a_limit_for_rows(tmp_path):
    path = write_seed(tmp_path / "old.jsonl", [seed_row()])
    done = run("import", "seed", path, "--out", tmp_path / "o.parquet", "--max-row-bytes", "10")
    assert "too long" in done.output


def test_there_and_back_again(tmp_path):
    path, out = write_seed(tmp_path / "old.jsonl", [seed_row()]), tmp_path / "e.parquet"
    assert run("import", "seed", path, "--out", out).exit_code == 0
    done = run("export", out, tmp_path / "back.jsonl")
    assert (done.exit_code, done.output) == (0, f"1 examples: {tmp_path / 'back.jsonl'}\n")
    header, row = map(json.loads, (tmp_path / "back.jsonl").read_text().splitlines())
    assert header == {"header": {"dataset_type": "all", "item_count": 1}}
    assert {name: row[name] for name in seed_row()} == seed_row()


def test_export_of_a_split(tmp_path):
    rows = [seed_row(focal_method=f"int f{number}() {{ }}") for number in range(3)]
    path, out = write_seed(tmp_path / "old.jsonl", rows), tmp_path / "e.parquet"
    run("import", "seed", path, "--out", out)
    ids, splits = [e.id for e in read_examples(out)], tmp_path / "s.parquet"
    write_parquet(splits, pa.table({"id": ids, "split": ["train", "test", "train"]}))
    done = run("export", out, tmp_path / "b.jsonl", "--splits", splits, "--split", "train")
    assert done.output.startswith("2 examples")
    written = list(map(json.loads, (tmp_path / "b.jsonl").read_text().splitlines()[1:]))
    assert [row["focal_method"] for row in written] == ["int f0() { }", "int f2() { }"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["import", "sed", "x"], "unknown format 'sed'; there are seed, methods2test, toga, atlas"),
        (["import", "seed", "nowhere"], "nowhere: neither a file nor a folder"),
        (["import", "seed", "x", "--max-row-bytes", "0"], "--max-row-bytes must be at least 1"),
        (["export", "nowhere", "out"], "nowhere: cannot be read as Parquet"),
        (["export", "nowhere", "out", "--split", "test"], "give both or neither"),
        (["export", "nowhere", "out", "--split", "tst"], "unknown split 'tst'; there are train, validation"),
    ],
)
def test_mistakes_are_one_sentence(tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    done = run(*arguments)
    assert done.exit_code == 1
    assert done.stderr.startswith("error: ")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["import", "export"])
def test_help_teaches_by_example(command):
    done = run(command, "--help")
    assert done.exit_code == 0
    assert f"Example: kdlib {command} " in done.output
