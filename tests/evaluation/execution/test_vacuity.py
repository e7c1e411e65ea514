"""Statements of many shapes in real tests: which of them could have failed."""

from __future__ import annotations

import shutil

import pytest

from kdlib.config import Execution
from tests.evaluation.execution.real import MAIN, TEST, judged

pytestmark = [pytest.mark.slow, pytest.mark.skipif(shutil.which("javac") is None, reason="no JDK")]
FOCAL = """public static int clamp(int x, int low, int high) {
        if (low > high) {
            throw new IllegalArgumentException("low > high");
        }
        return x < low ? low : x > high ? high : x;
    }"""
PROJECT = {
    MAIN: f"package app;\n\npublic class Calc {{\n    {FOCAL}\n}}\n",
    TEST: """package app;

import static org.hamcrest.CoreMatchers.*;
import static org.junit.Assert.*;

import java.util.*;
import org.junit.Test;
import org.junit.rules.ErrorCollector;

public class CalcTest {
    static int calls;
    static final double EPSILON = 0.001;
    @org.junit.Rule public final ErrorCollector errors = new ErrorCollector();

    static int next() {
        return calls++ / 2;
    }

    static void assertFive(int value) {
        assertEquals(5, value);
    }

    static void assertNothing(int value) {}

    static void look(int value) {}

    @Test
    public void clamps() {
        int x = Calc.clamp(7, 1, 5);
        int y = 5;
        boolean c = x == 5;
        double d = x;
        String s = "five";
        Integer boxed = null;
        int[] row = {x, y};
        List<Integer> list = new ArrayList<>(Arrays.asList(x));
        List<Integer> none = new ArrayList<>();
        assertEquals(5, Calc.clamp(7, 1, 5));
        assertTrue(list.contains(5));
    }

    @Test
    public void ends() {
        int x = Calc.clamp(7, 1, 5);
        assertEquals(5, x);
    }

    @Test(expected = IllegalArgumentException.class)
    public void refuses() {
        assertEquals(5, Calc.clamp(7, 9, 5));
        Calc.clamp(7, 9, 5);
    }

    @Test
    public void tries() {
        int x = Calc.clamp(7, 1, 5);
        try {
            assertEquals(5, x);
        } catch (IllegalStateException e) {
            fail();
        }
    }

    @Test
    public void catches() {
        try {
            assertEquals(4, Calc.clamp(7, 1, 5));
        } catch (AssertionError e) {
            // It is noticed nowhere.
        }
    }

    @Test
    public void keeps() {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> Calc.clamp(7, 9, 5));
        assertEquals("low > high", e.getMessage());
    }
}
""",
}
VACUOUS = [
    "{ }",
    "int unused = 0;",
    "if (false) assertEquals(6, Calc.clamp(7, 1, 5));",
    "try { assertEquals(6, 5); } catch (Throwable t) { }",
    "try { assertEquals(6, x); } catch (Throwable t) { }",
    "assertTrue(Calc.clamp(7, 1, 5) == 6 || true);",
    "assertTrue(c || true);",
    "System.out.println(1);",
    "System.out.println(x);",
    "assertTrue(true);",
    "assertEquals(x, x);",
    "assertTrue(x == x);",
    'assertNotNull("" + x);',
    "assertNotNull(Calc.clamp(7, 1, 5));",
    "assertNotNull(x);",
    "Runnable later = () -> assertEquals(6, x);",
    "if (x == 4) assertEquals(6, y);",
    "for (int each : none) assertEquals(6, each);",
    "none.forEach(each -> assertEquals(6, (int) each));",
    "while (y < 0) { assertEquals(6, y); }",
    "assertNothing(x);",
    "look(x);",
    # What fails is a later assertion.
    "list.set(0, x);",
    "list.add(x); ",
    "Calc.clamp(7, 1, 5);",
    "try { Calc.clamp(7, 9, 5); } catch (IllegalArgumentException e) { }",
    "try { Calc.clamp(7, 9, 5); fail(); } catch (Throwable t) { }",
    "assertThrows(IllegalStateException.class, () -> { throw new IllegalStateException(); });",
    "new Object() { void never() { assertEquals(6, x); } };",
    "assertEquals(5, 5);",
    "for (long i = 0; i < 400000000L; i++) { calls += i; }",
]
COULD_FAIL = [
    "assertEquals(5, Calc.clamp(7, 1, 5));",
    "assertEquals(5, x);",
    "assertEquals(y, x);",
    'assertEquals("five it is", 5, x);',
    "assertEquals(5.0, d, EPSILON);",
    "assertEquals(next(), next());",
    "assertNotEquals(4, x);",
    "assertTrue(c);",
    "assertFalse(!c);",
    'assertTrue("told", x == y);',
    "assertTrue(x > 4);",
    "assertTrue(x >= 5);",
    "assertTrue(4 < x && x < 6);",
    "assertTrue(x < 1000000);",
    "assertFalse(x == 4);",
    "assertFalse(list.contains(4));",
    "assertNull(boxed);",
    "assertTrue(boxed == null);",
    "assertNotNull(list);",
    "assertNotNull(s);",
    "assertSame(list, list.subList(0, 0).isEmpty() ? list : none);",
    "assertThat(x, is(5));",
    'assertThat(s, is(not("four")));',
    "assertArrayEquals(new int[] {5, 5}, row);",
    "assertEquals(Arrays.asList(5), list);",
    "assertEquals(new HashSet<>(list), new HashSet<>(Arrays.asList(5)));",
    "assert x == 5;",
    "assertFive(x);",
    "for (int each : list) assertEquals(5, each);",
    "list.forEach(each -> assertEquals(5, (int) each));",
    "if (x == 5) { assertEquals(5, y); }",
    "if (x != 5) { fail(); }",
    "if (x != 5) throw new AssertionError();",
    "{ int z = x + 1; assertEquals(6, z); }",
    "try { Calc.clamp(7, 9, 5); fail(); } catch (IllegalArgumentException e) { }",
    "try { int z = Calc.clamp(7, 9, 5); fail(); } catch (IllegalArgumentException e) { }",
    "assertThrows(IllegalArgumentException.class, () -> Calc.clamp(7, 9, 5));",
    "assertThrows(IllegalArgumentException.class, () -> { int z = Calc.clamp(7, 9, 5); });",
    "var thrown = assertThrows(IllegalArgumentException.class, () -> Calc.clamp(7, 9, 5));",
    "errors.checkThat(x, is(5));",
    "org.junit.Assert.assertEquals(5, x);",
    'assertEquals("5", "" + x);',
    'assertTrue(s.startsWith("fi"));',
    "assertEquals(x, y, 0);",
    "synchronized (list) { assertEquals(5, x); }",
    "switch (x) { case 5: assertEquals(5, y); break; default: }",
]
KEPT = "IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> Calc.clamp(7, 9, 5));"
# Method: its assertion, and candidates with whether they are valid.
OTHERS = {
    "ends": (
        "assertEquals(5, x);",
        {"return;": False, "if (x == 5) return;": False, "{ assertEquals(5, x); return; }": True},
    ),
    "refuses": (
        "assertEquals(5, Calc.clamp(7, 9, 5));",
        {
            "assertEquals(5, Calc.clamp(7, 9, 5));": False,
            "assertEquals(5, Calc.clamp(7, 1, 5));": True,
            "assertTrue(Calc.clamp(7, 1, 5) > 4);": True,
        },
    ),
    "tries": (
        "assertEquals(5, x);",
        {"assertEquals(5, x);": True, 'if (x == 5) throw new IllegalStateException("x");': None},
    ),
    "keeps": (
        KEPT,
        {KEPT: True, 'IllegalArgumentException e = new IllegalArgumentException("low > high");': False},
    ),
}


