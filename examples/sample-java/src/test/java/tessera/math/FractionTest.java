package tessera.math;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNotEquals;
import static org.junit.Assert.assertSame;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import org.junit.Test;

public class FractionTest {

    private final Fraction half = new Fraction(1, 2);
    private final Fraction third = new Fraction(1, 3);
    private final Fraction sixth = new Fraction(1, 6);

    @Test
    public void isReducedToLowestTerms() {
        Fraction f = new Fraction(6, 8);
        assertEquals(3L, f.numerator());
        assertEquals(4L, f.denominator());
        assertEquals(half, new Fraction(50, 100));
        assertEquals(third, new Fraction(7, 21));
    }

    @Test
    public void signMovesToTheNumerator() {
        Fraction f = new Fraction(3, -5);
        assertEquals(-3, f.numerator());
        assertEquals(5, f.denominator());
        assertEquals(half, new Fraction(-2, -4));
    }

    @Test
    public void zeroDenominatorIsRejected() {
        assertThrows(ArithmeticException.class, () -> new Fraction(1, 0));
        assertThrows(ArithmeticException.class, () -> Fraction.parse("3/0"));
        assertThrows(ArithmeticException.class, Fraction.ZERO::reciprocal);
    }

    @Test
    public void ofSharesZeroAndOne() {
        assertSame(Fraction.ZERO, Fraction.of(0));
        assertSame(Fraction.ONE, Fraction.of(1));
        assertEquals(new Fraction(7, 1), Fraction.of(7));
    }

    @Test
    public void parseReadsWholeNumbersAndQuotients() {
        assertEquals(half, Fraction.parse("1/2"));
        assertEquals(sixth, Fraction.parse(" 2 / 12 "));
        assertEquals(new Fraction(-4, 1), Fraction.parse("-4"));
        assertEquals(new Fraction(-4, 9), Fraction.parse("4/-9"));
    }

    @Test
    public void parseRejectsOtherText() {
        assertThrows(NumberFormatException.class, () -> Fraction.parse("one"));
        assertThrows(NumberFormatException.class, () -> Fraction.parse("1/2/3"));
    }

    @Test
    public void plusFindsACommonDenominator() {
        assertEquals(half, third.plus(sixth));
        assertEquals(new Fraction(5, 6), half.plus(third));
        assertEquals(new Fraction(2, 3), half.plus(sixth));
        assertEquals(Fraction.ONE, half.plus(half));
        assertEquals(Fraction.ONE, half.plus(third).plus(sixth));
    }

    @Test
    public void minusMayTurnNegative() {
        assertEquals(sixth, half.minus(third));
        assertEquals(new Fraction(-1, 6), third.minus(half));
        assertEquals(Fraction.ZERO, sixth.minus(sixth));
    }

    @Test
    public void timesAndDividedBy() {
        assertEquals(sixth, half.times(third));
        assertEquals(new Fraction(3, 2), half.dividedBy(third));
        assertEquals(third, sixth.dividedBy(half));
        assertEquals(half, half.times(third).dividedBy(third));
        assertThrows(ArithmeticException.class, () -> half.dividedBy(Fraction.ZERO));
    }

    @Test
    public void overflowIsReported() {
        Fraction huge = Fraction.of(Long.MAX_VALUE);
        assertThrows(ArithmeticException.class, () -> huge.plus(Fraction.ONE));
        assertThrows(ArithmeticException.class, () -> huge.times(huge));
    }

    @Test
    public void absKeepsPositiveInstances() {
        assertSame(half, half.abs());
        assertEquals(half, half.negate().abs());
        assertEquals(new Fraction(2, 7), new Fraction(-2, 7).abs());
    }

    @Test
    public void powAcceptsNegativeExponents() {
        Fraction f = new Fraction(2, 3);
        assertEquals(new Fraction(8, 27), f.pow(3));
        assertEquals(new Fraction(9, 4), f.pow(-2));
        assertEquals(Fraction.ONE, f.pow(0));
        assertThrows(ArithmeticException.class, () -> Fraction.ZERO.pow(-1));
    }

    @Test
    public void floorAndCeilRoundInTheirDirection() {
        Fraction f = new Fraction(7, 2);
        assertEquals(3, f.floor());
        assertEquals(4, f.ceil());
        assertEquals(-4, f.negate().floor());
        assertEquals(-3, f.negate().ceil());
        assertEquals(Fraction.of(5).floor(), Fraction.of(5).ceil());
    }

    @Test
    public void isIntegerAndSignum() {
        assertTrue(new Fraction(8, 4).isInteger());
        assertFalse(new Fraction(8, 3).isInteger());
        assertEquals(-1, new Fraction(-8, 3).signum());
        assertEquals(1, new Fraction(8, 3).signum());
    }

    @Test
    public void compareToOrdersByValue() {
        assertTrue(third.compareTo(half) < 0);
        assertTrue(half.compareTo(sixth) > 0);
        assertEquals(0, half.compareTo(new Fraction(2, 4)));
    }

    @Test
    public void equalFractionsHaveEqualHashCodes() {
        assertEquals(half.hashCode(), new Fraction(3, 6).hashCode());
        assertNotEquals(half, third);
        assertNotEquals(half, half.toDouble());
    }

    @Test
    public void toDoubleAndToString() {
        assertEquals(0.75, new Fraction(3, 4).toDouble(), 0.0);
        assertEquals(-2.5, new Fraction(-5, 2).toDouble(), 0.0);
        assertEquals("-5/2", new Fraction(-5, 2).toString());
        assertEquals("12", Fraction.of(12).toString());
    }
}
