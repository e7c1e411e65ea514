"""Java files that nobody writes: they end in time, without a crash, and everything is accounted for."""

from __future__ import annotations

import pytest

from kdlib.records import MARKER, normalise_whitespace
from tests.corpus.conftest import MONEY
from tests.corpus.mining.checks import time_limit

SECONDS = 20.0  # of processor time; the slowest takes 1
DEEP = 100_000
MAIN, TEST = "src/main/java/shop/Money.java", "src/test/java/shop/MoneyTest.java"
OVERLOADED = MONEY.replace("/** The sum. */", "public Money plus(long cents) { return this; }")


def a_test(body="", members="", imports=""):
    return f"""package shop;
import org.junit.*;
import static org.junit.Assert.*;
{imports}
public class MoneyTest {{
    Money m;
    {members}
    @Test public void t() {{
        {body}
    }}
}}
"""


@pytest.fixture
def account(mine):
    """Mine files within the time limit; returns (assertions, examples), and asserts that all are counted."""

    def run(files):
        with time_limit(SECONDS, "mining"):
            examples, report = mine({MAIN: MONEY, **files}, max_file_bytes=5_000_000)
        left_out = report["unresolved"] + sum(report["filtered"].values())
        assert report["assertions"] == len(examples) + left_out
        assert report["skipped"] == []
        for example in examples:
            assert example.masked_test.count(MARKER) == 1
        return report["assertions"], len(examples)

    return run


@pytest.mark.slow
@pytest.mark.parametrize(
    "statement",
    {
        "parentheses": "assertNull(m.plus(" + "(" * DEEP + "m" + ")" * DEEP + "));",
        "calls in calls": "assertNull(" + "m.plus(" * DEEP + "m" + ")" * DEEP + ");",
        "chained calls": "assertNull(m" + ".plus(m)" * DEEP + ");",
        "chained assertion": "assertThat(m)" + ".isNotNull()" * DEEP + ".isEqualTo(m.plus(m));",
        "strings joined": "assertNull(m" + ' + "a"' * DEEP + " + m.plus(m));",
        "joined to the right": "assertNull(m.plus(m) + " + "m + (" * DEEP + "m" + ")" * DEEP + ");",
        "generics": "List<" * DEEP + "Money" + ">" * DEEP + " x = null; assertNull(m.plus(x.get(0)));",
        "conditions": "assertNull(m.plus(m) == null ? m : " + "m == null ? m : " * DEEP + "m);",
        "lambdas": "assertAll(m.plus(m), " + "() -> " * DEEP + "m);",
        "casts": "assertNull(m.plus(" + "(Money) " * DEEP + "m));",
        "not": "assertTrue(m.plus(" + "!" * DEEP + "m));",
        "assignments": "assertNull(m.plus(m" + " = m" * DEEP + "));",
        "dimensions": "Money" + "[]" * DEEP + " x = null; assertNull(m.plus(x" + "[0]" * DEEP + "));",
        "initialisers": "Object x = " + "{" * DEEP + "}" * DEEP + "; assertNull(m.plus(x));",
        "fields": "assertNull(m.plus(x" + ".y" * DEEP + "));",
        "else-if": "if (a) { m.f(); } " + "else if (a) { m.f(); } " * DEEP + "assertNull(m.plus(m));",
        "types": "assertNull(m.plus(" + "new A() { A a = " * DEEP + "m" + "; }" * DEEP + "));",
        "annotations": "@A(" * DEEP + "1" + ")" * DEEP + " Money x = null; assertNull(m.plus(x));",
        "annotations of one": "@A " * DEEP + " Money x = null; assertNull(m.plus(x));",
        "assertions": "assertAll(m.plus(m), " + "() -> assertAll(" * DEEP + "m" + ")" * DEEP + ");",
        "long names": f"Money {'x' * DEEP} = m; assertNull(m.plus({'x' * DEEP}));",
        "a long string": f'assertNull(m.plus("{"x" * 900_000}"));',
        "a long text block": 'assertNull(m.plus("""\n' + "x y\n" * 200_000 + '"""));',
        "a long comment": "/*" + " *\n" * 300_000 + "*/ assertNull(m.plus(m));",
        "blanks": " " * 900_000 + "assertNull(m.plus(m));",
        "blank lines": "\r\n" * 400_000 + "assertNull(m.plus(m));",
        "variables": "".join(f"Money x{n + 1} = x{n}.plus(m);\n" for n in range(9000)) + "assertNull(x9);",
        "calls after": "f(() -> {" + "m.plus(m);" * 20_000 + "}" + ", m.f()" * 20_000 + "); assertTrue(m);",
    }.items(),
    ids=lambda case: case[0],
)  # fmt: skip
def test_depth_and_size(account, statement):
    assert account({TEST: a_test(statement[1])}) == (1, 1)


