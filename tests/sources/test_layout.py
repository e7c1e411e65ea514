from __future__ import annotations

import pytest

from kdlib.sources.java_files import JavaFile
from kdlib.sources.layout import (
    editions,
    is_read_by_tests,
    is_test_path,
    maven_libraries,
    module_of,
    resource_folders,
    source_roots,
    steps_between,
)
from tests.execution.small_project import write_project


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("src/test/java/p/ATest.java", True),
        ("core/src/integrationTest/java/p/A.java", True),
        ("android/guava-tests/test/p/A.java", True),
        ("tests/A.java", True),
        ("src/main/java/test/A.java", False),
        ("src/main/java/p/A.java", False),
        ("latest/A.java", False),
    ],
)
def test_which_files_lie_among_tests(path, expected):
    assert is_test_path(path) is expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("p/A.java", True),
        ("src/main/resources/words.txt", True),
        ("testdata/words.txt", True),
        ("doc/manual.pdf", False),
    ],
)
def test_which_files_tests_may_read(path, expected):
    assert is_read_by_tests(path) is expected


@pytest.mark.parametrize(
    ("path", "module"),
    [
        ("src/test/java/p/A.java", ""),
        ("core/src/test/java/p/A.java", "core"),
        ("a/src/test/b/src/test/A.java", "a/src/test/b"),
        ("test/p/A.java", ""),
    ],
)
def test_the_folder_of_a_test_is_that_of_its_module(path, module):
    assert module_of(path) == module


def test_resources_lie_beside_a_root_and_in_it(tmp_path):
    write_project(
        tmp_path, {"src/test/resources/data.txt": "", "src/test/java/p/A.java": "", "lib/B.java": ""}
    )
    assert resource_folders(tmp_path, "src/test/java") == [
        tmp_path / "src/test/resources",
        tmp_path / "src/test/java",
    ]
    assert resource_folders(tmp_path, "lib") == [tmp_path / "lib"]


def test_steps_go_up_and_down():
    assert steps_between("a/b/c", "a/b/c") == 0
    assert steps_between("a/b/c", "a/d") == 3
    assert steps_between("a", "b") == steps_between("b", "a") == 2


def test_editions_of_a_library_stay_apart():
    files = [
        JavaFile("src/p/A.java", b"package p; class A {}"),
        JavaFile("test/p/ATest.java", b"package p; import org.junit.Test; class ATest {}"),
        JavaFile("android/src/p/A.java", b"package p; class A {}"),
        JavaFile("android/test/p/ATest.java", b"package p; import org.junit.Test; class ATest {}"),
        JavaFile("src/super/p/B.java", b"package p; class B {}"),
        JavaFile("src/module-info.java", b"module p {}"),
    ]
    roots = source_roots(files)
    assert sorted(roots) == ["android/src", "android/test", "src", "test"]
    assert editions(roots) == [["android/test", "android/src"], ["test", "src"]]


def test_libraries_by_the_names_of_artifacts(tmp_path):
    pom = "<project><artifactId>own</artifactId><dependency><groupId>g</groupId>\n"
    pom += (
        "<artifactId> Jimfs </artifactId></dependency><plugin><artifactId>x</artifactId></plugin></project>"
    )
    write_project(tmp_path, {"pom.xml": pom, "module/pom.xml": pom.replace("Jimfs", "h2"), "other.xml": pom})
    assert maven_libraries(tmp_path) == ["libh2-java", "libjimfs-java"]
