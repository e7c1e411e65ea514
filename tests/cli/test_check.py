"""``kdlib check``: one assertion of a real project, compiled, run, and tried on mutants."""

from __future__ import annotations

import json
import shutil

import pytest
from typer.testing import CliRunner

from kdlib.cli import app

pytestmark = pytest.mark.skipif(shutil.which("javac") is None, reason="no JDK")

LIBRARY = """package p;
public class Scale {
    public static int grade(int points) {
        if (points >= 50) {
            return points / 10;
        }
        return 0;
    }
}
"""
TEST = """package p;
import static org.junit.Assert.assertEquals;
import org.junit.Test;
public class ScaleTest {
    @Test
    public void grade() {
        assertEquals(5, Scale.grade(50));
    }
}
"""
PLACE = "src/test/java/p/ScaleTest.java"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scale")
    for path, text in (("src/main/java/p/Scale.java", LIBRARY), (PLACE, TEST)):
        (folder / path).parent.mkdir(parents=True)
        (folder / path).write_text(text)
    return folder


@pytest.fixture
def check(project, jars, monkeypatch):
    """Return a function that checks a statement in the project's folder."""
    monkeypatch.chdir(project)
    # Of all places it could be in, that where a project would be found to hold its own copies.
    monkeypatch.setenv("XDG_CACHE_HOME", str(project / "kept"))

    def run(place, statement, *options):
        given = [
            option for jar in jars if jar.name.startswith(("junit4", "hamcrest")) for option in ("--jar", jar)
        ]
        return CliRunner().invoke(app, ["check", place, statement, *map(str, (*given, *options))])

    return run


def test_an_assertion_that_passes_is_tried_on_mutants(check, project):
    done = check(f"{PLACE}:7", "assertEquals(5, Scale.grade(50));", "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.output)
    assert found["assertion"] == "assertEquals(5, Scale.grade(50));"
    assert found["candidate"] == found["reference"]
    assert found["verdict"] == "valid"
    assert found["candidate"]["score"]["killed"] > 0
    weak = json.loads(check(f"{PLACE}:7", "assertEquals(0, Scale.grade(-1));", "--json").output)
    assert 0 <= weak["candidate"]["score"]["killed"] < found["candidate"]["score"]["killed"]
    assert weak["candidate"]["score"]["mutants"] == found["candidate"]["score"]["mutants"]
    assert len(list((project / "kept/kdlib/classpaths").iterdir())) == 1  # compiled once


@pytest.mark.parametrize(
    ("statement", "code", "told"),
    [
        (
            "assertEquals(6, Scale.grade(50));",
            1,
            "fails today: expected 6, got 5: code or assertion is wrong",
        ),
        ("assertEquals(5, Scale.nothing());", 1, "does not compile: line 7: cannot find symbol"),
        ("assertEquals(5, Scale", 1, "does not compile: it is not one statement"),
        ("assertEquals(1, 1);", 1, "passes, but is vacuous: both sides are 1"),
        ("Scale.grade(50);", 1, "passes, but is vacuous: it checks nothing that it reads"),
        ("assertEquals(5, Scale.grade(50));", 0, "valid\nkills "),
    ],
)
def test_what_becomes_of_a_statement_is_told(check, statement, code, told):
    done = check(f"{PLACE}:7", statement)
    assert (done.exit_code, told in done.output) == (code, True), done.output


@pytest.mark.parametrize(
    ("place", "told"),
    [
        (f"{PLACE}:5", "ScaleTest.java:5: no assertion of a test stands there; lines with one: 7"),
        (PLACE, "give the file and the line of an assertion"),
        ("src/None.java:3", "there is no such file"),
        ("/etc/hostname:1", "does not lie in the project"),
    ],
)
def test_a_place_without_an_assertion_is_told(check, place, told):
    done = check(place, "f();")
    assert done.exit_code == 1
    assert told in done.output
    assert "Traceback" not in done.output


def test_a_jar_that_is_not_there_is_told(check):
    done = check(f"{PLACE}:7", "f();", "--jar", "none.jar")
    assert done.output == "error: none.jar: there is no such jar\n"


def test_a_cache_that_cannot_be_made_is_told(check, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    done = check(f"{PLACE}:7", "f();")
    assert done.exit_code == 1
    assert "file/kdlib: cannot be written (Not a directory); set XDG_CACHE_HOME" in done.output
