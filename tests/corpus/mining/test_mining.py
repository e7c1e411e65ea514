from __future__ import annotations

import hashlib

import pytest

from kdlib.config import DebianSource, Filters
from kdlib.corpus.mining.mining import mine_source
from kdlib.files import read_examples, read_json
from kdlib.records import example_id, normalise_whitespace
from tests.corpus.conftest import MONEY
from tests.sources.test_java_files import archive

MAIN, TEST = "src/main/java/shop/Money.java", "src/test/java/shop/MoneyTest.java"
JUNIT5 = """package shop;
import org.junit.jupiter.api.*;
import static org.junit.jupiter.api.Assertions.*;
class MoneyTest {
    @Test
    void größe() {
        assertEquals("€", "€");
        assertAll(
            () -> assertEquals(1, Money.of(1).cents()),
            () -> assertTrue(true));
    }
    @Nested class Sums {
        @ParameterizedTest void adds(int i) { assertEquals(i, Money.of(i).plus(Money.ZERO).cents()); }
    }
    @BeforeEach void prepare() { assertTrue(true); }
    void helper() { assertTrue(Money.of(1).cents() > 0); }
}
"""


def test_occurrences_lead_back_to_the_file(mine):
    files = {MAIN: MONEY, TEST: JUNIT5.replace("    @Nested", "    // ünïcödé\n    @Nested")}
    examples, _ = mine(files)
    content = files[TEST].encode()
    assert [e.occurrences[0].kind for e in examples] == ["assertAll", "assertEquals"]
    for example in examples:
        (where,) = example.occurrences
        found = content[where.start_byte : where.end_byte].decode()
        assert normalise_whitespace(found) == normalise_whitespace(example.references[0])
        assert found.endswith(";")
        assert where.file_sha256 == hashlib.sha256(content).hexdigest()
        assert where.path == TEST
        assert (where.source, where.licence, where.framework) == ("shop", "MIT", "junit5")
        assert where.test_class == "shop.MoneyTest"
        assert example.id == example_id(example.focal_method, example.masked_test, example.references)
    assert [e.occurrences[0].test_method for e in examples] == ["größe", "adds"]


def test_the_report_counts(mine):
    _, report = mine({MAIN: MONEY, TEST: JUNIT5})
    assert report == {
        "source": "shop",
        "version": report["version"],
        "sha256": report["sha256"],
        "licence": "MIT",
        "kind": "path",
        "skipped": [],
        "files": 2,
        "java_bytes": len(MONEY.encode()) + len(JUNIT5.encode()),
        "tests": 2,
        "assertions": 3,
        "examples": 2,
        "unresolved": 0,
        "kinds": {"assertAll": 1, "assertEquals": 1},
        "frameworks": {"junit5": 2},
        "reasons": {"inside": 2},
        "licences": {"MIT": 2},
        "filtered": {"cannot fail": 1},
    }


def test_an_assertion_that_cannot_fail_is_left_out_and_counted(mine):
    body = """
        assertTrue(Money.of(1).cents() == 1 || true);
        try { assertEquals(6, Money.of(5).cents()); } catch (Throwable t) { }
        Runnable never = () -> { assertEquals(7, Money.of(5).cents()); };
        if (false) { assertEquals(8, Money.of(5).cents()); }
        try { assertEquals(5, Money.of(5).cents()); } catch (Exception e) { }
        assertEquals(3, Money.of(3).cents());"""
    test = JUNIT5.replace('assertEquals("€", "€");', body)
    examples, report = mine({MAIN: MONEY, TEST: test})
    references = [example.references[0] for example in examples[:2]]
    assert references == ["assertEquals(5, Money.of(5).cents());", "assertEquals(3, Money.of(3).cents());"]
    assert (report["filtered"], report["unresolved"]) == ({"cannot fail": 4}, 0)
    # It stays where it stands before another one, and goes where it would follow.
    assert body.split("try")[0].strip() in examples[0].masked_test
    assert "catch (Exception e)" in examples[0].masked_test


def test_the_version_of_a_folder_is_its_content(mine):
    _, first = mine({MAIN: MONEY})
    _, same = mine({MAIN: MONEY})
    _, changed = mine({MAIN: MONEY + "\n"})
    _, more = mine({MAIN: MONEY, "A.java": "class A {}"})
    assert first["version"] == same["version"]
    assert len({first["version"], changed["version"], more["version"]}) == 3
    assert len(first["version"]) == 16


