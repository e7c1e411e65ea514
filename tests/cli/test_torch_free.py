"""Commands for which no model is loaded run where torch is not installed, on real data and to their end."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kdlib.files import read_examples, read_json
from kdlib.sources.debian import fetch_jars

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "examples/sample-java"
ABSENT = ("torch", "transformers", "tokenizers", "sentence_transformers", "accelerate", "peft", "safetensors")
WITHOUT = f"""
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {ABSENT}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Absent())
"""


def python(code, *arguments):
    """Run Python as if the packages ``ABSENT`` were not installed."""
    command = [sys.executable, "-c", WITHOUT + code, *map(str, arguments)]
    return subprocess.run(command, cwd=Path.cwd(), capture_output=True, text=True, check=False, timeout=300)


def kdlib(*arguments):
    """Run a command where no torch is installed, and return what it printed."""
    done = python("from kdlib.cli import app; app()", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", ABSENT)
def test_the_packages_are_not_to_be_found(name):
    done = python(f"import {name}")
    assert done.returncode == 1
    assert f"No module named '{name}'" in done.stderr


def test_mine(tmp_path):
    shutil.copytree(SAMPLE / "src/main/java/tessera/math", tmp_path / "src/main/java/tessera/math")
    shutil.copytree(SAMPLE / "src/test/java/tessera/math", tmp_path / "src/test/java/tessera/math")
    printed = kdlib("mine", tmp_path / "src", "--out", tmp_path / "examples.parquet", "--processes", 2)
    examples = read_examples(tmp_path / "examples.parquet")
    assert len(examples) == read_json(tmp_path / "examples.json")["examples"] > 100
    assert printed.startswith(f"{len(examples)} examples from ")


def test_score(tmp_path):
    lines = ["assertEquals(1, x.size());", "assertTrue(y);", "assertNull(w);"]
    (tmp_path / "references.txt").write_text("\n".join(lines) + "\n")
    for name, answers in (("a", [*lines[:2], "f();"]), ("b", [lines[0], "assertTrue( y )", ""])):
        (tmp_path / f"{name}.txt").write_text("\n".join(answers) + "\n")
    files = (tmp_path / "a.txt", tmp_path / "b.txt", "--references", tmp_path / "references.txt")
    printed = kdlib("score", *files, "--resamples", 100, "--processes", 2, "--out", tmp_path / "out")
    assert "codebleu" in printed
    assert read_json(tmp_path / "out/evaluation_metrics.json")["models"]["a"]["exact_match"]["value"] == 2 / 3


def test_report(finished_run):
    kdlib("report", "results/small")
    assert "students/trident" in (finished_run / "report.html").read_text()


@pytest.fixture(scope="module")
def jars(tmp_path_factory):
    """JUnit 4 from Debian; by its name tests that ask for it count as slow."""
    if shutil.which("javac") is None:
        pytest.skip("no JDK")
    return fetch_jars(["junit4", "libhamcrest-java"], tmp_path_factory.mktemp("junit") / "jars")


def test_check(jars, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    test = SAMPLE / "src/test/java/tessera/parse/PathNameTest.java"
    given = ("--project", SAMPLE, "--jar", jars[0].parent, "--mutants", 2)
    printed = kdlib("check", f"{test}:75", "assertEquals(0, PathName.ROOT.depth());", *given, "--json")
    found = json.loads(printed)
    assert found["candidate"]["status"] == "passed"
    assert found["candidate"] == found["reference"]
    assert found["candidate"]["mutants"] > 0
