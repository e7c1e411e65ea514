"""What becomes of tests: compiled, passed, failed, with JUnit 3, 4 and 5."""

from __future__ import annotations

import re

import pytest

from kdlib.execution.compiler import Compiler
from kdlib.execution.harness import build_harness
from kdlib.execution.jobs import ExecutionJob
from kdlib.execution.sandbox import find_sandbox
from kdlib.java import compiler
from kdlib.java.compiler import SourceFile, find_jdk
from tests.execution.conftest import LIBRARY, ROOT, chosen, job4, job5, results

PASSES = "assertEquals(10, Counter.limit());"
CASES5 = """class FiveTest {
    @Test void passes() { assertEquals(10, Counter.limit()); }
    @Test void fails() {
        assertEquals(9, Counter.limit(), "limit");
    }
    @Test @Disabled("later") void disabled() { fail(); }
    @Test void assumed() { Assumptions.assumeTrue(false); }
    @Test void withInfo(TestInfo info) { assertEquals("withInfo", info.getTestMethod().get().getName()); }
    @RepeatedTest(3) void repeated() { assertEquals(1, Counter.next()); }
    @org.junit.jupiter.params.ParameterizedTest
    @org.junit.jupiter.params.provider.ValueSource(ints = {1, 2})
    void each(int value) { assertTrue(value < 2); }
    void none() { }
    @Nested class Inner { @Test void passes() { assertEquals("p", getClass().getPackageName()); } }
    static class Broken { @BeforeAll static void before() { throw new IllegalStateException("no"); }
        @Test void never() { } }
}"""
OUTCOMES5 = {
    "passes": ("passed", ""),
    "fails": (
        "failed",
        "org.opentest4j.AssertionFailedError: limit ==> expected: <9> but was: <10> (FiveTest.java:5)",
    ),
    "disabled": ("failed", "skipped: later"),
    "assumed": ("failed", "skipped: "),
    "withInfo": ("passed", ""),
    "repeated": ("failed", "expected: <1> but was: <2>"),
    "each": ("failed", "expected: <true> but was: <false>"),
    "none": ("failed", "no test none in p.FiveTest"),
    "absent": ("failed", "no test absent in p.FiveTest"),
}


@pytest.fixture(scope="module")
def sandbox():
    return find_sandbox()


@pytest.fixture(scope="module")
def found4(junit4, cache, sandbox):
    greek = 'String größe = "naïve 😀 \\u00e9"; assertEquals(9, größe.codePointCount(0, größe.length()));'
    static = 'static int one = Integer.parseInt("x");'
    mutant = SourceFile("Counter", LIBRARY.replace("return 10", "return 11").encode())
    odd = job4("Odd", 'assertEquals("\x00", "\x00");', junit4)
    invalid = SourceFile("Odd", odd.files[0].content.replace(b"\x00", b"\xff"))
    parameters = (
        "@org.junit.runner.RunWith(org.junit.runners.Parameterized.class) public class Many {"
        '@org.junit.runners.Parameterized.Parameters(name = "{0}") public static List<Object> all() '
        "{ return List.of(1, 2); } int n; public Many(int n) { this.n = n; }"
        "@Test public void t() { assertTrue(n < 2); } @Test public void tt() { } }"
    )
    head = job4("Many", "", junit4).files[0].content.decode().split("\n")[0]
    many = SourceFile("Many", f"{head}\n{parameters}".encode())
    three = SourceFile(
        "Three",
        b"public class Three extends junit.framework.TestCase { public void testIt() { fail(); } }",
    )
    jobs = [
        job4("Passes", PASSES, junit4),
        job4("Fails", "\nassertEquals(9, Counter.limit());", junit4),
        job4("Mutated", PASSES, junit4, files=[mutant]),
        job4("NotJava", "assertEquals(1, ;", junit4),
        job4("Unknown", "assertEqual(1, 1);", junit4),
        job4("Größe", greek, junit4),
        ExecutionJob("Odd", (invalid,), "p.Odd", "t", junit4, "junit4"),
        job4("Static", "one++;", junit4, members=static),
        job4("Ignored", "", junit4, members="@Ignore @Test public void i() { fail(); }"),
        job4("Assumed", "Assume.assumeTrue(false);", junit4),
        job4("Asserts", 'assert false : "on";', junit4),
        job4("Hostile", "throw new Exception() { public String toString() { throw new Error(); } };", junit4),
        job4("Long", 'fail("x\\ny".repeat(4000));', junit4),
        ExecutionJob("Many", (many,), "p.Many", "t", junit4, "junit4"),
        ExecutionJob("Good", (many,), "p.Many", "tt", junit4, "junit4"),
        ExecutionJob("Three", (three,), "Three", "testIt", junit4, "junit4"),
        ExecutionJob("Absent", job4("Absent", "", junit4).files, "p.Nowhere", "t", junit4, "junit4"),
    ]
    jobs += [ExecutionJob("i", jobs[8].files, "p.Ignored", "i", junit4, "junit4")]
    return results(jobs, cache, sandbox)


