from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from kdlib.files import DataError
from kdlib.java import compiler as module
from kdlib.java.compiler import Jdk, compile_files, find_jdk

needs_jdk = pytest.mark.skipif(shutil.which("javac") is None, reason="no JDK")


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
    assert compile_files(find_jdk(), [file], [folder], tmp_path / "more") is None
    assert not witness.exists()


@needs_jdk
def test_the_first_error_of_a_folder_is_told(tmp_path):
    (tmp_path / "A.java").write_text("class A { B b; }")
    error = compile_files(find_jdk(), [tmp_path / "A.java"], [], tmp_path / "classes")
    assert "A.java:1: error: cannot find symbol" in error


@needs_jdk
def test_a_javac_that_does_not_end_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_SECONDS", 0.2)
    slow = tmp_path / "javac"
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    error = compile_files(Jdk(slow, slow, "17"), [], [], tmp_path / "classes")
    assert error == "javac has not ended within 0.2 s"
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    with pytest.raises(DataError, match="not ended within"):
        find_jdk()


@needs_jdk
def test_what_javac_says_without_an_error_of_a_file_is_told(tmp_path):
    odd = tmp_path / "javac"
    odd.write_text("#!/bin/sh\necho >&2; echo 'cannot open the archive of modules' >&2; exit 3\n")
    odd.chmod(0o755)
    error = compile_files(Jdk(odd, odd, "17"), [], [], tmp_path / "classes")
    assert error == "javac ended with status 3: cannot open the archive of modules"


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
