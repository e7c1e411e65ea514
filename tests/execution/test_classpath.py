from __future__ import annotations

import io
import os
import shutil
import tarfile

import pytest

from kdlib.execution.classpath import build_class_path, read_class_path, static_methods
from kdlib.execution.compiler import project_compiler
from kdlib.execution.sandbox import find_sandbox
from kdlib.files import DataError, read_json
from kdlib.java.classfile import read_class
from kdlib.java.compiler import find_jdk
from tests.execution.small_project import PROJECT, small_project, write_project

pytestmark = pytest.mark.skipif(shutil.which("javac") is None, reason="no JDK")


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return small_project(tmp_path_factory)[0]


@pytest.fixture(scope="module")
def compiler(tmp_path_factory):
    with project_compiler(find_jdk(), tmp_path_factory.mktemp("cache"), find_sandbox()) as compiler:
        yield compiler


@pytest.fixture(scope="module")
def junit_jar(tmp_path_factory):
    return small_project(tmp_path_factory)[1]


def test_what_does_not_compile_is_left_out_with_what_needs_it(project):
    assert set(project.left_out) == {
        "src/test/java/p/Broken.java",
        "src/test/java/p/NeedsBroken.java",
        "src/test/java/p/NgTest.java",
    }
    assert "nowhere" in project.left_out["src/test/java/p/Broken.java"]
    assert project.left_out["src/test/java/p/NeedsBroken.java"] == "cannot find symbol class Broken"
    compiled = {path for path in PROJECT if path.endswith(".java") and "-info" not in path}
    assert set(project.edition_of) == compiled - set(project.left_out)


def test_two_editions_of_a_library_stay_apart(project):
    editions = {path: project.editions[at] for path, at in project.edition_of.items()}
    android, other = editions["android/test/p/LibTest.java"], editions["src/test/java/p/LibTest.java"]
    assert [m.name for m in android.headers["p.Lib"].methods] == ["<init>", "two"]
    assert [m.name for m in other.headers["p.Lib"].methods] == ["<init>", "one"]
    assert android is not other


def test_resources_and_jars_are_on_the_path(project, junit_jar):
    path = project.editions[project.edition_of["src/test/java/p/LibTest.java"]].path
    assert path[0].is_dir()
    assert path[-1] == junit_jar
    for name in ("data.txt", "p/words.txt"):
        assert [folder for folder in path if (folder / name).is_file()]


def test_an_abstract_test_is_run_by_a_class_below_it(project):
    runners = project.editions[project.edition_of["src/test/java/p/LibTest.java"]].runners
    assert runners["p.AbstractShape"] == runners["p.RoundShape"] == "p.ShapeTest"
    assert "p.AloneShape" not in runners


def test_an_archive_gives_what_its_folder_gives(project, compiler, tmp_path, junit_jar):
    write_project(tmp_path / "lib-1.0", PROJECT)
    with tarfile.open(tmp_path / "lib.tar.gz", "w:gz") as packed:
        packed.add(tmp_path / "lib-1.0", "lib-1.0")
    build_class_path(compiler, tmp_path / "lib.tar.gz", [junit_jar], tmp_path / "built")
    found = read_class_path(tmp_path / "built")
    assert (found.edition_of, found.left_out) == (project.edition_of, project.left_out)
    assert [edition.headers for edition in found.editions] == [e.headers for e in project.editions]
    listing = read_json(tmp_path / "built/classpath.json")
    assert [os.path.normpath(tmp_path / "built" / jar) for jar in listing["jars"]] == [str(junit_jar)]
    assert not os.path.isabs(listing["jars"][0])
    assert str(tmp_path) not in str(listing["left_out"])


@pytest.mark.parametrize("turned", [False, True])
def test_a_path_that_an_archive_has_for_a_file_and_a_folder(compiler, tmp_path, turned):
    entries = {
        "src/A.java": b"class A { }",
        "src/A.java/B.java": b"class B { }",
        "src/C.java": b"class C { }",
    }
    with tarfile.open(tmp_path / "odd.tar", "w") as packed:
        for name in sorted(entries, reverse=turned):
            entry = tarfile.TarInfo(name)
            entry.size = len(entries[name])
            packed.addfile(entry, io.BytesIO(entries[name]))
    build_class_path(compiler, tmp_path / "odd.tar", [], tmp_path / "built")
    (edition,) = read_class_path(tmp_path / "built").editions
    made = {path.name for path in edition.classes.rglob("*.class")}
    assert "C.class" in made
    assert len(made & {"A.class", "B.class"}) <= 1


def test_nothing_is_left_of_a_source_that_cannot_be_read(compiler, tmp_path):
    with pytest.raises(DataError, match=r"none\.tar"):
        build_class_path(compiler, tmp_path / "none.tar", [], tmp_path / "built")
    assert list(tmp_path.iterdir()) == []


def test_static_methods_of_assertion_libraries(junit_jar, tmp_path):
    found = static_methods([tmp_path, junit_jar], ["org.junit.Assert", "org.nowhere.Assert"])
    assert found == {"org.junit.Assert": {"assertEquals", "assertNull"}}


def test_the_header_of_a_class_file(project):
    edition = project.editions[project.edition_of["src/test/java/p/LibTest.java"]]
    inner = edition.headers["p.LibTest$Inner"]
    assert (inner.superclass, inner.abstract) == ("java.lang.Object", False)
    assert [(m.name, m.public, m.static) for m in inner.methods] == [
        ("<init>", True, False),
        ("inside", True, False),
        ("hasSize", False, False),
    ]
    content = (edition.classes / "p/LibTest.class").read_bytes()
    for broken in (b"", b"\xca\xfe\xba\xbe", content[:40], content[: len(content) // 2], b"PK" + content):
        with pytest.raises(DataError, match="no class file"):
            read_class(broken)


def test_a_source_for_an_old_library_is_compiled_with_it(compiler, tmp_path):
    # Since Java 11 there are two methods that null may go to.
    old = "package p; class Old { Object[] m(java.util.List<String> a) { return a.toArray(null); } }"
    new = 'package p; class New { String m() { return String.join("", java.util.List.of()); } }'
    write_project(tmp_path / "old", {"p/Old.java": old})
    file = tmp_path / "old/p/Old.java"
    assert "ambiguous" in compiler.compile_most([file], tmp_path, [], tmp_path / "plain")[file]
    assert compiler.compile_most([file], tmp_path, [], tmp_path / "eight", release=8) == {}
    build_class_path(compiler, tmp_path / "old", [], tmp_path / "built")
    assert read_class_path(tmp_path / "built").left_out == {}
    write_project(
        tmp_path / "both", {"p/Old.java": old, "p/New.java": new, "p/Newer.java": new.replace("New", "Newer")}
    )
    build_class_path(compiler, tmp_path / "both", [], tmp_path / "built")
    assert set(read_class_path(tmp_path / "built").left_out) == {"p/Old.java"}
