from __future__ import annotations

import hashlib
import shutil

import pyarrow as pa
import pytest

from kdlib.evaluation.compilation import Folder, compile_rates
from kdlib.execution.placement import as_javac_reads
from kdlib.files import DataError, read_json, write_examples, write_json, write_parquet, write_predictions
from kdlib.java import compiler
from kdlib.java.validity import is_statement
from kdlib.records import Example, Occurrence, Prediction

needs_jdk = pytest.mark.skipif(shutil.which("javac") is None, reason="no JDK")

# A stand-in for JUnit keeps the network out; what is compiled against is an ordinary class either way.
FILES = {
    "src/main/java/p/Lib.java": "package p; public class Lib { public int one() { return 1; } }",
    "src/main/java/module-info.java": "module p { requires nowhere; }",
    "src/test/java/p/Check.java": "package p; class Check { static void same(int a, int b) {} }",
    "src/test/java/p/LibTest.java": """package p;
public class LibTest {
    // ä: bytes are not characters
    void first() { int x = new Lib().one(); Check.same(1, x); /* end */ }
    void second() { Check.same(2, 2); }
}
""",
}
FIRST, SECOND = "Check.same(1, x);", "Check.same(2, 2);"
TEST = "src/test/java/p/LibTest.java"


def occurrence(content, statement, source="own", path=TEST):
    start = content.index(statement.encode())
    return Occurrence(
        source=source,
        version="1",
        path=path,
        file_sha256=hashlib.sha256(content).hexdigest(),
        start_byte=start,
        end_byte=start + len(statement.encode()),
        test_class="p.LibTest",
        test_method="first",
        focal_class="p.Lib",
        focal_name="one",
        focal_path="",
        focal_start_byte=0,
        focal_end_byte=0,
        reason="inside",
        group="p.Lib",
        framework="junit4",
        kind="same",
        licence="MIT",
    )


class Run:
    """A source on disk, a corpus of it, and predictions for its rows."""

    def __init__(self, folder):
        self.folder, self.root = folder, folder / "source"
        for path, text in FILES.items():
            self.write(path, text)
        content = FILES[TEST].encode()
        self.rows = {"a": [occurrence(content, FIRST)], "b": [occurrence(content, SECOND)]}

    def write(self, path, text):
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_bytes(text.encode())

    def compiled(self, *models, jars=None):
        """Return the result for models m0, m1, … whose texts are given by row."""
        examples = [Example(key, "f", "t", ("x",), tuple(places)) for key, places in self.rows.items()]
        write_examples(self.folder / "examples.parquet", examples)
        ids = pa.array([[1]] * len(self.rows), pa.list_(pa.int32()))
        table = pa.table({"id": list(self.rows), "target": ["x"] * len(self.rows), "target_ids": ids})
        write_parquet(self.folder / "test.parquet", table)
        for at, texts in enumerate(models):
            found = [Prediction(key, 1, text, 0.0) for key, text in zip(self.rows, texts, strict=True)]
            write_predictions(self.folder / f"m{at}" / "predictions.jsonl", found)
        write_json(self.folder / "jars.json", jars or {"jars": []})
        compile_rates(
            {f"m{at}": self.folder / f"m{at}" for at in range(len(models))},
            self.folder / "examples.parquet",
            self.folder / "test.parquet",
            {"own": Folder(self.root, sorted(self.root.rglob("*.java")))},
            self.folder / "jars.json",
            self.folder / "out.json",
        )
        return read_json(self.folder / "out.json")


@pytest.fixture
def run(tmp_path):
    return Run(tmp_path)


@needs_jdk
def test_predictions_are_compiled_in_their_place(run):
    # x is a variable of the first test only; a comment at the end must not hide the rest of its line.
    found = run.compiled([FIRST, FIRST], ["Check.same(x, 7); // why", SECOND], ["Check.no(x);", SECOND])
    assert found["measured"] is True
    assert (found["rows"], found["not_compilable"]) == (2, [])
    assert found["javac"] == compiler.find_jdk().version
    expected = {"m0": {"a": True, "b": False}, "m1": {"a": True, "b": True}, "m2": {"a": False, "b": True}}
    assert found["models"] == expected


# Each of these leaves a file that compiles.
TRICKS = {
    "nothing": "",
    "white space": " \n\t",
    "an empty statement": ";",
    "a comment": "// Check.same(1, 1);",
    "two statements": f"{SECOND} {SECOND}",
    "another method": f"{SECOND} }} void third() {{ {SECOND}",
    "another class": f"{SECOND} }} }} class Third {{ void third() {{ {SECOND}",
    "escaped braces": f"{SECOND} // \\u000a }} void third() \\u007b {SECOND}",
    "escapes with many u": f"{SECOND} // \\uuu000a }} void third() {{ {SECOND}",
    "a carriage return": f"{SECOND} // \r }} void third() {{ {SECOND}",
}