@pytest.mark.parametrize(
    "nested",
    [
        "if (a) { @ } ",
        "for (;;) { @ }",
        "try { @ } finally { }",
        "switch (a) { default: @ }",
        "f(() -> { @ });",
        "new A() { void f() { @ } }.f();",
        "{ @ }",
    ],
)
def test_assertions_below_deep_statements(account, nested):
    before, _, after = nested.partition("@")
    deep = before * 10_000 + "assertNull(m.plus(m));" + after * 10_000
    assert account({TEST: a_test(deep)}) == (1, 1)


@pytest.mark.parametrize("call", ["m.plus(@)", "plus(@)", "unknown.plus(@)", "new Money(@)"])
def test_overloads_of_deep_arguments(account, call):
    before, _, after = call.partition("@")
    statement = "assertNull(" + before * DEEP + "m" + after * DEEP + ");"
    test = a_test(statement, imports="import static shop.Money.*;")
    assert account({MAIN: OVERLOADED, TEST: test}) == (1, 1)


def test_more_levels_than_tree_sitter_counts(account):
    blocks = "assertNull(m.plus(m));" + "{" * DEEP + "assertNull(m.plus(m));" + "}" * DEEP
    assert account({TEST: a_test(blocks)}) == (1, 1)


@pytest.mark.slow
def test_ten_thousand_methods_tests_and_overloads(account):
    methods = (f"Money f{n}() {{ return this; }} Money of(X{n} x) {{ return x; }}" for n in range(10_000))
    tests = " ".join(f"@Test public void t{n}() {{ assertNull(m.f{n}()); }}" for n in range(10_000))
    files = {
        MAIN: MONEY.replace("/** The sum. */", " ".join(methods)),
        TEST: a_test("assertNull(Money.of(m));" * 20, members=tests),
    }
    assert account(files) == (10_020, 10_020)


def test_a_test_of_ten_thousand_assertions_is_left_out_and_counted(mine):
    """Ten thousand times its own size would be some gigabytes."""
    one, many = (a_test("\n".join(["assertNull(m.plus(m));"] * count)) for count in (300, 10_000))
    many = many.replace("MoneyTest", "OtherTest")
    with time_limit(SECONDS, "mining"):
        examples, report = mine({MAIN: MONEY, TEST: one, "src/test/java/shop/OtherTest.java": many})
    assert {example.occurrences[0].path for example in examples} == {TEST}
    assert (len(examples), report["assertions"]) == (300, 10_300)
    assert report["filtered"] == {"too many assertions": 10_000}


def test_helpers_that_call_each_other(account):
    calls = " ".join(f"h{other}();" for other in range(60))
    helpers = " ".join(f"Money h{n}() {{ {calls} return m; }}" for n in range(60))
    assert account({TEST: a_test("assertNull(h0().plus(m)); assertNull(h0());", helpers)}) == (2, 2)


def test_types_inside_types(account):
    deep = "class A {" * 100_000 + "}" * 100_000
    tests = [f"class A{n} {{ @Test public void x() {{ assertNull(m.plus(m)); }}" for n in range(1000)]
    nested = a_test(members="".join(tests) + "}" * 1000)
    assert account({"A.java": deep, TEST: nested}) == (50, 50)