def test_bad_files_are_counted_and_named_and_spoil_no_other(mine):
    files = {
        MAIN: MONEY,
        TEST: JUNIT5,
        "a/Broken.java": "class Broken { void f( { }",
        "a/Latin.java": 'class Latin { String s = "\xe9"; }'.encode("latin-1"),
        "a/Empty.java": b"",
        "a/Blank.java": " \n",
        "a/Zero.java": b"class Zero { \0 }",
        "a/Huge.java": b"// " + b"x" * 10_000_000 + b"\nclass Huge {}",
    }
    examples, report = mine(files)
    assert len(examples) == 2
    assert {item["path"]: item["reason"] for item in report["skipped"]} == {
        "a/Blank.java": "empty",
        "a/Broken.java": "does not parse",
        "a/Empty.java": "empty",
        "a/Huge.java": "larger than 1000000 bytes",
        "a/Latin.java": "not UTF-8",
        "a/Zero.java": "does not parse",
    }
    assert report["files"] == len(files)


def test_deep_nesting_does_not_end_in_a_crash(mine):
    deep = "class Deep { Object f(int x) { return " + "(" * 20_000 + "1" + ")" * 20_000 + "; } }"
    chain = "(" * 3_000 + "x" + ")" * 3_000 + ".f(1)" * 3_000
    test = f"import org.junit.*; class DeepTest {{ @Test public void t() {{ Assert.assertNull({chain}); }} }}"
    inner = "class Inner { " * 3_000 + "int x;" + "}" * 3_000
    _, report = mine({"Deep.java": deep, "Inner.java": inner, "DeepTest.java": test})
    assert (report["assertions"], report["skipped"]) == (1, [])


def test_junit_3_by_name_and_superclass(mine):
    base = "package shop;\nimport junit.framework.TestCase;\npublic abstract class Base extends TestCase {}"
    test = """package shop;
public class MoneyTest extends Base {
    public void testCents() { assertEquals(1, Money.of(1).cents()); }
    public void testOf(int notATest) { assertEquals(1, Money.of(1).cents()); }
    public void setUp() { assertEquals(1, Money.of(1).cents()); }
}"""
    examples, report = mine({MAIN: MONEY, TEST: test, "src/test/java/shop/Base.java": base})
    assert [(w.test_method, w.framework) for e in examples for w in e.occurrences] == [
        ("testCents", "junit3")
    ]
    assert report["tests"] == 1
    without = test.replace("extends Base", "")
    assert mine({TEST: without})[1]["tests"] == 0


def test_helpers_of_the_project_are_not_assertions(mine):
    helpers = """package shop;
public class Checks {
    public static void assertThat(Money m) {}
    public static void assertEquals(long a, Money b) {}
}"""
    test = """package shop;
import static org.junit.Assert.*;
import static shop.Checks.assertThat;
import org.junit.Test;
public class MoneyTest {
    @Test public void t() {
        assertThat(Money.of(1));
        assertSame(Money.of(1), Money.ZERO, 3);
        Checks.assertEquals(1, Money.of(1));
        assertCents(1, Money.of(1));
        assertSame(Money.of(1), Money.ZERO);
    }
    private void assertSame(Money a, Money b, int c) { assertEquals(1, a.cents()); }
    private void assertCents(long c, Money m) { assertEquals(c, m.cents()); }
}"""
    examples, _ = mine({MAIN: MONEY, TEST: test, "src/test/java/shop/Checks.java": helpers})
    assert [e.references[0] for e in examples] == ["assertSame(Money.of(1), Money.ZERO);"]
    for kept in ("assertThat(Money.of(1));", "Checks.assertEquals(", "assertCents("):
        assert kept in examples[0].masked_test


def test_examples_stand_in_order_and_the_same_input_gives_the_same_bytes(mine, tmp_path):
    test = JUNIT5.replace("MoneyTest", "OtherTest")
    files = {MAIN: MONEY, TEST: JUNIT5, "src/test/java/a/OtherTest.java": test}
    examples, _ = mine(files)
    places = [(e.occurrences[0].path, e.occurrences[0].start_byte) for e in examples]
    assert places == sorted(places)
    assert len(places) == 4
    before = (tmp_path / "examples.parquet").read_bytes()
    mine(files)
    assert (tmp_path / "examples.parquet").read_bytes() == before


def test_no_focal_method_and_no_tests(mine):
    examples, report = mine({MAIN: MONEY})
    assert (examples, report["tests"], report["examples"]) == ([], 0, 0)


@pytest.mark.parametrize("mode", ["w:xz", "w:gz"])
def test_a_debian_archive(tmp_path, mode):
    files = {MAIN: MONEY.encode(), TEST: JUNIT5.encode()}
    path = archive(tmp_path / "orig.tar", mode, files)
    source = DebianSource(
        kind="debian", package="shop", version="1.2-3", sha256="0" * 64, licence="Apache-2.0"
    )
    mine_source("shop", source, path, Filters(), tmp_path / "e.parquet", tmp_path / "r.json")
    (where, _) = (example.occurrences[0] for example in read_examples(tmp_path / "e.parquet"))
    assert (where.version, where.licence, where.path) == ("1.2-3", "Apache-2.0", TEST)
    report = read_json(tmp_path / "r.json")
    assert (report["kind"], report["version"], report["examples"]) == ("debian", "1.2-3", 2)