@needs_jdk
def test_what_is_not_one_statement_does_not_count_though_it_compiles(run):
    jdk, content = compiler.find_jdk(), FILES[TEST]
    files = [content.replace(SECOND, f"{trick}\n") for trick in TRICKS.values()]
    assert compiler.compile_files(jdk, [run.root / "src/main/java/p/Lib.java"], [], run.folder / "c") is None
    check = run.root / "src/test/java/p/Check.java"
    assert compiler.compile_files(jdk, [check], [], run.folder / "c") is None
    sources = [compiler.SourceFile("LibTest", file.encode()) for file in files]
    assert compiler.compile_each(jdk, sources, [run.folder / "c"]) == [None] * len(TRICKS)
    found = run.compiled([FIRST, SECOND], *([FIRST, trick] for trick in TRICKS.values()))
    counted = {name: own["b"] for name, own in found["models"].items()}
    assert counted == {"m0": True, **{f"m{at}": False for at in range(1, len(TRICKS) + 1)}}


@needs_jdk
def test_strange_predictions_do_not_stop_the_rest(run):
    strange = ["x" * 10_000, "((" * 5000, "%§ 你好 \x00 😀", '"open', "/* open", "\x1a", "a\tb\nc", "\ud83d"]
    found = run.compiled(
        [FIRST, 'Check.same("你好 😀".length(), 4);'], *([FIRST, text] for text in strange[:-1])
    )
    assert [own["b"] for own in found["models"].values()] == [True, *[False] * (len(strange) - 1)]
    assert all(own["a"] for own in found["models"].values())


@needs_jdk
def test_rows_that_cannot_be_compiled_are_told_and_not_counted(run):
    text = "package p; class Broken { void t() { Check.same(1, 1); } }"
    run.write("other/p/Archive.java", text)
    run.rows["c"] = [occurrence(text.encode(), "Check.same(1, 1);", source="archive")]
    run.rows["d"] = []
    run.rows["e"] = [run.rows["c"][0], run.rows["a"][0]]
    found = run.compiled([FIRST, SECOND, "x", "x", FIRST])
    reasons = {entry["id"]: entry["reason"] for entry in found["not_compilable"]}
    assert reasons == {"c": "its source is no folder: archive", "d": "its source is no folder: none"}
    assert found["models"] == {"m0": {"a": True, "b": True, "e": True}}
    assert found["rows"] == 5


@needs_jdk
def test_a_source_that_does_not_compile_is_not_measured(run):
    text = "package p; class Twice { void t() { Check.same(1, 1); new Hidden(); } }"
    run.write("src/test/java/p/Twice.java", text)
    run.rows["c"] = [occurrence(text.encode(), "Check.same(1, 1);", path="src/test/java/p/Twice.java")]
    found = run.compiled([FIRST, SECOND, SECOND])
    assert found["measured"] is False
    assert "Twice.java:1: error: cannot find symbol" in found["reason"]
    run.write("src/test/java/p/Hidden.java", "package p; class Hidden {}")
    assert run.compiled([FIRST, SECOND, SECOND])["models"]["m0"] == {"a": True, "b": True, "c": True}


@needs_jdk
def test_another_file_than_the_mined_one_is_an_error(run):
    run.write(TEST, FILES[TEST] + " ")
    with pytest.raises(DataError, match=r"LibTest\.java: not the file that was mined"):
        run.compiled([FIRST, SECOND])
    (run.root / TEST).unlink()
    with pytest.raises(DataError, match="not the file that was mined"):
        run.compiled([FIRST, SECOND])
    assert not (run.folder / "out.json").exists()


@needs_jdk
def test_equal_files_are_compiled_once(run, monkeypatch):
    compiled = []

    def count(jdk, sources, class_path):
        compiled.extend(sources)
        return [None] * len(sources)

    monkeypatch.setattr("kdlib.evaluation.compilation.compile_each", count)
    run.compiled([FIRST, "Check.same(3, 3);"], ["Check.same(4, 4);", "Check.same(3, 3);"], [FIRST, ""])
    # The test file as it is, and three changes of it; what is no statement is not compiled at all.
    assert len(compiled) == len(set(compiled)) == 4


def test_without_jdk_or_jars_the_reason_is_written(run, monkeypatch):
    monkeypatch.setenv("PATH", "")
    found = run.compiled([FIRST, SECOND])
    reason = "no JDK: javac is not on the PATH; install default-jdk-headless"
    assert found == {"measured": False, "reason": reason}
    monkeypatch.setattr("kdlib.evaluation.compilation.find_jdk", lambda: None)
    found = run.compiled([FIRST, SECOND], jars={"jars": [], "reason": "junit4: 404"})
    assert found == {"measured": False, "reason": "no jars of JUnit: junit4: 404"}


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("\\u0041\\uuu0042", "AB"),
        ("\\\\u0041", "\\\\u0041"),
        ("\\\\\\u0041", "\\\\A"),
        ("\\u005cu0041", "\\u0041"),
        ("\\u41", "\\u41"),
        ("a\r\nb\rc\\u000dd", "a\nb\nc\nd"),
    ],
)
def test_what_javac_reads(written, read):
    assert as_javac_reads(written) == read


def test_an_escape_in_a_string_is_no_trick():
    assert is_statement(as_javac_reads('assertEquals("\\u00e9\\ud83d\\ude00", s);'))
