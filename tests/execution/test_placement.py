from __future__ import annotations

import shutil

import pytest

from kdlib.execution.class_files import class_files
from kdlib.execution.classpath import read_class_path, refuse_class_path, static_methods
from kdlib.execution.placement import (
    HOLDERS,
    NotExecutableError,
    Place,
    read_place,
    target_of,
    with_imports,
)
from kdlib.execution.sandbox import find_sandbox
from kdlib.files import DataError
from kdlib.java.compiler import find_jdk
from tests.execution.small_project import PROJECT, occurrence, small_project

TEST = "src/test/java/p/LibTest.java"
needs_jdk = pytest.mark.skipif(shutil.which("javac") is None, reason="no JDK")
LIBRARIES = {
    "org.junit.Assert": frozenset({"assertEquals", "assertNull", "assertThat", "fail"}),
    "org.junit.jupiter.api.Assertions": frozenset({"assertEquals", "assertNull", "assertAll", "fail"}),
    "org.hamcrest.MatcherAssert": frozenset({"assertThat"}),
    "org.hamcrest.Matchers": frozenset({"is", "hasSize"}),
    "org.assertj.core.api.Assertions": frozenset({"assertThat", "fail"}),
}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return small_project(tmp_path_factory)[0]


def placed(statement, imports="import static org.junit.Assert.assertTrue;", body="", libraries=LIBRARIES):
    """Return the imports that are added for a statement in a small test class, without `import static`."""
    before = f"package p;\n{imports}\nclass T {{ {body} void m() {{ "
    place = Place("own", "p/T", before.encode(), b"assertTrue(x);", b" } }")
    file, (start, end) = with_imports(place, statement, libraries)
    assert file.content[start:end].decode() == statement
    head, _, rest = file.content.decode().partition("\nclass T")
    assert rest == f" {{ {body} void m() {{ {statement}\n }} }}"
    assert head.count("\n") == before.count("\n") - 1
    added = head.removeprefix(f"package p;\n{imports}")
    return [part.strip().removeprefix("import static ") for part in added.split(";") if part.strip()]


@needs_jdk
def test_a_target_names_class_method_and_framework(project):
    found = target_of(occurrence(TEST, "assertEquals(1, x);", "first"), project)
    assert (found.test_class, found.method, found.framework) == ("p.LibTest", "first", "junit4")
    assert found.place.name == "p/LibTest"
    assert found.place.original().content == PROJECT[TEST].encode()
    assert found.place.with_statement("go();").file.content.decode() == PROJECT[TEST].replace(
        "assertEquals(1, x);", "go();\n"
    )
    nested = target_of(occurrence(TEST, "assertEquals(2, 2);", "inside"), project)
    assert nested.test_class == "p.LibTest$Inner"
    assert nested.edition is found.edition
    android = occurrence("android/test/p/LibTest.java", "org.junit.Assert.assertEquals(2", "android")
    assert target_of(android, project).edition is not found.edition


@needs_jdk
def test_an_abstract_class_is_run_below(project):
    path = "src/test/java/p/AbstractShape.java"
    found = target_of(occurrence(path, "org.junit.Assert.assertEquals(3, 3);", "shape"), project)
    assert (found.test_class, found.place.name) == ("p.ShapeTest", "p/AbstractShape")


@needs_jdk
@pytest.mark.parametrize(
    ("file", "statement", "method", "reason"),
    [
        ("AloneShape", "assertEquals(4, 4);", "alone", r"p\.AloneShape is abstract, and none below it"),
        ("Broken", "assertEquals(5", "broken", "its test file does not compile: .*nowhere"),
        ("NeedsBroken", "assertEquals(6", "t", "its test file does not compile: cannot find symbol"),
        ("LibTest", "assertEquals(1, x);", "second", "stands in no method second"),
    ],
)
def test_what_cannot_run_is_told(project, file, statement, method, reason):
    where = occurrence(f"src/test/java/p/{file}.java", statement, method)
    with pytest.raises(NotExecutableError, match=reason):
        target_of(where, project)


