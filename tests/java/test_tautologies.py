from __future__ import annotations

import pytest

from kdlib.java.tautologies import tautology

REASONS = {
    "assertTrue(true);": "its condition is the constant true",
    'Assert.assertTrue("why", true);': "its condition is the constant true",
    "assertTrue(x == (x));": "its condition is always true",
    "assertFalse(false);": "its condition is the constant false",
    "assertFalse(a.b < a.b);": "its condition is always false",
    "assertEquals(x, x);": "both sides are x",
    "assertEquals(x, /* the same */ x);": "both sides are x",
    'assertEquals("why", x, x);': "both sides are x",
    "assertEquals(1.0, 1.0, 0.1);": "both sides are 1.0",
    "assertEquals(true, c || true);": "both sides are always true",
    "assertSame(this.list, this . list);": "both sides are this.list",
    "assertNotNull(new Object());": "new Object() is never null",
    'assertNotNull("why", new int[2]);': "new int[2] is never null",
    'assertNotNull("text");': '"text" is never null',
    "assertNull(null);": "null is null",
    "assertNotEquals(1, 2);": "1 and 2 are constants",
    "assertNotSame(new A(), a);": "new A() is a new object",
    "assertThat(x, is(x));": "both sides are x",
    'assertThat("why", x, is(equalTo(x)));': "both sides are x",
    "assertThat(x).isEqualTo(x);": "both sides are x",
    "assertThat(true).isTrue();": "its condition is the constant true",
    "assertThat(x);": "it checks nothing",
    "assertDoesNotThrow(() -> { });": "it runs nothing",
    'assertInstanceOf(Object.class, "" + x);': '"" + x is always of type Object',
    "if (false) assertTrue(x);": "its condition is always false",
    "try { assertTrue(x); } catch (Throwable t) { }": "its failure is caught and dropped",
    "Runnable r = () -> assertTrue(x);": "what it declares is not run",
    "return;": "it checks nothing",
}
CANNOT_FAIL = {
    "no check": """
        return;
        { }
        ;
        int x = 0;
        x++;
        System.out.println(1);
        class A { void m() { } }
    """,
    "constant condition": """
        if (false) assertEquals(6, f(7));
        if (!true) { assertTrue(x); }
        if (c && false) assertTrue(x);
        if (true) { } else assertTrue(x);
        if (c) assertTrue(true); else { }
        assert true;
    """,
    "failure swallowed": """
        try { assertEquals(6, 5); } catch (Throwable t) { }
        try { assertEquals(6, f()); } catch (AssertionError e) { e.printStackTrace(); }
        try { assertTrue(x); fail(); } catch (Exception | Error e) { /* expected */ }
        try (A a = b()) { assertTrue(x); } catch (java.lang.Throwable t) { return; }
        try { run(); fail(); } catch (Throwable t) { } finally { }
    """,
    "declared and not run": """
        Runnable r = () -> { assertEquals(1, f()); };
        class A { void m() { assertTrue(f()); } }
        Runnable r = new Runnable() { public void run() { assertTrue(f()); } };
        Thread t = new Thread(() -> assertTrue(f()));
    """,
    "folded": """
        assertTrue(Calc.clamp(7, 1, 5) == 6 || true);
        assertFalse(c && false);
        assertTrue(() -> true);
        assertTrue(!(c && !true));
        assertTrue((c) || !c);
        assertTrue("why", a | (b || true));
        assertThat(c || true).isTrue();
        assertThat(c || true, is(true));
        assertThat("m", c || true);
        assertTrue(c ? true : !false);
        assertTrue(Boolean.TRUE);
        assertFalse(1 == 2);
    """,
    "never null": """
        assertNotNull("" + x);
        assertNotNull(x == 3);
        assertNotNull((Object) 5);
        assertNotNull(-x);
        assertNotNull(Integer.valueOf(n));
        assertNotNull(c ? "a" : "b");
        assertNotNull("m", x > 1);
        assertThat("" + x).isNotNull();
        assertThat(new A(), is(notNullValue()));
        assertNotNull(this);
        assertThat(1, not(nullValue()));
        assertNotNull("" + x, () -> "m");
    """,
    "dangling": """
        assertThat(x == 3);
        assertThat(x).as("m");
        assertWithMessage("m").that(x);
        assertAll();
        Assertions.assertThat(x == 3).describedAs("m");
        softly.assertThat(x);
        assertThatNoException();
        assertThatExceptionOfType(E.class);
        Throwable t = catchThrowable(() -> f());
    """,
    "equal sides": """
        assertTrue(x.equals(x));
        assertTrue(Objects.equals(x, x));
        assertFalse(x != x);
        assertEquals("a", "a");
        assertEquals(x, x, "why");
        assertThat(c || true).isEqualTo(true);
        assertThat(x).as("m").isSameAs(x);
        assertEquals(x, x, () -> "m");
        assertSame(1, (1));
    """,
    "different sides": """
        assertNotEquals("a", "b");
        assertNotEquals(null, 1);
        assertNotSame(new A(), new A());
    """,
    "type": """
        assertInstanceOf(Object.class, 1);
        assertInstanceOf(A.class, new A());
        assertThat(new A()).isInstanceOf(Object.class);
        assertThat(new A<>(), instanceOf(A.class));
    """,
    "run inside": """
        assertDoesNotThrow(() -> { int x = 0; });
        assertThatCode(() -> { }).doesNotThrowAnyException();
        assertAll("m", () -> assertTrue(true), () -> { assertEquals(x, x); });
    """,
    "several": """
        { assertTrue(true); assertEquals(1, 1); }
        for (int x : xs) { assertTrue(true); }
        synchronized (this) { return; }
        here: { }
    """,
}
# The nearest siblings, by the same kinds.
MAY_FAIL = {
    "no check": """
        check(x);
        int x = f();
        new Foo();
        list.size();
        throw new Error();
        fail();
        assert x;
        int x = 1 / 0;
        int x = a[3];
        while (true) { }
        System.out.println(check(x));
        foo.assertTrue(true);
        switch (x) { default: }
    """,
    "constant condition": """
        if (true) assertTrue(x);
        if (false) { } else assertTrue(x);
        if (c) assertTrue(x);
        if (check(x) && false) { }
        if (c) { } else assertTrue(x);
    """,
    "failure swallowed": """
        try { assertEquals(6, 5); } catch (Exception e) { }
        try { assertTrue(x); } finally { }
        try { assertEquals(6, 5); } catch (Throwable t) { throw t; }
        try { assertEquals(6, 5); } catch (Throwable t) { fail(); }
        try { assertEquals(6, 5); } catch (Throwable t) { failed = true; }
        try { assertEquals(6, 5); } catch (AssertionError e) { handle(e); }
        try { run(); } catch (AssertionError e) { }
        try { run(); fail(); } catch (MyError e) { }
        try { assertTrue(true); } finally { assertTrue(x); }
    """,
    "declared and not run": """
        Runnable r = make(() -> assertTrue(f()));
        run(() -> assertTrue(f()));
        Object o = new Base() { void m() { assertTrue(x); } };
        Object o = new Object() { { assertTrue(x); } };
        { Runnable r = () -> fail(); r.run(); }
    """,
    "folded": """
        assertTrue(c || false);
        assertTrue(c && true);
        assertFalse(c || true);
        assertTrue(c | d);
        assertTrue(!true);
        assertTrue(c || !d);
        assertTrue(f() || !f());
        assertFalse(true);
        assertTrue(c ? true : d);
        assertThat("m", x == 3);
        assertTrue("true", x);
    """,
    "never null": """
        assertNotNull(x);
        assertNotNull(make());
        assertNotNull("why", x);
        assertNotNull(x, "why");
        assertNotNull((String) x);
        assertNotNull(f("" + x));
        assertNotNull(c ? a : null);
        assertNull(null, "m");
        assertThat(x, notNullValue());
        assertNotNull(x, new String("m"));
    """,
    "dangling": """
        assertThat(x == 3).isTrue();
        assertWithMessage("m").that(x).isNull();
        softly.assertAll();
        assertThatThrownBy(() -> f());
        assertThatNoException().isThrownBy(() -> f());
        catchThrowableOfType(() -> f(), E.class);
        assertThat(x).extracting("a");
        assertThat(x, y);
    """,
    "equal sides": """
        assertEquals(x, y);
        assertEquals(next(), next());
        assertEquals(i++, i++);
        assertTrue(x != x);
        assertEquals(new Date(), new Date());
        assertEquals(x, 0.0, 0.0);
        assertEquals("a", x, y);
        assertEquals(name, name, value);
        assertTrue(next().equals(next()));
        assertEquals(3, 4);
        assertThat(x, is(y));
        assertThat(x).isEqualTo(x).isPositive();
        assertThat(x).isEqualTo(y);
        assertTrue(x.equals(y));
        assertEquals(x, x.self());
        assertThat(x, is(not(x)));
        assertAbout(foos()).that(x).isEqualTo(x);
    """,
    "different sides": r"""
        assertNotSame(x, x);
        assertNotEquals(1, 1);
        assertNotEquals(10, 0xA);
        assertNotEquals(1, 1L);
        assertNotEquals("a", "\u0061");
        assertNotSame(new A(), A.last);
    """,
    "type": """
        assertInstanceOf(Object.class, x);
        assertThat(x).isInstanceOf(Object.class);
        assertInstanceOf(A.class, new B());
        assertThat(x, instanceOf(Object.class));
    """,
    "run inside": """
        assertThrows(E.class, () -> run());
        assertDoesNotThrow(() -> run());
        assertAll(this::check);
        assertDoesNotThrow(() -> a.b);
        assertAll(() -> assertTrue(true), () -> assertTrue(x));
        assertThatCode(() -> { }).hasMessage(x);
        assertNotNull("" + assertThrows(E.class, () -> run()));
    """,
    "several": """
        { assertTrue(true); assertTrue(x); }
        for (int x : xs) assertTrue(x > 0);
        for (int x : f()) { }
        assertTrue(true); assertTrue(x);
        assertTrue(
    """,
}


def each(kinds):
    return [line.strip() for text in kinds.values() for line in text.splitlines() if line.strip()]


@pytest.mark.parametrize(("statement", "reason"), REASONS.items())
def test_what_cannot_fail_is_told_with_its_reason(statement, reason):
    assert tautology(statement) == reason


@pytest.mark.parametrize("statement", each(CANNOT_FAIL))
def test_every_kind_of_statement_that_cannot_fail_is_seen(statement):
    assert tautology(statement)


@pytest.mark.parametrize("statement", each(MAY_FAIL))
def test_what_may_fail_is_none(statement):
    assert tautology(statement) is None


def test_no_statement_is_none():
    assert [tautology(text) for text in ("", "/* nothing */", "assertTrue(true); assertTrue(true);")] == [
        None
    ] * 3


def test_strange_texts_are_none():
    deep = "assertTrue(" + "(" * 5000 + "true" + ")" * 5000 + ");"
    strange = ("\ud83d", "((" * 5000, "x" * 10_000, "\x00", "{" * 3000 + "}" * 3000)
    assert [tautology(text) for text in strange] == [None] * 5
    assert tautology(deep) == "its condition is the constant true"
    assert tautology("assertTrue(" + "!" * 5000 + "true);") is None
