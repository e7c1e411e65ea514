from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from kdlib.files import DataError
from kdlib.java import compiler
from kdlib.java.compiler import SourceFile, compile_each, compile_files, find_jdk

needs_jdk = pytest.mark.skipif(shutil.which("javac") is None, reason="no JDK")
LIBRARY = b"package p; public class Lib { public static int one() { return 1; } }"


@pytest.fixture
def classes(tmp_path):
    """Classes of a library, in a folder whose name javac's argument file must quote."""
    file = tmp_path / 'a "b" \\ c' / "Lib.java"
    file.parent.mkdir()
    file.write_bytes(LIBRARY)
    assert compile_files(find_jdk(), [file], [], tmp_path / "classes") is None
    return tmp_path / "classes"


def source(body, name="User"):
    text = f"package p; public class {name} {{ int m() {{ {body} }} }}"
    return SourceFile(name, text.encode())


@needs_jdk
def test_files_are_compiled_one_by_one_against_classes(classes):
    before = sorted(classes.rglob("*"))
    sources = [
        source("return Lib.one();"),
        source("return Lib.two();"),
        source('return "ü😀".length();', name="Größe"),
        source("return 1"),
        SourceFile("Other", source("return 1;").content),
        source("return Lib.one();"),
    ]
    found = compile_each(find_jdk(), sources, [classes])
    assert [error is None for error in found] == [True, False, True, False, False, True]
    assert found[1].startswith("line 1: cannot find symbol")
    assert "Other" not in found[4]
    assert "User.java" in found[4]
    assert sorted(classes.rglob("*")) == before, "no class was written"


@needs_jdk
def test_nothing_that_is_compiled_runs(classes, tmp_path):
    witness = tmp_path / "witness"
    spy = f'static {{ new java.io.File("{witness}").mkdir(); }}'
    code = f"public class Spy {{ {spy} public static void main(String[] a) {{}} }}".encode()
    assert compile_each(find_jdk(), [SourceFile("Spy", code)], [classes]) == [None]
    assert not witness.exists()


@needs_jdk
def test_an_annotation_processor_on_the_class_path_is_not_asked(tmp_path):
    witness = tmp_path / "witness"
    processor = f"""
        import java.util.Set;
        import javax.annotation.processing.*;
        import javax.lang.model.element.TypeElement;
        @SupportedAnnotationTypes("*")
        public class Spy extends AbstractProcessor {{
            public Spy() {{ new java.io.File("{witness}").mkdir(); }}
            @Override
            public boolean process(Set<? extends TypeElement> s, RoundEnvironment e) {{ return false; }}
        }}"""
    file = tmp_path / "Spy.java"
    file.write_text(processor)
    folder = tmp_path / "classes"
    assert compile_files(find_jdk(), [file], [], folder) is None
    service = folder / "META-INF/services/javax.annotation.processing.Processor"
    service.parent.mkdir(parents=True)
    service.write_text("Spy\n")
    assert compile_each(find_jdk(), [SourceFile("A", b"@Deprecated class A {}")], [folder]) == [None]
    assert compile_files(find_jdk(), [file], [folder], tmp_path / "more") is None
    assert not witness.exists()


@needs_jdk
def test_javac_may_fail_or_hang_and_the_next_file_is_compiled(classes):
    deep = source(f"return {'(' * 200_000}1{')' * 200_000};")
    found = compile_each(find_jdk(), [deep, source("return 1;")], [classes])
    assert found[0].startswith("javac failed")
    assert found[1] is None
    late = compile_each(find_jdk(), [source("return 1;")] * 2, [classes], seconds=0)
    assert late == ["not compiled within 0 s"] * 2


@needs_jdk
def test_the_first_error_of_a_folder_is_told(tmp_path):
    (tmp_path / "A.java").write_text("class A { B b; }")
    error = compile_files(find_jdk(), [tmp_path / "A.java"], [], tmp_path / "classes")
    assert "A.java:1: error: cannot find symbol" in error


@needs_jdk
def test_a_jvm_that_breaks_off_is_an_error(classes, monkeypatch, tmp_path):
    monkeypatch.setattr(compiler, "_COMPILE", tmp_path / "None.java")
    with pytest.raises(DataError, match="after 0 of 1 files"):
        compile_each(find_jdk(), [source("return 1;")], [classes])


def jdk_that_says(folder, said):
    javac = folder / "javac"
    javac.write_text(f"#!/bin/sh\necho '{said}' >&2\n")
    javac.chmod(0o755)


def test_a_jdk_is_found_by_its_javac(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DataError, match="no JDK: javac is not on the PATH; install default-jdk-headless"):
        find_jdk()
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    jdk_that_says(tmp_path, "javac 21.0.2")
    found = find_jdk()
    assert (found.version, found.java.parent) == ("21.0.2", Path(tmp_path))
    for old in ("javac 1.8.0_402", "javac 11.0.2"):
        jdk_that_says(tmp_path, old)
        with pytest.raises(DataError, match=f"17 or later, but {old}"):
            find_jdk()
    jdk_that_says(tmp_path, "broken")
    with pytest.raises(DataError, match="status 0"):
        find_jdk()
