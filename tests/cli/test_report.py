"""``kdlib report``: the page of a finished run, written again from the files that its rule read."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from kdlib.cli import app
from kdlib.files import read_json, write_json
from tests.runs.small_run import VALUES


def report(run):
    return CliRunner().invoke(app, ["report", str(run)])


def test_the_page_is_written_from_what_its_rule_read(finished_run):
    done = report(Path("results/small"))
    assert done.exit_code == 0, done.output
    assert done.output == "report: results/small/report.html\n"
    page = (finished_run / "report.html").read_text()
    for text in ("<h1>Run small</h1>", *VALUES, "dense"):
        assert text in page


def test_a_run_that_lies_elsewhere_gives_the_same_page(finished_run):
    report(Path("results/small"))
    before = (finished_run / "report.html").read_bytes()
    moved = finished_run.rename("copy")
    (moved / "report.html").unlink()
    assert report(moved).exit_code == 0
    assert (moved / "report.html").read_bytes() == before


def test_what_is_missing_is_told_in_a_sentence(finished_run):
    manifest = read_json(finished_run / "manifest.json")
    (finished_run / "corpus/card.json").unlink()
    before = (finished_run / "report.html").read_bytes()
    assert report("results/small").output == (
        "error: results/small/corpus/card.json: there is no such file; run it to the end\n"
    )
    write_json(finished_run / "manifest.json", {**manifest, "jobs": []})
    assert "its manifest names no job of the rule report" in report("results/small").output
    (finished_run / "manifest.json").unlink()
    assert "results/small/manifest.json: there is no such file" in report("results/small").output
    assert (finished_run / "report.html").read_bytes() == before
