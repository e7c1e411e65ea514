"""Class paths with the real JUnit, and a pool in each sandbox that this machine has."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from kdlib.execution.jobs import ExecutionJob, ExecutionLimits
from kdlib.execution.pool import run
from kdlib.execution.sandbox import why_not
from kdlib.java.compiler import SourceFile, compile_files, find_jdk
from kdlib.sources.debian import fetch_jars
from tests.execution.troublemakers import PROJECT

ROOT = Path(__file__).resolve().parents[2]
JUNIT4 = r"(junit4|hamcrest)-[\d.]+\.jar"
JUNIT5 = (
    r"(junit-jupiter-(api|engine|params)|junit-platform-(commons|engine|launcher)|opentest4j|apiguardian-api)"
    r"-[\d.]+\.jar"
)
LIBRARY = """package p;
public class Counter {
    private static int count;
    public static int next() { return ++count; }
    public static int limit() { return 10; }
}"""


@pytest.hookimpl(tryfirst=True)  # before pytest selects by marker
def pytest_collection_modifyitems(items):
    """Nearly all here start JVMs, which takes time; without a JDK they cannot run."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker("slow")
            if shutil.which("javac") is None and "no_jdk" not in item.name:
                item.add_marker(pytest.mark.skip(reason="no JDK"))


def chosen(jars, pattern):
    found = tuple(jar for jar in jars if re.fullmatch(pattern, jar.name))
    assert found
    return found


@pytest.fixture(scope="session")
def library(tmp_path_factory):
    """Classes under test, one with static state."""
    folder = tmp_path_factory.mktemp("library")
    (folder / "Counter.java").write_text(LIBRARY)
    assert compile_files(find_jdk(), [folder / "Counter.java"], [], folder / "classes") is None
    return folder / "classes"


@pytest.fixture(scope="session")
def junit4(jars, library):
    return (*chosen(jars, JUNIT4), library)


@pytest.fixture(scope="session")
def junit5(jars, library):
    return (*chosen(jars, JUNIT5), library)


@pytest.fixture(scope="session")
def troubled(tmp_path_factory, jars):
    """JUnit 4, AssertJ and a project whose code changes what a JVM shares."""
    folder = tmp_path_factory.mktemp("troubled")
    assertj = fetch_jars(["libassertj-core-java"], folder / "jars")
    libraries = [*chosen(jars, JUNIT4), *assertj]
    assert compile_files(find_jdk(), sorted(PROJECT.rglob("*.java")), libraries, folder / "classes") is None
    return (*libraries, folder / "classes")


@pytest.fixture(scope="module", params=["bubblewrap", "namespaces"])
def sandbox(request):
    """Each sandbox; where one does not work, the reason stands in the report."""
    if (reason := why_not(request.param)) is not None:
        pytest.skip(f"{request.param}: {reason}")
    return request.param


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


LIMITS = ExecutionLimits(seconds=8)
HEAD4 = (
    "package p; import org.junit.*; import static org.junit.Assert.*; import java.util.*; import java.io.*;"
)
HEAD5 = "package p; import org.junit.jupiter.api.*; import static org.junit.jupiter.api.Assertions.*;"


def job4(name, body, classpath, members="", files=()):
    """Return a job for one JUnit 4 method, with an empty one as its control."""

    def test(statements):
        method = f"@Test public void t() throws Exception {{\n{statements}\n}}"
        return SourceFile(name, f"{HEAD4}\npublic class {name} {{\n{members}\n{method}\n}}".encode())

    sources = (test(body), *files)
    return ExecutionJob(name, sources, f"p.{name}", "t", classpath, "junit4", control=(test(""),))


def job5(name, text, method, classpath, test_class=None):
    """Return a job for a method of a JUnit 5 class."""
    file = SourceFile(name, f"{HEAD5}\n{text}".encode())
    return ExecutionJob(f"{name}.{method}", (file,), f"p.{test_class or name}", method, classpath, "junit5")


def results(jobs, cache, sandbox, workers=2, limits=LIMITS):
    """Return results by id."""
    found = {result.id: result for result in run(jobs, limits, workers, cache, sandbox)}
    assert found.keys() == {job.id for job in jobs}
    return found