@pytest.mark.parametrize(
    ("name", "status", "message"),
    [
        ("Passes", "passed", ""),
        ("Fails", "failed", "java.lang.AssertionError: expected:<9> but was:<10> (Fails.java:6)"),
        ("Mutated", "failed", "java.lang.AssertionError: expected:<10> but was:<11> (Mutated.java:5)"),
        ("NotJava", "not_compiled", "line 5: illegal start of expression"),
        ("Unknown", "not_compiled", "line 5: cannot find symbol"),
        ("Größe", "passed", ""),
        ("Odd", "passed", ""),
        (
            "Static",
            "failed",
            "java.lang.ExceptionInInitializerError, caused by java.lang.NumberFormatException: "
            'For input string: "x" (Static.java:3)',
        ),
        ("i", "failed", "skipped: the test is ignored"),
        ("Assumed", "failed", "skipped: an assumption failed"),
        ("Asserts", "failed", "java.lang.AssertionError: on (Asserts.java:5)"),
        ("Hostile", "failed", "p.Hostile$1"),
        ("Many", "failed", "java.lang.AssertionError"),
        ("Good", "passed", ""),
        ("Three", "failed", "junit.framework.AssertionFailedError (Three.java:1)"),
        ("Absent", "failed", "java.lang.ClassNotFoundException: p.Nowhere"),
    ],
)
def test_junit_4(found4, name, status, message):
    assert (found4[name].status, found4[name].message[: len(message)]) == (status, message)


def test_a_message_is_one_line_of_limited_length(found4):
    assert found4["Long"].message.startswith("java.lang.AssertionError: x yx yx")
    assert len(found4["Long"].message) == 500
    assert found4["Long"].message.endswith(" (Long.java:5)")
    assert all("\n" not in result.message for result in found4.values())


def test_junit_5(junit5, cache, sandbox):
    jobs = [job5("FiveTest", CASES5, name, junit5) for name in OUTCOMES5]
    inner = [
        job5("FiveTest", CASES5, "passes", junit5, "FiveTest$Inner"),
        job5("FiveTest", CASES5, "never", junit5, "FiveTest$Broken"),
    ]
    found = results(jobs, cache, sandbox)
    for name, (status, message) in OUTCOMES5.items():
        result = found[f"FiveTest.{name}"]
        assert (result.status, message in result.message) == (status, True), result
    nested = results(inner, cache, sandbox)
    assert nested["FiveTest.passes"].status == "passed"
    assert nested["FiveTest.never"].status == "failed"
    assert "IllegalStateException: no" in nested["FiveTest.never"].message


def test_the_sample_library_passes(jars, cache, sandbox, tmp_path):
    root = ROOT / "examples" / "sample-java"
    own = chosen(jars, r"(junit4|hamcrest)-[\d.]+\.jar")
    assert compiler.compile_files(find_jdk(), sorted(root.rglob("*.java")), own, tmp_path / "classes") is None
    test = root / "src/test/java/tessera/text/SlugTest.java"
    text = test.read_text()
    changed = text.replace('"hello-world"', '"hello world"')
    assert changed != text
    jobs = [
        ExecutionJob(
            name, (SourceFile("SlugTest", source.encode()),), "tessera.text.SlugTest", method, own, "junit4"
        )
        for name, source, method in [
            ("as is", text, "joinsLowerCaseWordsWithHyphens"),
            ("changed", changed, "joinsLowerCaseWordsWithHyphens"),
            ("elsewhere", changed, "apostrophesVanishAndAccentsAreFolded"),
        ]
    ]
    jobs = [
        ExecutionJob(j.id, j.files, j.test_class, j.method, (*own, tmp_path / "classes"), j.framework)
        for j in jobs
    ]
    found = results(jobs, cache, sandbox)
    assert [found[job.id].status for job in jobs] == ["passed", "failed", "passed"]
    assert "SlugTest.java:20" in found["changed"].message


