"""Faults on purpose: which one a row gets, and what predictions say of it, in real tests."""

from __future__ import annotations

import shutil
from collections import Counter
from types import SimpleNamespace

import pytest

from kdlib.config import Execution
from kdlib.evaluation.execution.faults import choose, described
from kdlib.evaluation.execution.runnable import MutatedFile
from kdlib.execution.mutants import Mutant
from kdlib.java.compiler import SourceFile
from kdlib.results.measurements import Fault
from tests.evaluation.execution.real import MAIN, TEST, judged

FOCAL = "public static int twice(int x) { return x * 2; }"
PROJECT = {
    MAIN: f"package app;\n\npublic class Calc {{\n    {FOCAL}\n}}\n",
    TEST: """package app;

import static org.junit.Assert.*;

import java.util.*;
import org.junit.Test;

public class CalcTest {
    @Test
    public void doubles() {
        int x = Calc.twice(7);
        assertEquals(14, x);
    }

    @Test
    public void isPositive() {
        int x = Calc.twice(7);
        assertTrue(x > 0);
    }
}
""",
}
SEED = 4  # the only mutant that it draws of the method is ``x / 2``
OWN = {"doubles": "assertEquals(14, x);", "isPositive": "assertTrue(x > 0);"}
# What each says of the fault, where 7 / 2 is 3.
SAID = {
    "assertEquals(14, x);": "exposed",
    "assertTrue(x % 7 == 0);": "exposed",
    "assertEquals(1, 14 / x);": "exposed",
    "assertTrue(x > 0);": "blessed",
    "assertNotEquals(5, x);": "blessed",
    "assertEquals(3, x);": "blessed",
    "if (x == 14) throw new IllegalStateException();": "blessed",
    "assertEquals(5, x);": "false_alarm",
    "fail();": "false_alarm",
    # It fails in one of the two JVMs, whatever the code does.
    'assertEquals(x + "en", x + Locale.getDefault().getLanguage());': "false_alarm",
    "assertEquals(x, x);": "silent",
    "assertNotNull(x);": "silent",
    "assertEquals(y, x);": "none",
    "": "none",
    'assertEquals(x, Integer.parseInt("x"));': "none",
}


@pytest.fixture(scope="module")
def execution(tmp_path_factory, jars):
    """Return what became of all statements, each a model of its own, on the fault ``x / 2``."""
    said = {text: [text] * len(OWN) for text in SAID}
    # A method with one mutant has it to be scored.
    settings = Execution(timeout_s=20, mutants=1, seed=SEED)
    return judged(tmp_path_factory.mktemp("faults"), jars, PROJECT, FOCAL, OWN, said, settings)


real = [pytest.mark.slow, pytest.mark.skipif(shutil.which("javac") is None, reason="no JDK")]


class TestInRealTests:
    pytestmark = real

    def test_the_fault_is_a_mutant_that_the_own_assertion_kills(self, execution):
        assert execution.faults == {"doubles": Fault(MAIN, "arithmetic", 4, "/")}
        # The other row has the same mutant, but its own assertion passes on it.
        assert execution.reference["isPositive"].score.mutants == 1
        assert execution.reference["isPositive"].score.killed == 0

    def test_the_own_assertion_exposes_its_fault(self, execution):
        assert execution.reference["doubles"].fault == "exposed"

    @pytest.mark.parametrize("text", SAID)
    def test_what_a_prediction_says_of_the_fault(self, execution, text):
        found = execution.models[text]["doubles"]
        assert found.fault == SAID[text], found

    def test_a_row_without_a_fault_has_no_answers(self, execution):
        assert {own["isPositive"].fault for own in execution.models.values()} == {None}
        assert execution.reference["isPositive"].fault is None


def a_row(*halves):
    """Return a row of which only its mutants are looked at, one in each line."""
    mutants = [
        MutatedFile(SourceFile("Calc", b""), Mutant("arithmetic", at + 1, at, at + 1, b"-", half))
        for at, half in enumerate(halves)
    ]
    where = SimpleNamespace(focal_start_byte=0, focal_path="Calc.java")
    return SimpleNamespace(mutants=mutants, where=where)


def test_only_scored_mutants_that_the_own_assertion_kills_are_faults():
    rows = {"a": a_row("rank", "score", "score", "score"), "b": a_row("rank", "score"), "c": a_row("score")}
    own = {"a": {0: False, 1: True, 2: False}, "b": {0: False, 1: True}, "c": {}}
    for seed in range(20):
        assert choose(rows, own, seed) == {"a": 2}
    assert described(rows["a"], 2) == Fault("Calc.java", "arithmetic", 3, "-")


def test_seed_and_row_alone_choose_among_the_killed():
    rows = {f"r{number}": a_row(*["score"] * 4) for number in range(200)}
    own = {key: dict.fromkeys(range(4), False) for key in rows}
    first = choose(rows, own, 1)
    assert first == choose(dict(reversed(rows.items())), dict(reversed(own.items())), 1)
    assert first != choose(rows, own, 2)
    # Any of them may be it; at random, fewer than 25 of 200 is less likely than 1 in 1000.
    assert min(Counter(first.values())[at] for at in range(4)) >= 25
    # A row's fault does not depend on the other rows, nor on mutants that are not killed.
    one = {"r7": own["r7"] | {(first["r7"] + 1) % 4: True}}
    assert choose(rows, one, 1) == {"r7": first["r7"]}
