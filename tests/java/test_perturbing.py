from __future__ import annotations

import pytest

from kdlib.java.perturbing.plain import plain_check
from kdlib.java.perturbing.reads import reads
from kdlib.java.perturbing.variants import fails_by_itself, parsed, probe_file, reached, variants
from kdlib.java.syntax import parse, text

STOP = ' if (true) throw new Error("kdlib: the statement went on");'


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("assertEquals(1, x);", "x"),
        ("assertEquals(x, x + 1);", "x x"),
        ("assertEquals(next(), next());", "next() | next()"),
        ("assertEquals(Calc.clamp(x, 1), this.y);", "Calc.clamp(x, 1) | this.y | x"),
        ("assertEquals(a[i], b.c.d);", "a[i] | b.c.d | i"),
        ("assertThat(x).isEqualTo(y.z());", "y.z() | x"),
        ("assertThat(x, is(not(y)));", "x | y"),
        ("assertTrue(x instanceof Foo);", "x"),
        ("assertEquals(Foo.class, (Object) x);", "x"),
        ("x = y++;", ""),
        ("x.y += a[i];", "a[i] | i"),
        ("go();", ""),
        ("{ int x = f(); for (int i : list) g(i, Foo::bar); }", "list | f() | i"),
        ("list.forEach(v -> assertEquals(1, v));", "v"),
        ("assertEquals(new Foo(x), y);", "new Foo(x) | y | x"),
        ("assertNotNull(new Foo(x));", "x"),
        ("new Object() { void m() { assertEquals(1, x); } };", ""),
    ],
)
def test_values_that_are_read(statement, expected):
    found = [" ".join(map(text, read.places)) for read in reads(parsed(statement))]
    assert found == [part for part in expected.split(" | ") if part]


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("return;", []),
        ("assertTrue(x);", [f"assertTrue(kdlibprobe.Probe.other(x, {how}));{STOP}" for how in (0, 1, 2)]),
        ("assertTrue(x < 3);", [f"assertTrue((3) < 3);{STOP}"]),
        ("assertNotEquals(3, x);", [f"assertNotEquals(3, (3));{STOP}"]),
        ("assertThat(x).isNotEqualTo(f());", [f"assertThat((f())).isNotEqualTo(f());{STOP}"]),
        ("assertThrows(E.class, () -> f());", [f"assertThrows(E.class, () -> {{ }});{STOP}"]),
        ("assertThrows(E.class, calc::f);", [f"assertThrows(E.class, () -> {{ }});{STOP}"]),
        ("assertThrows(E.class, () -> { throw new E(); });", []),
        ("verify(mock).go();", [f"verify(mock, org.mockito.Mockito.times(987654321)).go();{STOP}"]),
        (
            "try { int z = f(); g(); fail(); } catch (E e) { }",
            [f"try {{ int z = (int) 0; ; fail(); }} catch (E e) {{ }}{STOP}"],
        ),
        ("softly.assertThat(x).isTrue();", ["softly.assertThat(kdlibprobe.Probe.other(x, 0)).isTrue();"]),
        (
            "{ f(x); return; }",
            [f"if (kdlibprobe.Probe.on()) {{ {{ f(kdlibprobe.Probe.other(x, 0)); return; }} }}{STOP}"],
        ),
        ("// told\nf(ä); // twice", [f"f(kdlibprobe.Probe.other(ä, 0));{STOP}"]),
    ],
)
def test_the_likeliest_variants_come_first(statement, expected):
    found = variants(parsed(statement))
    assert found[: len(expected)] == expected
    assert bool(found) == bool(expected)


def test_variants_are_valid_java_and_not_too_many():
    long = "assertAll(" + ", ".join(f"() -> assertEquals({at}, f{at}(x{at}))" for at in range(50)) + ");"
    for statement in (long, "for (int i = 0; i < n; i++) if (a[i] != b[i]) fail();", "assert x == 3 : y;"):
        found = [*variants(parsed(statement)), reached(parsed(statement))]
        assert 1 < len(found) <= 25
        for each in found:
            assert not parse(f"class C {{ void m() {{ {each} }} }}".encode()).root_node.has_error, each


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("if (x) assertTrue(y);", "if (x) { assertTrue(y);! }"),
        ("{ go(); assertTrue(y); }", "{ go(); { assertTrue(y);! } }"),
        ("for (A a : all) check(a);", "for (A a : all) { check(a);! }"),
        ("var e = assertThrows(E.class, f);", "var e = assertThrows(E.class, f);!"),
        ("assert x;", "{ assert x;! }"),
        ("int x = 1;", None),
    ],
)
def test_a_statement_that_fails_once_a_check_was_executed(statement, expected):
    found = reached(parsed(statement))
    fail = ' if (true) throw new AssertionError("kdlib: a check of the statement was executed");'
    assert found == (expected and expected.replace("!", fail) + STOP)


@pytest.mark.parametrize(
    ("statement", "is_plain"),
    [
        ("assertEquals(3, x.size());", True),
        ("assertEquals(x.size(), x.size());", False),
        ("assertEquals(3, x + 1);", False),
        ("assertEquals(1.0, x, 0.001);", True),
        ("assertEquals(1.0, x, 100.0);", False),
        ("assertEquals(1.0, x, EPSILON);", True),
        ("assertEquals(1.0, x, y);", False),
        ('assertEquals("told", 1.0, (double) x.y(), EPSILON);', True),
        ('assertEquals("told", 3, x);', True),
        ('assertEquals(3, x, "told");', True),
        ("assertTrue(x.isEmpty());", True),
        ("assertTrue(!x);", True),
        ("assertTrue(x == 3);", True),
        ("assertTrue(x || true);", False),
        ("assertTrue(x > 3);", False),
        ("assertNull(x);", True),
        ("assertNotNull(x);", False),
        ("assertThat(x).isEqualTo(3);", True),
        ("assertThat(x).isEqualTo(f(x));", True),
        ("assertThat(x);", False),
        ("assertThat(x, is(3));", True),
        ("assertThat(x, is(greaterThan(3)));", False),
        ("assertThrows(E.class, () -> f());", True),
        ("assertThrows(E.class, () -> { throw new E(); });", False),
        ("if (x) assertTrue(y);", False),
        ("go(x);", False),
    ],
)
def test_checks_that_could_fail_by_contract(statement, is_plain):
    assert (plain_check(parsed(statement)) is not None) == is_plain


def test_what_says_where_it_fails_need_not_come_there():
    for statement in ("if (x) fail();", "if (x) throw new AssertionError();"):
        assert fails_by_itself(parsed(statement))
    assert not fails_by_itself(parsed("if (x) assertTrue(y);"))


def test_the_probe_lies_in_its_package():
    assert probe_file().name == "kdlibprobe/Probe"
    assert b"package kdlibprobe;" in probe_file().content