def test_a_class_path_without_its_junit_fails_its_own_tests_only(library, junit4, cache, sandbox):
    jobs = [job4("Lacks", "", (library,)), job4("Passes", "", junit4)]
    found = results(jobs, cache, sandbox)
    assert found["Passes"].status == "passed"
    assert found["Lacks"].status == "not_compiled"
    assert re.search(r"no usable junit4 \(.*org.junit.*add the jars of JUnit", found["Lacks"].message)


def test_the_harness_is_compiled_once(tmp_path, monkeypatch):
    first = build_harness(find_jdk(), tmp_path)
    assert (first / "kdlib/harness/RunJobs.class").is_file()
    monkeypatch.setattr("kdlib.execution.harness.compile_files", None)
    assert build_harness(find_jdk(), tmp_path) == first
    assert [path.name for path in tmp_path.iterdir()] == [first.name]


NAMED = {
    "assertEquals(1, 1);": "",
    'assertEquals("a", getClass().getSimpleName());': "",
    'assertTrue(new File("a").exists());': "",
    "System.out.println(System.nanoTime());": "",
    "assertThat(List.of(1)).hasSize(1);": "",
    "new Thread(() -> { }).start();": "java.lang.Thread.start",
    "Object o = Thread.class;": "java.lang.Thread.class",
    "java.util.function.Supplier<Object> s = Thread::new;": "java.lang.Thread",
    "for (var m : getClass().getMethods()) m.invoke(this);": "java.lang.Class.getMethods",
    'Class.forName("A");': "java.lang.Class.forName",
    "\\u0054hread.yield();": "java.lang.Thread.yield",
    "List.of(1).stream().parallel().count();": "java.util.stream.BaseStream.parallel",
    "new ArrayList<>(List.of(1)).parallelStream();": "java.util.Collection.parallelStream",
    "System.exit(1);": "java.lang.System.exit",
    "Runtime.getRuntime();": "java.lang.Runtime.getRuntime",
    "new Object() { void run() { System.exit(1); } }.run();": "java.lang.System.exit",
    "class Mine extends Thread { }": "java.lang.Thread",
    'assertThat(1).as("").isEqualTo(1);': "",
    "org.assertj.core.api.Assertions.setMaxElementsForPrinting(1);": (
        "org.assertj.core.api.Assertions.setMaxElementsForPrinting"
    ),
    "new org.junit.runner.JUnitCore();": "org.junit.runner.JUnitCore",
    "Locale.setDefault(Locale.US);": "java.util.Locale.setDefault",
    "new FileInputStream(FileDescriptor.in);": "java.io.FileDescriptor.in",
    'new FileOutputStream("a").getChannel();': "java.io.FileOutputStream.getChannel",
}


def test_what_a_statement_names_is_what_javac_resolves(troubled, tmp_path):
    """And only that: what stands around it may name anything."""
    head = (
        "import static org.junit.Assert.*; import java.util.*; import java.io.*; "
        "import static org.assertj.core.api.Assertions.assertThat; "
        "class T { void t() throws Throwable { Thread.yield(); "
    )
    jdk = find_jdk()
    compiler = Compiler(jdk, build_harness(jdk, tmp_path / "cache"), find_sandbox(), tmp_path)
    named = {}
    for statement in NAMED:
        file = SourceFile("T", f"{head}{statement} Thread.yield(); }} }}".encode())
        compiled = compiler.compile(troubled, [file], (len(head), len(head) + len(statement)))
        assert compiled.error == "", statement
        named[statement] = compiled.named
    compiler.end()
    assert named == NAMED
