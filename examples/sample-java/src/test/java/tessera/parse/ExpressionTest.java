package tessera.parse;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNotEquals;
import static org.junit.Assert.assertSame;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import java.util.Map;
import java.util.Set;
import org.junit.Test;

public class ExpressionTest {
    private static final double EPS = 1e-9;

    private static double eval(String text) {
        return Expression.parse(text).evaluate();
    }

    private static String simple(String text) {
        return Expression.parse(text).simplify().toString();
    }

    @Test
    public void precedence() {
        assertEquals(7, eval("1 + 2 * 3"), EPS);
        assertEquals(9, eval("(1 + 2) * 3"), EPS);
        assertEquals(18, eval("2 * 3 ^ 2"), EPS);
    }

    @Test
    public void associativity() {
        assertEquals(10 - 4 - 3, eval("10 - 4 - 3"), EPS);
        assertEquals(24.0 / 4 / 2, eval("24 / 4 / 2"), EPS);
        assertEquals(Math.pow(2, 9), eval("2 ^ 3 ^ 2"), EPS);
    }

    @Test
    public void signs() {
        assertEquals(-4, eval("-4"), EPS);
        assertEquals(5, eval("3 - -2"), EPS);
        assertEquals(-9, eval("-3 ^ 2"), EPS);
        assertEquals(0.25, eval("2 ^ -2"), EPS);
    }

    @Test
    public void specialResults() {
        assertTrue(Double.isInfinite(eval("1 / 0")));
        assertTrue(Double.isNaN(eval("0 / 0")));
        assertEquals(Double.NEGATIVE_INFINITY, eval("-1 / 0"), 0);
    }

    @Test
    public void evaluateWithVariables() {
        Expression area = Expression.parse("width * height / 2");
        assertEquals(6.0, area.evaluate(Map.of("width", 3.0, "height", 4.0)), EPS);
        assertEquals(0.0, area.evaluate(Map.of("width", 0.0, "height", 4.0)), EPS);
        assertEquals(0.5, area.evaluate(Map.of("width", 1.0, "height", 1.0, "unused", 9.0)), EPS);
        assertThrows(IllegalArgumentException.class, () -> area.evaluate(Map.of("width", 1.0)));
    }

    @Test
    public void applyOperators() {
        assertEquals(5.0, Expression.apply('+', 2, 3), 0.0);
        assertEquals(-1.0, Expression.apply('-', 2, 3), 0.0);
        assertEquals(8.0, Expression.apply('^', 2, 3), 0.0);
        assertThrows(IllegalArgumentException.class, () -> Expression.apply('%', 2, 3));
    }

    @Test
    public void variables() {
        assertEquals(Set.of("a", "b"), Expression.parse("b * (a - b)").variables());
        assertEquals(Set.of("x1"), Expression.parse("x1 ^ 2 + 3").variables());
        assertEquals(Set.of(), Expression.number(8).variables());
    }

    @Test
    public void constants() {
        assertTrue(Expression.parse("2 * (3 + 4)").isConstant());
        assertTrue(Expression.number(1.5).isConstant());
        assertFalse(Expression.parse("2 * (3 + t)").isConstant());
        assertFalse(Expression.variable("t").isConstant());
    }

    @Test
    public void measures() {
        Expression e = Expression.parse("a + b * (c - 1)");
        assertEquals(7, e.size());
        assertEquals(4, e.depth());
        assertEquals("a leaf", 1, Expression.variable("a").depth());
        assertEquals("a leaf", 1, Expression.number(12).size());
    }

    @Test
    public void text() {
        assertEquals("(1 + (x * 2))", Expression.parse("1+x*2").toString());
        assertEquals("((1 + x) * 2)", Expression.parse("(1+x)*2").toString());
        assertEquals("(0 - y)", Expression.parse("-y").toString());
        assertEquals("0.5", Expression.parse(".5").toString());
        assertEquals("3", Expression.number(3.0).toString());
    }

    @Test
    public void substitute() {
        Expression square = Expression.parse("x * x + y");
        Expression two = Expression.number(2);
        assertEquals(Expression.parse("2 * 2 + y"), square.substitute("x", two));
        assertEquals(Expression.parse("x * x + (y + 1)"), square.substitute("y", Expression.parse("y + 1")));
        assertEquals(square, square.substitute("z", two));
        assertSame(two, two.substitute("x", square));
        assertSame(square, Expression.variable("q").substitute("q", square));
    }

    @Test
    public void simplify() {
        assertEquals("x", simple("x * 1 + 0"));
        assertEquals("x", simple("0 + 1 * x"));
        assertEquals("(x * 6)", simple("x * (2 + 4)"));
        assertEquals("42", simple("6 * 7"));
        assertEquals("(1 / x)", simple("1 / x"));
    }

    @Test
    public void equality() {
        assertEquals(Expression.parse("a+b"), Expression.parse(" ( a + b ) "));
        assertNotEquals(Expression.parse("a + b"), Expression.parse("b + a"));
        assertEquals(new Expression.Var("k"), Expression.parse("k"));
        assertEquals(new Expression.Num(10), Expression.parse("10."));
    }

    @Test
    public void syntaxErrors() {
        String[] inputs = {"", "1 +", "(2", "2)", "* 3", "1 2", "3x", "1..2", "a $ b"};
        for (String input : inputs) {
            assertThrows(input, IllegalArgumentException.class, () -> Expression.parse(input));
        }
        Exception e = assertThrows(IllegalArgumentException.class, () -> Expression.parse("(1 + 2"));
        assertTrue(e.getMessage().startsWith("expected ')'"));
    }
}
