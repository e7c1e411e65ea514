"""The compiler for code of others: what it runs of it, what it is told about names, and its JVMs."""

from __future__ import annotations

from concurrent.futures import CancelledError
from pathlib import Path

import psutil
import pytest

from kdlib.execution import compiler as module
from kdlib.execution.compiler import Compiler
from kdlib.execution.harness import build_harness
from kdlib.execution.jvm import Ended
from kdlib.files import DataError
from kdlib.java.compiler import SourceFile, compile_files, find_jdk

PLUGIN = """package evil; public class Spy implements com.sun.source.util.Plugin {{
    public String getName() {{ return "Spy"; }}
    public boolean autoStart() {{ return true; }}
    public void init(com.sun.source.util.JavacTask task, String... args) {{ {leave} }}
}}"""
PROCESSOR = """package evil; import java.util.Set; import javax.annotation.processing.*;
@SupportedAnnotationTypes("*") public class Spy extends AbstractProcessor {{
    public Spy() {{ {leave} }}
    @Override public boolean process(
        Set<? extends javax.lang.model.element.TypeElement> s, RoundEnvironment e) {{ return false; }}
}}"""
SPIES = {
    "com.sun.source.util.Plugin": PLUGIN,
    "javax.annotation.processing.Processor": PROCESSOR,
}
HARMLESS = SourceFile("A", b"class A { }")


@pytest.fixture
def compilers(tmp_path, cache):
    """Return a function that makes compilers, which are ended."""
    made = []

    def compiler(sandbox):
        made.append(Compiler(find_jdk(), build_harness(find_jdk(), cache), sandbox, tmp_path))
        return made[-1]

    yield compiler
    for each in made:
        each.end()


@pytest.fixture(params=SPIES)
def spied(request, tmp_path):
    """A class path whose resources name a class that javac could start, and what it would leave."""
    witness = tmp_path / "witness"
    source = tmp_path / "Spy.java"
    source.write_text(SPIES[request.param].format(leave=f'new java.io.File("{witness}").mkdir();'))
    classes = tmp_path / "spy"
    assert compile_files(find_jdk(), [source], [], classes) is None
    service = classes / "META-INF/services" / request.param
    service.parent.mkdir(parents=True)
    service.write_text("evil.Spy\n")
    return classes, witness


def test_javac_starts_nothing_of_a_class_path(spied, compilers, tmp_path):
    """Without a sandbox, which would hide it."""
    classes, witness = spied
    compiler = compilers("unsafe")
    made = compiler.compile([classes], [HARMLESS])
    assert (list(made.classes), made.error) == (["A"], "")
    (tmp_path / "B.java").write_text("class B { }")
    assert compiler.compile_most([tmp_path / "B.java"], tmp_path, [classes], tmp_path / "made") == {}
    assert compile_files(find_jdk(), [tmp_path / "B.java"], [classes], tmp_path / "own") is None
    assert not witness.exists()


def java_below():
    found = [each for each in psutil.Process().children(recursive=True) if each.name() == "java"]
    return [each for each in found if "kdlib.harness/kdlib.harness.CompileJobs" in " ".join(each.cmdline())]


def test_what_compiles_is_confined(sandbox, compilers, library):
    before = java_below()
    assert compilers(sandbox).compile([library], [HARMLESS]).error == ""
    (java,) = set(java_below()) - set(before)
    status = Path(f"/proc/{java.pid}/status").read_text()
    fields = dict(line.split(":\t") for line in status.splitlines())
    assert (fields["NoNewPrivs"], int(fields["CapEff"], 16)) == ("1", 0)
    assert len(fields["NSpid"].split()) == 2


def test_another_class_path_is_another_jvm(sandbox, compilers, library, tmp_path):
    (tmp_path / "B.java").write_text("package p; public class B { }")
    assert compile_files(find_jdk(), [tmp_path / "B.java"], [], tmp_path / "other") is None
    compiler = compilers(sandbox)
    uses = {
        "Counter": SourceFile("A", b"class A { p.Counter c; }"),
        "B": SourceFile("A", b"class A { p.B b; }"),
    }
    for _ in range(2):
        assert compiler.compile([library], [uses["Counter"]]).error == ""
        assert compiler.compile([tmp_path / "other"], [uses["B"]]).error == ""
        assert "cannot find symbol" in compiler.compile([tmp_path / "other"], [uses["Counter"]]).error
    compiler.end()
    with pytest.raises(CancelledError):
        compiler.compile([library], [HARMLESS])


