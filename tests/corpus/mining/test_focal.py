"""Which method an assertion tests, in the mined examples and against what two readers found.

The labels of the readers are described in docs/decisions/008-focal-labels.md.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from kdlib.config import DebianSource, read_config
from kdlib.sources.fetch import fetch
from tests.corpus.conftest import MONEY
from tools.focal_score import ROOT, labels, precision_recall, verdicts


def focal(examples):
    return [(where.focal_class, where.focal_name) for example in examples for where in example.occurrences]


def in_test(statements):
    return f"    @Test public void t() {{\n{statements}\n    }}"


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ("assertEquals(1, Money.of(1).cents());", "cents"),
        ("long c = Money.of(1).cents(); assertEquals(1, c);", "cents"),
        ("Money m = Money.of(1); assertEquals(m.plus(m), Money.ZERO);", "plus"),
        ("Money m = new Money(2); assertNotNull(m);", "Money"),
        ("var m = Money.of(1); assertTrue(m.plus(m) != null);", "plus"),
        ("Money[] all = {null}; assertNull(all[0].plus(null));", "plus"),
        ("java.util.List<Money> all = null; assertNull(all.get(0).plus(null));", "plus"),
        ("for (Money m : java.util.List.of(Money.ZERO)) { assertNull(m.plus(m)); }", "plus"),
        ("assertEquals(0, Money.ZERO.cents());", "cents"),
        ("Object o = Money.of(1); assertEquals(1, ((Money) o).cents());", "cents"),
        ("assertEquals(1, new Money(1).plus(Money.of(2)).cents());", "cents"),
        ("assertEquals(Money.of(3), Money.of(1).plus(Money.of(2)));", "plus"),
        ("assertThrows(Exception.class, () -> Money.of(1).plus(null));", "plus"),
        ("assertEquals(1, Money.of(1).cents()); assertTrue(true);", "cents"),
        ('Money m = null; String s = m.cents() + "".trim(); assertEquals(0, s.length());', "cents"),
    ],
)
def test_last_call_to_the_class_under_test(mine_test, statements, expected):
    examples, report = mine_test(in_test(statements))
    assert {place[0] for place in focal(examples)} == {"shop.Money"}
    assert focal(examples)[-1][1] == expected
    assert report["unresolved"] == 0


def test_calls_after_the_assertion_do_not_count(mine_test):
    examples, _ = mine_test(in_test("Money m = Money.of(1); assertNotNull(m); m.plus(m);"))
    assert focal(examples) == [("shop.Money", "of")]


@pytest.mark.parametrize(
    ("argument", "parameter"),
    [
        ('"1"', "String text"),
        ("1", "long cents"),
        ("name", "String text"),
        ("(long) 2", "long cents"),
        ("list().toString()", "String text"),
    ],
)
def test_overloads_are_told_apart_by_known_types(mine_test, argument, parameter):
    examples, _ = mine_test(in_test(f'String name = "7"; assertNotNull(Money.of({argument}));'))
    assert f"of({parameter})" in examples[0].focal_method


def test_overloads_are_told_apart_by_number(mine):
    methods = "int f() { return 0; } int f(int a) { return 1; } int f(int a, int... b) { return 2; }"
    money = f"class Money {{ {methods} }}"
    test = """import org.junit.*;
class MoneyTest { Money m; @Test public void t() {
  Assert.assertEquals(0, m.f());
  Assert.assertEquals(1, m.f(x()));
  Assert.assertEquals(2, m.f(x(), x(), x()));
} }"""
    examples, _ = mine({"Money.java": money, "MoneyTest.java": test})
    assert [e.focal_method[-11:-3] for e in examples] == ["return 0", "return 1", "return 2"]


BASE = "package shop;\npublic abstract class Base { public int rank() { return 1; } }"
HEIR = """package shop;
public class Heir extends Base { public static class Part { public int size() { return 2; } } }"""
HEIR_TEST = """package shop;
import static org.junit.Assert.*;
import org.junit.Test;
public class HeirTest {
    private final Heir heir = new Heir();
    @Test public void inherited() { assertEquals(1, heir.rank()); }
    @Test public void nested() { Heir.Part p = part(); Money.of(1); assertEquals(2, p.size()); }
    @Test public void other() { assertEquals(3, Money.of(3).cents()); }
    @Test public void none() { assertEquals(3, 1 + 2); }
    private Heir.Part part() { return new Heir.Part(); }
}"""


def test_inherited_and_nested_methods_and_others_of_the_project(mine):
    main = {"src/main/java/shop/Base.java": BASE, "src/main/java/shop/Heir.java": HEIR}
    money = {"src/main/java/shop/Money.java": MONEY}
    examples, report = mine({**main, **money, "src/test/java/shop/HeirTest.java": HEIR_TEST})
    assert focal(examples) == [("shop.Base", "rank"), ("shop.Heir.Part", "size"), ("shop.Money", "cents")]
    assert {where.group for example in examples for where in example.occurrences} == {"shop.Heir"}
    assert (report["assertions"], report["examples"], report["unresolved"]) == (4, 3, 1)


def test_helpers_in_tests_are_not_under_test(mine):
    helper = "package shop;\npublic class Helper { public static long read(Money m) { return 0; } }"
    test = """package shop;
