"""Predictions in the tests of a small project, compiled and run as a run would."""

from __future__ import annotations

import hashlib

from kdlib.evaluation.execution.run import run_predictions
from kdlib.execution.classpath import build_class_path
from kdlib.execution.compiler import project_compiler
from kdlib.execution.sandbox import find_sandbox
from kdlib.files import write_examples
from kdlib.java.compiler import find_jdk
from kdlib.records import Example, Occurrence
from tests.execution.conftest import JUNIT4, chosen
from tests.execution.small_project import write_project

MAIN = "src/main/java/app/Calc.java"
TEST = "src/test/java/app/CalcTest.java"


def judged(folder, jars, project, focal, own, said, settings):
    """Return the report on predictions for rows of a project.

    Args:
        folder: An empty folder.
        jars: JUnit among them.
        project: Content of ``MAIN`` and ``TEST``.
        focal: Source of the method under test.
        own: Test method, which is also the id of its row: its own assertion.
        said: Model: its text for each row, in the order of ``own``.
        settings: Limits and mutants.
    """
    write_project(folder / "project", project)
    with project_compiler(find_jdk(), folder / "cache", find_sandbox()) as compiler:
        build_class_path(compiler, folder / "project", list(chosen(jars, JUNIT4)), folder / "built")
    examples = [
        Example(method, "f", "t", (text,), (_occurrence(project, focal, method, text),))
        for method, text in own.items()
    ]
    write_examples(folder / "examples.parquet", examples)
    built = {"own": folder / "built"}
    return run_predictions(list(own), said, folder / "examples.parquet", built, settings, folder / "cache")


def _occurrence(project, focal, method, statement):
    content = project[TEST].encode()
    start = content.index(statement.encode(), content.index(f"void {method}(".encode()))
    first = project[MAIN].encode().index(focal.encode())
    return Occurrence(
        source="own",
        version="1",
        path=TEST,
        file_sha256=hashlib.sha256(content).hexdigest(),
        start_byte=start,
        end_byte=start + len(statement.encode()),
        test_class="app.CalcTest",
        test_method=method,
        focal_class="app.Calc",
        focal_name="f",
        focal_path=MAIN,
        focal_start_byte=first,
        focal_end_byte=first + len(focal.encode()),
        reason="inside",
        group="app.Calc",
        framework="junit4",
        kind="assertEquals",
        licence="MIT",
    )