def test_a_link_to_a_jar_is_followed(sandbox, compilers, library, tmp_path):
    (tmp_path / "link").symlink_to(library)
    source = SourceFile("A", b"class A { p.Counter c; }")
    assert compilers(sandbox).compile([tmp_path / "link"], [source]).error == ""


def test_whole_files_are_read_as_javac_reads_them(compilers, tmp_path):
    long = "L" * 250
    contents = {
        "Latin.java": "class Latin { /* ä */ }".encode("latin-1"),
        "Two.java": b'class Two { int x = ""; Nowhere y; }',
        "Long.java": f"class Long {{ class {long} {{ }} }}".encode(),
        "Grün.java": "class Grün { }".encode(),
        "module-info.java": b"class Odd { }",
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    files = [tmp_path / name for name in contents]
    left = compilers("unsafe").compile_most(files, tmp_path, [], tmp_path / "made")
    assert {path.name: error for path, error in left.items()} == {
        "Latin.java": "unmappable character (0xE4) for encoding UTF-8",
        "Two.java": "cannot find symbol class Nowhere",
        "Long.java": f"error while writing Long.{long}: Long${long}: File name too long",
    }
    assert {path.name for path in (tmp_path / "made").iterdir()} == {"Grün.class", "Odd.class"}


class Forged:
    """A JVM whose answers something else wrote."""

    answer: object = None

    def __init__(self, *_):
        self.over = False

    def ask(self, *_):
        return self.answer

    def end(self):
        self.over = True


CLASS = "yv66vg=="


@pytest.mark.parametrize(
    "answer",
    [
        [],
        {},
        {"error": None, "errors": {}, "classes": {}, "named": ""},
        {"error": "", "errors": {}, "classes": {}, "named": None},
        {"error": "", "errors": {}, "classes": [], "named": ""},
        {"error": "", "errors": {"A.java": 1}, "classes": {}, "named": ""},
        {"error": "", "errors": {}, "classes": {"A": None}, "named": ""},
        {"error": "", "errors": {}, "classes": {"A": "no base64"}, "named": ""},
        Ended(False, "its answer has another form"),
    ],
)
def test_whatever_is_no_answer_is_an_error_of_the_files(compilers, tmp_path, monkeypatch, answer):
    monkeypatch.setattr(module, "Jvm", Forged)
    monkeypatch.setattr(Forged, "answer", answer)
    expected = "javac failed: its answer has another form"
    compiler = compilers("unsafe")
    assert compiler.compile([], [HARMLESS]) == ({}, expected, "")
    file = tmp_path / "A.java"
    assert compiler.compile_most([file], tmp_path, [], tmp_path / "made") == {file: expected}


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a..b", "../a", "/a", "a/b", "a\\b", "a\n", "a\0", ".a", "a.", "\x1b[2J"]
)
def test_names_of_classes_do_not_lead_out(compilers, tmp_path, monkeypatch, name):
    monkeypatch.setattr(module, "Jvm", Forged)
    monkeypatch.setattr(Forged, "answer", {"error": "", "errors": {}, "classes": {name: CLASS}, "named": ""})
    with pytest.raises(DataError, match="a class of this name is no file"):
        compilers("unsafe").compile_most([tmp_path / "A.java"], tmp_path, [], tmp_path / "made")
    assert list((tmp_path / "made").rglob("*")) == []


def test_a_file_that_is_too_deep_for_javac_is_left_out_alone(compilers, tmp_path):
    """Of which javac itself says nothing."""
    deep = f"class A {{ int x = {'(' * 9000}1{')' * 9000}; }}".encode()
    compiler = compilers("unsafe")
    for statement in (None, (0, 5)):
        compiled = compiler.compile([], [SourceFile("A", deep)], statement)
        assert (compiled.classes, compiled.error.startswith("javac failed")) == ({}, True), statement
    sources = {"A": deep, "B": b"class B { C c; }", "C": b"class C { }", "D": b"class D { A a; }"}
    files = [tmp_path / f"{name}.java" for name in sources]
    for file, content in zip(files, sources.values(), strict=True):
        file.write_bytes(content)
    left = compiler.compile_most(files, tmp_path, [], tmp_path / "made")
    assert list(left) == [tmp_path / "A.java", tmp_path / "D.java"]
    assert left[tmp_path / "A.java"].startswith("javac failed")
    assert "cannot find symbol" in left[tmp_path / "D.java"]
    assert sorted(path.name for path in (tmp_path / "made").iterdir()) == ["B.class", "C.class"]
