"""The commands that need no run: mining a folder and explaining a digest."""

from __future__ import annotations

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from kdlib.cli import app
from kdlib.files import read_examples, read_json

SAMPLE = "examples/sample-java"


def test_mine_writes_examples_and_a_report(tmp_path):
    out = tmp_path / "examples.parquet"
    done = CliRunner().invoke(app, ["mine", SAMPLE, "--out", str(out), "--licence", "MIT"])
    assert done.exit_code == 0, done.output
    examples, report = read_examples(out), read_json(tmp_path / "examples.json")
    assert len(examples) == report["examples"] > 3000
    assert f"{len(examples)} examples" in done.output
    assert sum(report["reasons"].values()) == len(examples)


def test_the_number_of_processes_changes_no_byte(tmp_path):
    outs = [tmp_path / f"{processes}.parquet" for processes in (1, 2, 3)]
    for processes, out in enumerate(outs, 1):
        options = ["--out", str(out), "--processes", str(processes)]
        assert CliRunner().invoke(app, ["mine", SAMPLE, *options]).exit_code == 0
    contents = {out.read_bytes() for out in outs}
    reports = {out.with_suffix(".json").read_text() for out in outs}
    assert (len(contents), len(reports)) == (1, 1)


@pytest.mark.parametrize("name", ["nowhere", "broken.tar"])
def test_what_cannot_be_mined_is_one_sentence(tmp_path, name):
    (tmp_path / "broken.tar").write_bytes(b"no archive")
    out = tmp_path / "examples.parquet"
    done = CliRunner().invoke(app, ["mine", str(tmp_path / name), "--out", str(out)])
    assert done.exit_code == 1
    assert done.output.startswith("error: ") or done.stderr.startswith("error: ")
    assert name in done.output
    assert not out.exists()


def test_help_loads_nothing_heavy():
    code = """
import sys
from typer.testing import CliRunner
from kdlib.cli import app

pages = [], ["signals"], ["signals", "inspect"], ["analyse-loss-scaling"], ["teacher"], ["distill"]
pages = *pages, ["runs"], ["watch"]
for arguments in pages:
    done = CliRunner().invoke(app, [*arguments, "--help"])
    assert done.exit_code == 0 and "Usage:" in done.output, done.output
heavy = {"torch", "transformers", "numpy", "pandas", "pyarrow", "scipy", "lz4"}
print(*sorted(heavy & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


def test_the_list_of_commands_needs_no_configuration():
    code = """
import sys
from typer.testing import CliRunner
from kdlib.cli import app

assert "distill" in CliRunner().invoke(app, ["--help"]).output
print(*sorted({"pydantic", "yaml", "kdlib.config"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


def test_all_commands_are_listed():
    listed = CliRunner().invoke(app, ["--help"]).output
    for name in (
        "config",
        "mine",
        "import",
        "export",
        "digest",
        "signals",
        "analyse-loss-scaling",
        "report",
        "runs",
        "watch",
    ):
        assert f"\n  {name} " in listed


@pytest.mark.parametrize(
    ("shown", "line"),
    [("report", "results/default/report.html"), ("tracking", "sqlite:///results/mlflow.db")],
)
def test_config_prints_what_the_makefile_asks_for(shown, line):
    assert CliRunner().invoke(app, ["config", "--show", shown]).stdout == f"{line}\n"