import org.junit.*;
public class MoneyTest {
    @Test public void t() { Assert.assertEquals(0, Helper.read(null)); Assert.assertEquals(0, own()); }
    private int own() { return 0; }
}"""
    files = {"src/main/java/shop/Money.java": MONEY, "src/test/java/shop/Helper.java": helper}
    examples, report = mine({**files, "src/test/java/shop/MoneyTest.java": test})
    assert examples == []
    assert report["unresolved"] == 2


def test_the_same_name_in_another_package_or_variant(mine):
    def a_class(package, value):
        return f"package {package}; public class Item {{ public static int f() {{ return {value}; }} }}"

    test = """package {}; import org.junit.*;
public class ItemTest {{ @Test public void t() {{ Assert.assertEquals(1, Item.f()); }} }}"""
    examples, _ = mine(
        {
            "main/a/Item.java": a_class("a", 1),
            "main/b/Item.java": a_class("b", 2),
            "android/main/b/Item.java": a_class("b", 3),
            "android/tests/b/ItemTest.java": test.format("b"),
            "tests/a/ItemTest.java": test.format("a"),
            "tests/b/ItemTest.java": test.format("b"),
        }
    )
    assert [(e.occurrences[0].path, e.focal_method[-4]) for e in examples] == [
        ("android/tests/b/ItemTest.java", "3"),
        ("tests/a/ItemTest.java", "1"),
        ("tests/b/ItemTest.java", "2"),
    ]


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("MoneyTest", "shop.Money"),
        ("MoneyTests", "shop.Money"),
        ("MoneyTestCase", "shop.Money"),
        ("MoneyIT", "shop.Money"),
        ("TestMoney", "shop.Money"),
        ("MoneyRoundingTest", "shop.Money"),
        ("Issue42Test", "shop.Money"),
    ],
)
def test_class_under_test_by_name_else_by_use(mine, name, group):
    test = f"""package shop; import org.junit.*;
public class {name} {{ @Test public void t() {{ Assert.assertEquals(1, Money.of(1).cents()); }} }}"""
    examples, _ = mine({"src/main/java/shop/Money.java": MONEY, f"src/test/java/shop/{name}.java": test})
    (where,) = examples[0].occurrences
    assert (where.group, where.test_class, where.focal_name) == (group, f"shop.{name}", "cents")


def test_a_foreign_class_of_the_same_name_is_not_the_projects(mine):
    test = """package other;
import foreign.Money;
import org.junit.*;
public class FooTest { @Test public void t() { Assert.assertNull(Money.of(1)); } }"""
    examples, report = mine({"main/shop/Money.java": MONEY, "tests/other/FooTest.java": test})
    assert (examples, report["unresolved"]) == ([], 1)


def test_cyclic_and_self_referring_code_ends(mine):
    loop = "class A extends B { int f() { return 1; } } class B extends A { class A extends B {} }"
    test = """import org.junit.*;
class ATest { @Test public void t() { var x = x.f(); Assert.assertEquals(1, x.f()); } }"""
    _, report = mine({"A.java": loop, "ATest.java": test})
    assert report["assertions"] == 1


@pytest.fixture(scope="session")
def archive(tmp_path_factory):
    """Return an archive of config/debian.yaml: the one that the pipeline has in its cache, else fetched."""
    sources = read_config([ROOT / "config/config.yaml", ROOT / "config/debian.yaml"]).corpus.sources
    folder = tmp_path_factory.mktemp("sources")

    def get(name) -> Path:
        source = sources[name]
        assert isinstance(source, DebianSource)
        file = f"{name}-{source.sha256[:12]}.tar"
        if (ROOT / "cache/sources" / file).exists():
            return ROOT / "cache/sources" / file
        if not (folder / file).exists():
            fetch(source, folder / file)
        return folder / file

    return get


@pytest.fixture(scope="session")
def found(archive):
    return list(verdicts(labels("test"), archive))


def agreement(rows):
    """Return the share of rows to which both readers gave the same declaration."""
    return sum(len(row["readings"]) == 1 for row in rows) / len(rows)


def test_the_labelled_set_is_large_and_broad():
    rows = labels("test")
    assert len(rows) >= 200
    assert len({row["source"] for row in rows}) >= 5
    assert len({row["kind"] for row in rows}) >= 10
    assert len({row["id"] for row in rows}) == len(rows)
    tests = {(row["source"], row["path"], row["test_method"]) for row in rows}
    assert len(tests) == len(rows)
    assert agreement(rows) >= 0.95


def test_development_and_test_rows_share_no_project():
    sources = [{row["source"] for row in labels(name)} for name in ("development", "test")]
    assert not sources[0] & sources[1]


@pytest.mark.slow  # fetches and mines a package of Debian
def test_precision_and_recall_on_the_test_set(found):
    precision, recall = precision_recall(found)
    assert len(found) == len(labels("test"))
    assert precision >= 0.85, [v for v in found if v.outcome in ("wrong", "false")]
    assert recall >= 0.85, [v for v in found if v.outcome in ("wrong", "missed")]


@pytest.mark.slow
def test_a_wrong_answer_counts_against_the_miner(found):
    precision, recall = precision_recall(found)
    right = next(v for v in found if v.outcome == "right")
    spoilt = [type(v)(v.label, "wrong", v.found) if v is right else v for v in found]
    assert precision_recall(spoilt) < (precision, recall)
    assert precision_recall(spoilt)[1] < recall
