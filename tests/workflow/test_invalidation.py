"""For each edit, exactly the rules that run again."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.workflow.project import Project, jobs_in

pytestmark = pytest.mark.workflow

END = {"score": 1, "report": 1, "track": 1, "manifest": 1}
STUDENT = {"student": 1, "predict_student": 1, "agreement": 1, "similarity": 1, "execution": 1, **END}
EVALUATION = {
    "predict_teacher": 1,
    "predict_student": 3,
    "agreement": 3,
    "baselines": 1,
    "similarity": 1,
    "execution": 1,
    **END,
}
STORE = {"signals_codec": 1, "signals_shard": 4, "signals": 1, "fidelity": 1}
AFTER_DATASET = {
    "teacher": 1,
    **STORE,
    "student": 3,
    "predict_teacher": 1,
    "predict_student": 3,
    "agreement": 3,
    "baselines": 1,
    "similarity": 1,
    "execution": 1,
    "card": 1,
    **END,
}
SWEPT = {"student": 6, "predict_student": 6, "agreement": 6}
AFTER_CORPUS = {"mine": 1, "corpus": 1, "dataset": 1, **AFTER_DATASET}


def replaced(path: str, old: str, new: str) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        text = (folder / path).read_text()
        assert old in text, f"{path} has no {old!r}"
        (folder / path).write_text(text.replace(old, new, 1))

    return edit


def appended(path: str, text: str) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        with (folder / path).open("a") as file:
            file.write(text)

    return edit


TESTS = "examples/sample-java/src/test/java/tessera/math/FractionTest.java"
EDITS = {
    "a loss weight": (
        replaced("config/config.yaml", "schedule: trident", "schedule: trident_balanced"),
        STUDENT,
    ),
    "a constant of a loss": (
        replaced("config/config.yaml", "semantic: {}", "semantic: {scale: 4}"),
        STUDENT,
    ),
    "a seed of one student": (
        replaced(
            "config/test.yaml",
            "ce: {size: nano, training: {epochs: 1, copy_steps: 0}}",
            "ce: {size: nano, training: {epochs: 1, copy_steps: 0, seed: 7}}",
        ),
        STUDENT,
    ),
    "the seed of the statistics": (
        replaced("config/test.yaml", "resamples: 100}", "resamples: 100, seed: 7}"),
        END,
    ),
    "a comment in the configuration": (appended("config/test.yaml", "# a remark\n"), {}),
    "a new unrelated configuration key": (
        replaced(
            "kdlib/config/run.py",
            "class Tracking(Strict):",
            'class Unrelated(Strict):\n    """New."""\n\n    flag: bool = False\n\n\n'
            "class Tracking(Strict):\n"
            "    unrelated: Unrelated = Unrelated()",
        ),
        {},
    ),
    "a metric": (
        appended("kdlib/metrics/tokens.py", "\nNEW = 1\n"),
        END,
    ),
    "how a training is shown in MLflow": (appended("kdlib/tracking/mlflow_run.py", "\nNEW = 1\n"), {}),
    "how results are mirrored": (
        appended("kdlib/tracking/mirror.py", "\nNEW = 1\n"),
        {"track": 1, "manifest": 1},
    ),
    "where a result stands in the report": (
        replaced("workflow/rules/training.smk", 'category="Training"', 'category="Students"'),
        {},
    ),
    "a caption of the report": (appended("workflow/report/report.rst", "More.\n"), {}),
    "a comment": (appended("kdlib/losses/focal.py", "\n# a remark\n"), {}),
    "a reformat": (
        replaced(
            "kdlib/losses/combine.py",
            "from __future__ import annotations",
            "from __future__ import (annotations)",
        ),
        {},
    ),
    "how a job is logged": (appended("kdlib/jobs.py", "\nNEW = 1\n"), {}),
    "what records a job": (
        appended("kdlib/provenance/manifest.py", "\nNEW = 1\n"),
        {"report": 1, "track": 1, "manifest": 1},
    ),
    "a script's comment": (appended("workflow/scripts/teacher.py", "\n# a remark\n"), {}),
    "a script": (appended("workflow/scripts/agreement.py", "\nNEW = 1\n"), {"agreement": 3, **END}),
    "a rule's resources": (
        replaced("workflow/rules/teacher.smk", "mem_mb=grows(6000)", "mem_mb=grows(7000)"),
        {},
    ),
    "a file that is new in a source": (
        appended("examples/sample-java/src/main/java/tessera/math/New.java", "class New {}\n"),
        {"classpath": 1, **AFTER_CORPUS},
    ),
    "a docstring": (
        replaced(
            "kdlib/training/loop/trainer.py",
            '"""The transformers Trainer',
            '"""Here is the transformers Trainer',
        ),
        {},
    ),
    "a loss": (
        appended("kdlib/losses/focal.py", "\nNEW = 1\n"),
        {
            "teacher": 1,
            **STORE,
            "student": 3,
            "predict_teacher": 1,
            "predict_student": 3,
            "agreement": 3,
            "similarity": 1,
            "execution": 1,
            **END,
        },
    ),
    "the codec": (
        appended("kdlib/signals/codec/nucleus.py", "\nNEW = 1\n"),
        {
            **STORE,
            "student": 3,
            "predict_student": 3,
            "agreement": 3,
            "similarity": 1,
            "execution": 1,
            **END,
        },
    ),
    "a figure of fidelity": (
        appended("kdlib/signals/fidelity.py", "\nNEW = 1\n"),
        {"fidelity": 1, "report": 1, "track": 1, "manifest": 1},
    ),
    "the rows that compare store and teacher": (
        appended("config/test.yaml", "signals: {fidelity_rows: 9}\n"),
        {"fidelity": 1, "report": 1, "track": 1, "manifest": 1},
    ),
    "the temperature of one student": (
        replaced(
            "config/test.yaml", "  trident: {size: nano,", "  trident: {size: nano, temperature: {start: 3},"
        ),
        {"fidelity": 1, **STUDENT},
    ),
    "a corpus source": (
        replaced(TESTS, "public class", "/* edited */ public class"),
        {"classpath": 1, **AFTER_CORPUS},
    ),
    "how many rows latency is measured on": (
        replaced("config/test.yaml", "latency_rows: 2", "latency_rows: 3"),
        {"predict_teacher": 1, "predict_student": 3, "similarity": 1, "execution": 1, **END},
    ),
    "the split that is evaluated": (
        replaced("config/test.yaml", "evaluation: {", "evaluation: {split: validation, "),
        EVALUATION,
    ),
    "the measure of agreement": (
        appended("kdlib/evaluation/predictions/agreement.py", "\nNEW = 1\n"),
        {"agreement": 3, **END},
    ),
    "a harness line": (
        appended("kdlib/java/harness/Compile.java", "// a remark\n"),
        {"classpath": 1, "execution": 1, **END},
    ),
    "the report's style sheet": (
        appended("kdlib/report/page.css", "\n/* wider */\n"),
        {"report": 1, "track": 1, "manifest": 1},
    ),
    "the threshold of near duplicates": (
        appended("config/test.yaml", "corpus: {filters: {near_duplicates: 0.8}}\n"),
        {"corpus": 1, "dataset": 1, **AFTER_DATASET},
    ),
    "the licences that may be used": (
        appended("config/test.yaml", "corpus: {filters: {licences: [MIT]}}\n"),
        AFTER_CORPUS,
    ),
    "the style sheet of the dataset card": (
        appended("kdlib/report/card.css", "\n/* wider */\n"),
        {"card": 1, "track": 1, "manifest": 1},
    ),
    "the split's bound on near leakage": (
        appended("config/test.yaml", "split: {max_near_leakage: 0.5}\n"),
        {"corpus": 1, "dataset": 1, **AFTER_DATASET},
    ),
    "a view": (appended("kdlib/tasks/fim.py", "\nNEW = 1\n"), {}),
    "the shape of the tokenizer": (
        replaced("config/test.yaml", "vocab_size: 512", "vocab_size: 500"),
        {"dataset": 1, **AFTER_DATASET},
    ),
    "the tracking server": (
        replaced("config/test.yaml", "results/test/mlflow.db", "results/test/other.db"),
        {"tracking": 1, "track": 1, "manifest": 1},
    ),
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_reruns_exactly_what_depends_on_it(finished: Project, name: str):
    """Nothing is left of the edit before, or its jobs would be among these."""
    edit, expected = EDITS[name]
    before = {path: path.read_bytes() for path in _sources(finished.folder)}
    try:
        edit(finished.folder)
        planned = finished.planned()
    finally:
        for path in set(_sources(finished.folder)) - before.keys():
            path.unlink()
        for path, content in before.items():
            if path.read_bytes() != content:
                path.write_bytes(content)
    assert planned == expected


