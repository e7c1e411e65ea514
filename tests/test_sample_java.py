"""The sample library: large and varied enough to learn from, and it compiles and passes."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from kdlib.config import Filters, PathSource
from kdlib.corpus.mining.mining import mine_source
from kdlib.files import read_examples
from kdlib.sources.debian import fetch_jars
from tests.java.shapes import shape_of

SAMPLE = Path(__file__).resolve().parents[1] / "examples/sample-java"


@pytest.fixture(scope="module")
def mined(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sample")
    source = PathSource(kind="path", path=str(SAMPLE))
    mine_source("sample", source, SAMPLE, Filters(), folder / "examples.parquet", folder / "report.json")
    return read_examples(folder / "examples.parquet")


def test_it_is_large_and_varied(mined):
    places = [where for example in mined for where in example.occurrences]
    assert len({where.focal_class for where in places}) >= 30
    assert len(places) >= 600
    assert len({where.kind for where in places}) >= 8
    forms = Counter(shape_of(reference) for example in mined for reference in example.references)
    form, count = forms.most_common(1)[0]
    assert count <= 0.05 * forms.total(), f"{count} of {forms.total()} are {form}"


@pytest.mark.slow
def test_it_compiles_without_warnings_and_passes(tmp_path):
    if shutil.which("javac") is None:
        pytest.skip("no JDK: install default-jdk-headless")
    jars = fetch_jars(["junit4", "libhamcrest-java"], tmp_path / "jars")
    path = ":".join(str(jar) for jar in jars if re.fullmatch(r"(junit4|hamcrest)(-[\d.]+)?\.jar", jar.name))
    files = sorted(str(file) for file in SAMPLE.rglob("*.java"))
    classes = tmp_path / "classes"
    compiled = subprocess.run(
        ["javac", "--release", "17", "-Xlint:all", "-Werror", "-cp", path, "-d", str(classes), *files],
        capture_output=True,
        text=True,
    )
    assert compiled.returncode == 0, compiled.stdout + compiled.stderr
    tests = [
        str(file.relative_to(SAMPLE / "src/test/java").with_suffix("")).replace("/", ".")
        for file in sorted(SAMPLE.rglob("*Test.java"))
    ]
    command = ["java", "-cp", f"{classes}:{path}", "org.junit.runner.JUnitCore", *tests]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout[-4000:]
    passed = re.search(r"OK \((\d+) tests\)", ran.stdout)
    assert passed
    assert int(passed[1]) >= 60 * 10
