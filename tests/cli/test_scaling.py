"""``kdlib analyse-loss-scaling`` as a user runs it."""

from __future__ import annotations

import csv
import json

import pytest
from typer.testing import CliRunner

from kdlib.cli import app
from kdlib.telemetry.step_csv import step_columns

NORMS = {"focal": 0.15, "jsd": 0.125, "semantic": 0.4}
WEIGHTS = {"focal": 0.3, "jsd": 0.5, "semantic": 0.2}


@pytest.fixture
def run(tmp_path):
    columns = step_columns(WEIGHTS)
    with (tmp_path / "step_metrics.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        for step in range(1, 9):
            row = {**dict.fromkeys(columns, 1), "step": step, "learning_rate": 1 / step}
            for name, weight in WEIGHTS.items():
                row |= {f"{name}_weight": weight, f"{name}_grad_norm": NORMS[name]}
                row |= {f"{name}_loss_weighted": weight * (5 if name == "semantic" else 1)}
            writer.writerow(row)
    return tmp_path


def analyse(*arguments):
    return CliRunner().invoke(app, ["analyse-loss-scaling", *map(str, arguments)])


@pytest.mark.slow
def test_a_table_the_advice_and_a_figure(run):
    figure = run / "shares.svg"
    done = analyse(run, "--figure", figure)
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert lines[0] == f"{run}: share of each loss in the gradient, 8 measurements"
    cells = {line.split()[0]: line.split()[1:] for line in lines if line}
    assert cells["1"] == ["22%", "19%", "59%"]
    assert cells["7–8"] == ["22%", "19%", "59%"]
    # s / u, scaled to the sum of the weights: .3/.5, .5/.25, .2/2 over 2.7
    assert cells["focal"] == ["22%", "30%", "0.3", "0.222"]
    assert cells["jsd"] == ["19%", "50%", "0.5", "0.741"]
    assert cells["semantic"] == ["59%", "20%", "0.2", "0.037"]
    assert "  schedule: null, loss_weights: {focal: 0.222, jsd: 0.741, semantic: 0.037}" in lines
    assert "  components: {semantic: {scale: 0.859}}  (now 5)" in lines
    assert lines[-1] == f"figure: {figure}"
    assert figure.read_text().count("<svg") == 1


def test_json_holds_the_same(run):
    done = analyse(run / "step_metrics.csv", "--json", "--figure", run / "shares.png", "--since", 3)
    found = json.loads(done.output)
    assert found["components"] == list(WEIGHTS)
    assert found["looked_at"] == {"first_step": 3, "measured_steps": 6}
    assert found["recommended"]["semantic_scale"]["then"] == pytest.approx(5 * 0.25 * 0.275 / 0.4)
    assert found["measured"]["steps"] == list(range(1, 9))
    assert (run / "shares.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--share", "focal"], "--share takes component=number, got 'focal'"),
        (["--share", "focal=much"], "--share takes component=number"),
        (["--share", "focl=1"], "no component focl"),
        (["--figure", "shares.bmp"], "a figure ends in .svg, .png, .pdf"),
        (["--since", "99"], "no gradient was measured from step 99 on"),
    ],
)
def test_mistakes_are_one_sentence(run, arguments, told, monkeypatch):
    monkeypatch.chdir(run)
    done = analyse(run, *arguments)
    assert done.exit_code == 1
    assert told in done.output
    assert "Traceback" not in done.output
    assert sorted(path.name for path in run.iterdir()) == ["step_metrics.csv"]


def test_a_folder_without_records_is_told(tmp_path):
    done = analyse(tmp_path)
    assert done.exit_code == 1
    assert "step_metrics.csv: there is no such file" in done.output


def test_help_teaches():
    shown = analyse("--help").output
    for word in ("--share", "--since", "--figure", "--json", "Examples:", "students/trident"):
        assert word in shown
