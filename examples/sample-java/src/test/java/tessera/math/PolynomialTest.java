package tessera.math;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNotEquals;
import static org.junit.Assert.assertSame;
import static org.junit.Assert.assertTrue;

import org.junit.Test;

public class PolynomialTest {

    private static Polynomial p(long... coefficients) {
        return new Polynomial(coefficients);
    }

    @Test
    public void toStringStartsWithTheHighestPower() {
        assertEquals("3x^2 + 2x + 1", p(1, 2, 3).toString());
        assertEquals("x^3 - x", p(0, -1, 0, 1).toString());
        assertEquals("-x + 5", p(5, -1).toString());
        assertEquals("-7", p(-7).toString());
        assertEquals("0", Polynomial.ZERO.toString());
    }

    @Test
    public void trailingZerosAreDropped() {
        assertEquals(p(1, 2), p(1, 2, 0, 0));
        assertEquals(Polynomial.ZERO, p(0, 0, 0));
        assertArrayEquals(new long[] {4}, p(4, 0).toArray());
    }

    @Test
    public void degreeIsTheHighestExponent() {
        assertEquals(2, p(1, 2, 3).degree());
        assertEquals(0, p(9).degree());
        assertEquals(-1, p().degree());
        assertEquals(6, Polynomial.term(2, 6).degree());
    }

    @Test
    public void coefficientBeyondTheDegreeIsZero() {
        Polynomial q = p(4, 0, -3);
        assertEquals(4L, q.coefficient(0));
        assertEquals(-3L, q.coefficient(2));
        assertEquals(0L, q.coefficient(17));
        assertEquals(q.leading(), q.coefficient(q.degree()));
    }

    @Test
    public void leadingCoefficient() {
        assertEquals(8, p(1, 8).leading());
        assertEquals(-5, Polynomial.term(-5, 3).leading());
        assertEquals(0, Polynomial.ZERO.leading());
    }

    @Test
    public void termHasOneCoefficient() {
        Polynomial cube = Polynomial.term(1, 3);
        assertArrayEquals(new long[] {0, 0, 0, 1}, cube.toArray());
        assertEquals("x^3", cube.toString());
        assertTrue(Polynomial.term(0, 4).isZero());
        assertFalse(Polynomial.term(4, 0).isZero());
    }

    @Test
    public void atEvaluates() {
        Polynomial q = p(1, 2, 3);
        assertEquals(1, q.at(0));
        assertEquals(1 + 2 + 3, q.at(1));
        assertEquals(1 + 2 * 10 + 3 * 100, q.at(10));
        assertEquals(1 - 2 + 3, q.at(-1));
    }

    @Test
    public void withRootsVanishesExactlyThere() {
        Polynomial q = Polynomial.withRoots(2, -3);
        assertEquals("x^2 + x - 6", q.toString());
        assertTrue(q.hasRoot(2));
        assertTrue(q.hasRoot(-3));
        assertFalse(q.hasRoot(3));
        for (long x = 3; x < 10; x++) {
            assertNotEquals("at " + x, 0, q.at(x));
        }
    }

    @Test
    public void withoutRootsItIsOne() {
        Polynomial one = Polynomial.withRoots();
        assertEquals(p(1), one);
        assertEquals(1, one.at(1234));
    }

    @Test
    public void plusAddsCoefficients() {
        assertEquals(p(5, 7, 3), p(1, 2, 3).plus(p(4, 5)));
        assertEquals(p(5, 7, 3), p(4, 5).plus(p(1, 2, 3)));
        assertEquals(p(1, 2), p(1, 2).plus(Polynomial.ZERO));
        assertTrue(p(1, 2).plus(p(-1, -2)).isZero());
    }

    @Test
    public void minusMayLowerTheDegree() {
        Polynomial q = p(1, 2, 3);
        assertEquals(p(1, 2), q.minus(p(0, 0, 3)));
        assertEquals(0, q.minus(p(0, 2, 3)).degree());
        assertEquals(Polynomial.ZERO, q.minus(q));
    }

    @Test
    public void scaleMultipliesEachCoefficient() {
        assertArrayEquals(new long[] {2, -4, 6}, p(1, -2, 3).scale(2).toArray());
        assertArrayEquals(new long[] {-1, 2, -3}, p(1, -2, 3).scale(-1).toArray());
        assertEquals(-1, p(1, -2, 3).scale(0).degree());
    }

    @Test
    public void timesMultipliesOut() {
        assertEquals(p(1, 2, 1), p(1, 1).times(p(1, 1)));
        assertEquals(p(-1, 0, 1), p(1, 1).times(p(-1, 1)));
        assertEquals("x^5", Polynomial.term(1, 2).times(Polynomial.term(1, 3)).toString());
        assertSame(Polynomial.ZERO, p(1, 1).times(p()));
    }

    @Test
    public void derivativeLowersEachExponent() {
        Polynomial q = p(5, 4, 3, 2);
        assertEquals("6x^2 + 6x + 4", q.derivative().toString());
        assertEquals("12x + 6", q.derivative().derivative().toString());
        assertTrue(p(42).derivative().isZero());
        assertEquals(Polynomial.term(10, 9), Polynomial.term(1, 10).derivative());
    }

    @Test
    public void composeInsertsOnePolynomialIntoTheOther() {
        Polynomial square = p(0, 0, 1);
        Polynomial next = p(1, 1);
        assertEquals("x^2 + 2x + 1", square.compose(next).toString());
        assertEquals("x^2 + 1", next.compose(square).toString());
        assertEquals(next.at(square.at(6)), next.compose(square).at(6));
    }

    @Test
    public void equalPolynomials() {
        assertEquals(p(3, 1).hashCode(), p(3, 1, 0).hashCode());
        assertNotEquals(p(3, 1), p(1, 3));
        assertNotEquals(p(), null);
    }
}