def test_inheritance_in_circles_and_crowds(account):
    circle = "\n".join(f"class A{n} extends A{(n + 1) % 2000} {{ }}" for n in range(2000))
    above = ", ".join(f"B{n}" for n in range(1, 2000))
    crowd = f"class B0 implements {above} {{ int f() {{ return 1; }} }}\n"
    crowd += "\n".join(f"interface B{n} extends B{n - 1} {{ }}" for n in range(1, 2000))
    test = """import org.junit.*;
class BTest extends A0 {
    B0 b;
    @Test public void t() { Assert.assertEquals(1, b.f()); Assert.assertNull(f()); }
}"""
    assert account({"A.java": circle, "B.java": crowd, "BTest.java": test}) == (2, 2)


def test_names_that_lead_back_to_themselves(account):
    own = "package A.A; class A extends A { A A; class A extends A { class A { A A(A A) { return A; } } } }"
    test = """package A.A; import org.junit.*; import A.A.A; import static A.A.*;
class ATest extends ATest { A A;
    @Test public void t() {
        var x = x; var y = z.A(y); var z = y.A(z);
        for (var q : q) { Assert.assertNull(q.A(q)); }
        Assert.assertNull(x.A(y));
        Assert.assertNull(A.A.A(A));
    }
    class ATest extends ATest { @Test public void t() { Assert.assertNull(A.A(A)); } } }"""
    assert account({"A.java": own, "ATest.java": test})[0] == 4


def test_a_name_of_a_hundred_thousand_words(account):
    test = a_test("assertNull(m.plus(m));").replace("MoneyTest", "Ab" * 100_000 + "Test")
    assert account({TEST: test}) == (1, 1)


def test_the_marker_in_the_source(mine):
    members = f"""
    @Test public void a() {{ {MARKER}
        assertNull(m.plus(m)); }}
    @Test public void b() {{ assertNull(m.plus("{MARKER}")); assertNull(m.plus(m)); }}
    @Test public void c() {{ assertNull(m.noted()); }}
    {MARKER}
    @Test public void d() {{ assertNull(m.plus(m)); }}"""
    main = MONEY.replace("/** The sum. */", f"Money noted() {{ {MARKER}\n return this; }}")
    examples, report = mine({MAIN: main, TEST: a_test(members=members)})
    assert [example.occurrences[0].test_method for example in examples] == ["d"]
    assert report["filtered"] == {"holds the marker": 4}


def test_encodings(mine):
    """A byte-order mark and line ends do not show; a zero byte and escaped syntax are refused and told."""
    body = "// note\n        assertNull(m.plus(m)); // more\n        assertNull(Money.of(1));"
    plain = a_test(body).encode()
    variants = {
        "plain": plain,
        "bom": b"\xef\xbb\xbf" + plain,
        "crlf": plain.replace(b"\n", b"\r\n"),
        "cr": plain.replace(b"// note", b"").replace(b"// more", b"").replace(b"\n", b"\r"),
    }
    files = {f"src/test/java/{name}/MoneyTest.java": content for name, content in variants.items()}
    refused = {"zero": plain.replace(b"note", b"note\n\0"), "escaped": plain.replace(b"{", b"\\u007b")}
    files |= {f"src/test/java/{name}/MoneyTest.java": content for name, content in refused.items()}
    examples, report = mine({MAIN: MONEY, **files})
    texts = {}
    for example in examples:
        (where,) = example.occurrences
        content = files[where.path][where.start_byte : where.end_byte].decode()
        assert normalise_whitespace(content) == example.references[0]
        texts.setdefault(where.path.split("/")[3], []).append((example.id, example.masked_test))
    assert len(texts["plain"]) == 2
    assert texts["plain"] == texts["bom"] == texts["crlf"]
    assert [masked.count(MARKER) for _, masked in texts["cr"]] == [1, 1]
    assert {item["path"].split("/")[3] for item in report["skipped"]} == {"zero", "escaped"}
