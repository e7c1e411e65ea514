from __future__ import annotations

import pytest

from kdlib.java.surroundings import vacuous_within
from kdlib.java.syntax import captures, parse

CANNOT_FAIL = [
    "if (false) { HERE }",
    "if (c) { } else if (c || true) { } else HERE",
    "try { HERE } catch (Throwable t) { }",
    "try { run(); HERE fail(); } catch (AssertionError | Exception e) { e.printStackTrace(); }",
    "try { for (int i : is) { HERE } } catch (Error e) { /* expected */ }",
    "run(() -> { try { HERE } catch (Throwable t) { } });",
    "Runnable r = () -> { HERE };",
    "Runnable r = new Runnable() { public void run() { HERE } };",
    "class Local { void check() { HERE } } run();",
]
MAY_FAIL = [
    "HERE",
    "if (true) { HERE }",
    "if (false) { } else { HERE }",
    "try { HERE } catch (Exception e) { }",
    "try { run(); } catch (Throwable t) { HERE }",
    "try { run(); } catch (Throwable t) { } finally { HERE }",
    "try { HERE } catch (Throwable t) { throw t; }",
    "try { HERE } catch (Throwable t) { return; } fail();",
    "try { HERE } catch (Throwable t) { assertNotNull(t); }",
    # Whether the assertion failed is noticed later.
    "try { HERE passed = true; } catch (Throwable t) { } assertTrue(passed);",
    "try { HERE done.countDown(); } catch (Throwable t) { } done.await();",
    "try { for (int i : is) { HERE n++; } } catch (Throwable t) { } assertEquals(3, n);",
    "try { HERE return; } catch (AssertionError e) { } fail();",
    "try { HERE } catch (Throwable t) { seen = t; } assertNull(seen);",
    "run(() -> { HERE });",
    "try { run(() -> { HERE }); } catch (Throwable t) { }",
    "Runnable r = () -> { HERE }; r.run();",
    "Runnable r = new Runnable() { public void run() { HERE } }; start(r);",
    "Base b = new Base() { void called() { HERE } };",
    "this.check = () -> { HERE };",
    "class Local { void check() { HERE } } new Local().check();",
    "for (int i : is) { HERE }",
]


def judged(body: str, assertion: str = "assertEquals(1, f());") -> str | None:
    content = f"class T {{ @Test public void t() throws Throwable {{ {body.replace('HERE', assertion)} }} }}"
    root = parse(content.encode()).root_node
    assert not root.has_error
    (method,) = captures(root, '((method_declaration name: (identifier) @n) @m (#eq? @n "t"))')["m"]
    statements = captures(root, "(expression_statement) @s")["s"]
    return vacuous_within(next(s for s in statements if s.text == assertion.encode()), method.start_byte)


@pytest.mark.parametrize("body", CANNOT_FAIL)
def test_an_assertion_that_its_test_never_hears_of_cannot_fail(body):
    assert judged(body)


@pytest.mark.parametrize("body", MAY_FAIL)
def test_an_assertion_that_its_test_may_hear_of_may_fail(body):
    assert judged(body) is None


def test_an_assertion_that_cannot_fail_by_itself_cannot_anywhere():
    assert judged("run(() -> { HERE });", "assertTrue(true);") == "its condition is the constant true"