def test_a_source_that_was_not_compiled_says_why(tmp_path):
    refuse_class_path(tmp_path / "built", "no jars: junit4: 404")
    where = occurrence(TEST, "assertEquals(1, x);", "first")
    with pytest.raises(NotExecutableError, match="not compiled: no jars: junit4: 404"):
        target_of(where, read_class_path(tmp_path / "built"))


@needs_jdk
def test_another_file_than_the_mined_one_is_an_error(project):
    where = occurrence(TEST, "assertEquals(1, x);", "first", content=PROJECT[TEST] + " ")
    with pytest.raises(DataError, match=r"LibTest\.java: not the file that was mined"):
        target_of(where, project)
    with pytest.raises(DataError, match="not the file that was mined"):
        read_place(where, project.files / "nowhere")


@pytest.mark.parametrize(
    ("statement", "added"),
    [
        ("assertTrue(y);", []),
        ("Assert.assertNull(y);", []),
        ("assertNull(y);", ["org.junit.Assert.assertNull"]),
        (
            "assertEquals(fail(), hasSize(2));",
            ["org.junit.Assert.assertEquals", "org.junit.Assert.fail", "org.hamcrest.Matchers.hasSize"],
        ),
        ("assertThat(y, is(2));", ["org.junit.Assert.assertThat", "org.hamcrest.Matchers.is"]),
        ("assertThat(y).isNull();", ["org.assertj.core.api.Assertions.assertThat"]),
        ("assertAll();", []),
        ("helper(y);", []),
        ("y.is(2);", []),
        ("assertNull(", []),
        ("\ud83d", []),
    ],
)
def test_missing_imports_are_added(statement, added):
    if statement != "\ud83d":
        assert sorted(placed(statement)) == sorted(added)
    assert with_imports(Place("own", "T", b"class T {", b"x", b"}"), statement, LIBRARIES).file.name == "T"


@pytest.mark.parametrize(
    ("imports", "body"),
    [
        ("import static org.junit.Assert.assertNull;", ""),
        ("import static org.junit.Assert.*;", ""),
        ("import static q.Own.assertNull;", ""),
        ("import org.junit.Test;", "void assertNull(Object a) {}"),
        ("import org.junit.Test;", "void other() { assertNull(1); }"),
    ],
)
def test_a_name_that_the_file_knows_is_not_imported(imports, body):
    assert placed("assertNull(y);", imports, body) == []


def test_the_frameworks_own_assertions_come_first():
    jupiter = "import org.junit.jupiter.api.Test;"
    assert placed("assertNull(y);", jupiter) == ["org.junit.jupiter.api.Assertions.assertNull"]
    assert placed("assertThat(y, is(2));", jupiter)[0] == "org.hamcrest.MatcherAssert.assertThat"
    assert (
        placed("assertNull(y);", jupiter, libraries={"org.junit.Assert": LIBRARIES["org.junit.Assert"]}) == []
    )
    assert set(LIBRARIES) < set(HOLDERS)


@needs_jdk
def test_what_is_imported_compiles(project, tmp_path):
    target = target_of(occurrence(TEST, "assertEquals(1, x);", "first"), project)
    statement = "org.junit.Assert.assertEquals(is(x), 1); assertThat(x, is(1)); assertNull(null); // end"
    holders = static_methods(target.edition.path, HOLDERS)
    both = [with_imports(target.place, statement, holders), target.place.with_statement(statement)]
    paths = [(target.edition.path, placed.file) for placed in both]
    with_them, without = class_files(find_jdk(), tmp_path / "cache", find_sandbox(), paths)
    assert with_them
    assert without is None
    inner = target_of(occurrence(TEST, "assertEquals(2, 2);", "inside"), project)
    file, _ = with_imports(inner.place, "assertThat(1, is(hasSize(1)));", holders)
    assert b"Matchers.hasSize" not in file.content
