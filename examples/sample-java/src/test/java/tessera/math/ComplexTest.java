package tessera.math;

import static org.junit.Assert.*;

import org.junit.Test;

public class ComplexTest {

    private static final double EPS = 1e-12;

    private final Complex z = new Complex(3, 4);
    private final Complex w = new Complex(1, -2);

    @Test
    public void realHasNoImaginaryPart() {
        Complex five = Complex.real(5);
        assertEquals(5, five.re(), 0);
        assertEquals(0, five.im(), 0);
        assertTrue(five.isReal());
        assertFalse(z.isReal());
    }

    @Test
    public void polarUsesRadiusAndAngle() {
        Complex c = Complex.polar(2, Math.PI / 2);
        assertEquals(0, c.re(), EPS);
        assertEquals(2, c.im(), EPS);
        assertTrue(Complex.polar(1, Math.PI).isClose(Complex.real(-1), EPS));
        assertTrue(Complex.polar(0, 3).isClose(Complex.ZERO, EPS));
    }

    @Test(expected = IllegalArgumentException.class)
    public void polarRejectsNegativeRadius() {
        Complex.polar(-1, 0);
        fail("no exception");
    }

    @Test
    public void plusAndMinusWorkPartByPart() {
        assertEquals(new Complex(4, 2), z.plus(w));
        assertEquals(new Complex(2, 6), z.minus(w));
        assertEquals(z, z.plus(Complex.ZERO));
        assertEquals(Complex.ZERO, w.minus(w));
    }

    @Test
    public void timesFollowsTheDistributiveLaw() {
        assertEquals(new Complex(3 * 1 + 4 * 2, 3 * -2 + 4 * 1), z.times(w));
        assertEquals(Complex.real(-1), Complex.I.times(Complex.I));
        assertEquals(new Complex(-4, 3), z.times(Complex.I));
        assertEquals(w.times(z), z.times(w));
    }

    @Test
    public void scaleStretchesBothParts() {
        assertEquals(new Complex(6, 8), z.scale(2));
        assertEquals(new Complex(-1.5, -2), z.scale(-0.5));
        assertEquals(w.plus(w), w.scale(2));
    }

    @Test
    public void dividedByUndoesTimes() {
        Complex quotient = z.times(w).dividedBy(w);
        assertEquals(z.re(), quotient.re(), EPS);
        assertEquals(z.im(), quotient.im(), EPS);
        assertEquals(new Complex(0, -1), Complex.ONE.dividedBy(Complex.I));
        assertEquals(new Complex(-1, 2), z.dividedBy(w));
    }

    @Test
    public void divisionByZeroFails() {
        ArithmeticException e = assertThrows(ArithmeticException.class, () -> z.dividedBy(Complex.ZERO));
        assertEquals("division by zero", e.getMessage());
    }

    @Test
    public void conjugateMirrorsTheImaginaryPart() {
        assertEquals(new Complex(3, -4), z.conjugate());
        assertEquals(z, z.conjugate().conjugate());
        assertEquals(Complex.ONE, Complex.ONE.conjugate());
        assertTrue(z.times(z.conjugate()).isReal());
    }

    @Test
    public void absIsTheDistanceFromZero() {
        assertEquals(5.0, z.abs(), EPS);
        assertEquals(Math.sqrt(5), w.abs(), EPS);
        assertEquals(25.0, z.normSquared(), EPS);
        assertEquals(z.abs() * w.abs(), z.times(w).abs(), EPS);
    }

    @Test
    public void angleRunsFromMinusPiToPi() {
        assertEquals(0.0, Complex.ONE.angle(), EPS);
        assertEquals(Math.PI / 2, Complex.I.angle(), EPS);
        assertEquals(Math.PI, Complex.real(-3).angle(), EPS);
        assertEquals(-Math.PI / 4, new Complex(2, -2).angle(), EPS);
    }

    @Test
    public void powRepeatsTheProduct() {
        assertEquals(Complex.ONE, z.pow(0));
        assertEquals(z.times(z), z.pow(2));
        assertEquals(Complex.ONE, Complex.I.pow(4));
        assertEquals(new Complex(-11, -2), new Complex(1, 2).pow(3));
        assertThrows(IllegalArgumentException.class, () -> z.pow(-1));
    }

    @Test
    public void sqrtHasANonNegativeRealPart() {
        assertTrue(z.sqrt().isClose(new Complex(2, 1), EPS));
        assertTrue(Complex.real(-9).sqrt().isClose(new Complex(0, 3), EPS));
        assertTrue(new Complex(3, -4).sqrt().isClose(new Complex(2, -1), EPS));
        assertTrue(w.sqrt().re() >= 0);
    }

    @Test
    public void nanInEitherPart() {
        assertTrue(new Complex(Double.NaN, 0).isNaN());
        assertTrue(new Complex(0, Double.NaN).isNaN());
        assertFalse(new Complex(0, 0).isNaN());
    }

    @Test
    public void isCloseComparesTheDistance() {
        Complex near = new Complex(3.5, 4);
        assertTrue(z.isClose(near, 0.5));
        assertFalse(z.isClose(near, 0.4));
        assertFalse("far away", z.isClose(w, 6.3));
    }

    @Test
    public void toStringShowsTheSign() {
        assertEquals("3.0 + 4.0i", z.toString());
        assertEquals("1.0 - 2.0i", w.toString());
        assertEquals("1.0", "" + Complex.ONE);
        assertNotEquals(z.toString(), z.conjugate().toString());
    }
}
