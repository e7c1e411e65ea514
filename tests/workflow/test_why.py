"""What kdlib tells of a finished run: what has changed since, and what its numbers were made from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from kdlib.provenance.comparison import MEASURED_COLUMNS
from kdlib.training.loop.record_writer import CLOCKS
from tests.workflow.project import Project

pytestmark = pytest.mark.workflow

OVERLAY = ("--overlay", "config/test.yaml")
STUDENT = "results/test/students/trident"


@contextmanager
def edited(project: Project, path: str, old: str, new: str) -> Iterator[None]:
    """Replace text in a file of a project for a while."""
    file = project.folder / path
    before = file.read_text()
    assert old in before
    file.write_text(before.replace(old, new, 1))
    try:
        yield
    finally:
        file.write_text(before)


def why(project: Project, what: str) -> dict[str, dict]:
    """Return what kdlib why tells of every job, by the job's name."""
    lines = project.kdlib("why", what, *OVERLAY, "--json").splitlines()
    return {own["job"]: own for own in map(json.loads, lines)}


def told(own: dict) -> list[tuple[str, str, str]]:
    return [(change["kind"], change["name"], change["how"]) for change in own["changes"]]


def test_without_an_edit_nothing_has_changed_in_any_job(finished):
    for what in ("student", "results/test", "cache"):
        found = why(finished, what)
        assert found
        assert {name: told(own) for name, own in found.items() if told(own) or own["runs"]} == {}
    assert "nothing has changed" in finished.kdlib("why", f"{STUDENT}/training_report.json", *OVERLAY)


def test_a_value_a_module_and_a_package_are_told_by_name(finished):
    folder = finished.folder / "torch-99.0.dist-info"
    with edited(finished, "config/config.yaml", "semantic: {}", "semantic: {scale: 4}"):
        own = why(finished, f"{STUDENT}/")
        assert list(own) == ["student trident"]
        assert told(own["student trident"]) == [("config", "student.components.semantic.scale", "5.0 → 4.0")]
    with edited(finished, "kdlib/losses/chunked.py", "import torch\n", "import torch\n\nNEW = 1\n"):
        folder.mkdir()
        (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: torch\nVersion: 99.0\n")
        try:
            found = why(finished, STUDENT)
        finally:
            (folder / "METADATA").unlink()
            folder.rmdir()
    kinds = [(kind, name) for kind, name, _ in told(found["student trident"])]
    assert kinds == [("code", "kdlib.losses.chunked"), ("environment", "torch")]
    assert ("environment", "torch") in [change[:2] for change in told(found["teacher base"])]


def test_input_that_will_be_made_again_is_followed_to_its_cause(finished):
    with edited(
        finished, "config/test.yaml", "copy_steps: 0, threads: 1}", "copy_steps: 0, threads: 1, seed: 9}"
    ):
        output = finished.kdlib("why", "report", *OVERLAY)
    lines = output.splitlines()
    assert lines[0].startswith("report: runs again; made ")
    assert "teacher base" in lines[1]
    cause = lines.index(next(line for line in lines if line.startswith("teacher base: runs again")))
    assert lines[cause + 1].split() == ["config", "teacher.training.seed:", "42", "→", "9"]
    assert not any(line.startswith("predict_teacher") for line in lines), "it has no cause of its own"


def test_a_name_that_nothing_has_is_told_in_a_sentence(finished):
    output = finished.kdlib("why", "studnt", *OVERLAY, check=False)
    assert output.startswith("error: No rule to produce studnt")
    assert "Traceback" not in output


def test_a_number_of_the_report_is_followed_to_its_sources(finished):
    number = ("--number", "students/trident/token_f1")
    report = ("lineage", "results/test/report.html", *number)
    scores = json.loads((finished.folder / "results/test/evaluation/evaluation_metrics.json").read_text())
    expected = scores["models"]["students/trident"]["token_f1"]
    found = json.loads(finished.kdlib(*report, "--json"))
    assert found["score"] == expected
    jobs = [(own["rule"], *own["wildcards"].values()) for own in found["jobs"]]
    assert {("score",), ("student", "trident"), ("teacher", "base"), ("dataset",), ("mine", "sample")} <= set(
        jobs
    )
    assert not {("student", "ce"), ("predict_student", "ce"), ("predict_teacher", "base")} & set(jobs)
    assert all(path.startswith("examples/sample-java/") for path in found["sources"])
    assert len(found["sources"]) > 100
    output = finished.kdlib(*report)
    assert f"{expected['value']:.4g} [" in output
    assert expected["signature"] in output
    wrong = finished.kdlib(
        "lineage", "results/test/report.html", "--number", "students/trident/f1", check=False
    )
    assert "no 'f1'" in wrong
    assert "token_f1" in wrong


def test_the_runs_manifest_knows_who_made_everything(finished):
    whole = json.loads((finished.folder / "results/test/manifest.json").read_text())
    assert whole["unrecorded"] == []
    assert whole["config"]["students"].keys() == {"ce", "traditional", "trident"}
    rules = {own["rule"] for own in whole["jobs"]}
    assert {"jars", "mine", "teacher", "student", "score", "report", "track", "card", "fidelity"} <= rules
    assert {own["code"] for own in whole["jobs"]} == whole["code"].keys()


def test_what_no_two_runs_share_is_what_the_records_say():
    assert set(CLOCKS) == MEASURED_COLUMNS
