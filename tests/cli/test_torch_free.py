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
    test = next((tmp_path / "src/test/java/tessera/math").glob("*Test.java"))
    vacuous = "@Test public void vacuous() { assertTrue(1 == 1 || false); }"
    test.write_text(test.read_text().rstrip().removesuffix("}") + vacuous + "\n}\n")
    printed = kdlib("mine", tmp_path / "src", "--out", tmp_path / "examples.parquet", "--processes", 2)
    examples = read_examples(tmp_path / "examples.parquet")
    assert len(examples) == read_json(tmp_path / "examples.json")["examples"] > 100
    assert printed.startswith(f"{len(examples)} examples from ")
    assert printed.endswith("assertions left out\n         1  no focal method\n         1  cannot fail\n")


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
    main = (
        "public class Scale { public static int grade(int p) { if (p >= 50) { return p / 10; } return 0; } }"
    )
    check = "@org.junit.Test public void grade() {\n org.junit.Assert.assertEquals(5, Scale.grade(50));\n}"
    for path, text in (
        ("src/main/java/p/Scale.java", main),
        ("src/test/java/p/ScaleTest.java", f"public class ScaleTest {{ {check} }}"),
    ):
        Path(path).parent.mkdir(parents=True)
        Path(path).write_text(f"package p;\n{text}\n")
    statement = "org.junit.Assert.assertEquals(5, Scale.grade(50));"
    given = ("--jar", jars[0].parent, "--mutants", 2, "--json")
    found = json.loads(kdlib("check", "src/test/java/p/ScaleTest.java:3", statement, *given))
    assert found["candidate"]["status"] == "passed"
    assert found["candidate"] == found["reference"]
    assert sum(found["candidate"][half]["mutants"] for half in ("rank", "score")) == 2