def test_an_edit_taken_back_leaves_nothing_to_do(finished: Project):
    path = finished.folder / TESTS
    before = path.read_bytes()
    for name in ("a corpus source", "a loss", "the report's style sheet"):
        test_an_edit_reruns_exactly_what_depends_on_it(finished, name)
    assert path.read_bytes() == before
    assert finished.planned() == {}


def test_a_sweep_adds_its_students_and_reruns_no_other(finished: Project, tmp_path: Path):
    sweep = tmp_path / "sweep.yaml"
    sweep.write_text("sweep: {recipes: [ce, trident], temperatures: [2, 3], seeds: [1, 2]}\n")
    planned = jobs_in(finished.snakemake("--dry-run", "--configfile", "config/test.yaml", str(sweep)))
    assert planned == {**STUDENT, **SWEPT, "fidelity": 1}


def test_a_fresh_checkout_beside_results_reruns_nothing(finished: Project):
    for path in _sources(finished.folder):
        path.touch()
    assert finished.planned() == {}


def _sources(folder: Path) -> list[Path]:
    kinds = re.compile(r"\.(py|yaml|java|css|smk|html|js|rst)$")
    parts = ("kdlib", "config", "workflow", "examples")
    return [p for part in parts for p in (folder / part).rglob("*") if kinds.search(p.name)]


ACCELERATED = "students: {ce: {training: {accelerate: profiles/accelerate/cpu.yaml}}}\n"


def test_an_edited_accelerate_profile_trains_again_what_it_names(finished: Project, tmp_path: Path):
    """On a copy, whose student counts as trained with the profile."""
    project = Project(tmp_path / "project")
    shutil.copytree(finished.folder, project.folder)
    (tmp_path / "accelerated.yaml").write_text(ACCELERATED)
    files = ("--configfile", "config/test.yaml", str(tmp_path / "accelerated.yaml"))
    project.snakemake("--touch", *files)
    assert jobs_in(project.snakemake("--dry-run", *files)) == {}
    profile = project.folder / "profiles/accelerate/cpu.yaml"
    profile.write_text(profile.read_text() + "# a remark\n")
    assert jobs_in(project.snakemake("--dry-run", *files)) == {}
    profile.write_text(profile.read_text().replace("num_processes: 1", "num_processes: 2"))
    assert jobs_in(project.snakemake("--dry-run", *files)) == STUDENT