@pytest.fixture(scope="module")
def execution(tmp_path_factory, jars):
    """Return execution.json of all candidates, each a model of its own."""
    sites = {
        "clamps": ("assertEquals(5, Calc.clamp(7, 1, 5));", [*VACUOUS, *COULD_FAIL]),
        "catches": ("assertEquals(4, Calc.clamp(7, 1, 5));", []),
        **{name: (own, list(texts)) for name, (own, texts) in OTHERS.items()},
    }
    most = max(len(texts) for _, texts in sites.values())
    said = {
        f"m{at}": [texts[at] if at < len(texts) else "" for _, texts in sites.values()] for at in range(most)
    }
    own = {name: text for name, (text, _) in sites.items()}
    folder = tmp_path_factory.mktemp("vacuity")
    return judged(folder, jars, PROJECT, FOCAL, own, said, Execution(timeout_s=20)).as_json()


def outcome(execution, site, at):
    return execution["models"][f"m{at}"][site]


@pytest.mark.parametrize("at", range(len(VACUOUS)), ids=VACUOUS)
def test_what_could_not_fail_is_vacuous(execution, at):
    found = outcome(execution, "clamps", at)
    assert found["status"] == "passed", found
    assert found["vacuous"], VACUOUS[at]
    assert (found["rank"], found["score"]) == ({"killed": 0, "mutants": 0},) * 2


@pytest.mark.parametrize("at", range(len(COULD_FAIL)), ids=COULD_FAIL)
def test_what_could_fail_is_valid(execution, at):
    found = outcome(execution, "clamps", len(VACUOUS) + at)
    assert (found["status"], found["vacuous"]) == ("passed", None), found


@pytest.mark.parametrize("site", OTHERS)
def test_where_a_test_expects_or_catches_exceptions(execution, site):
    for at, (text, valid) in enumerate(OTHERS[site][1].items()):
        found = outcome(execution, site, at)
        if valid is None:
            assert found["status"] == "failed", text
        else:
            assert found["status"] == "passed", (text, found)
            assert (found["vacuous"] is None) == valid, (text, found)


def test_a_row_where_no_failure_is_noticed_cannot_be_run(execution):
    assert execution["not_executable"] == [
        {"id": "catches", "reason": "what fails in place of its assertion is not noticed"}
    ]
    assert execution["reference"].keys() == {"clamps", *OTHERS}


def test_references_are_judged_as_well(execution):
    assert execution["reference"]["refuses"]["vacuous"]
    assert execution["reference"]["clamps"]["vacuous"] is None
    # The others are noticed by its later assertion.
    assert execution["reference"]["clamps"]["score"]["killed"] == 0
    assert execution["reference"]["ends"]["score"]["killed"] > 0
