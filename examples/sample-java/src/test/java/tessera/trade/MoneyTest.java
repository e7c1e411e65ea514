package tessera.trade;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNotEquals;
import static org.junit.Assert.assertSame;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.List;
import org.junit.Test;

public class MoneyTest {

    private static Money eur(String amount) {
        return Money.of(amount, "EUR");
    }

    @Test
    public void decimalAmountsBecomeMinorUnits() {
        assertEquals(1250, eur("12.50").minorUnits());
        assertEquals(-5, eur("-0.05").minorUnits());
        assertEquals(700, Money.of("700", "JPY").minorUnits());
        assertEquals(1500, Money.of("1.5", "KWD").minorUnits());
    }

    @Test
    public void tooManyDecimalsAreRefused() {
        assertThrows(ArithmeticException.class, () -> Money.of("1.005", "EUR"));
        assertThrows(ArithmeticException.class, () -> Money.of("0.5", "JPY"));
        assertThrows(NumberFormatException.class, () -> eur("ten"));
    }

    @Test
    public void amountHasTheDecimalsOfTheCurrency() {
        Money coffee = Money.ofMinor(275, "USD");
        Money train = Money.ofMinor(320, "JPY");
        assertEquals(new BigDecimal("2.75"), coffee.amount());
        assertEquals(new BigDecimal("320"), train.amount());
        assertEquals(2, coffee.amount().scale());
        assertEquals(0, train.amount().scale());
    }

    @Test
    public void plusAndMinusKeepTheCurrency() {
        Money price = eur("19.99");
        Money shipping = eur("4.01");
        assertEquals(eur("24.00"), price.plus(shipping));
        assertEquals(eur("15.98"), price.minus(shipping));
        assertEquals("EUR", price.plus(shipping).currencyCode());
        assertEquals("EUR", shipping.minus(price).currencyCode());
    }

    @Test
    public void differentCurrenciesDoNotMix() {
        Money euros = eur("1.00");
        Money dollars = Money.of("1.00", "USD");
        assertThrows(IllegalArgumentException.class, () -> euros.plus(dollars));
        assertThrows(IllegalArgumentException.class, () -> euros.minus(dollars));
        assertThrows(IllegalArgumentException.class, () -> dollars.compareTo(euros));
        assertNotEquals(euros, dollars);
    }

    @Test
    public void wholeMultiples() {
        Money unit = Money.of("3.35", "USD");
        assertEquals(Money.of("10.05", "USD"), unit.times(3));
        assertEquals(Money.of("-6.70", "USD"), unit.times(-2));
        assertEquals(Money.zero("USD"), unit.times(0));
    }

    @Test
    public void decimalMultiplesAreRounded() {
        Money net = eur("10.05");
        assertEquals(eur("1.01"), net.times("0.1", RoundingMode.HALF_UP));
        assertEquals(eur("1.00"), net.times("0.1", RoundingMode.DOWN));
        assertEquals(eur("1.00"), net.times("0.1", RoundingMode.HALF_EVEN));
        assertEquals(eur("20.10"), net.times("2", RoundingMode.UNNECESSARY));
    }

    @Test
    public void overflowIsAnError() {
        Money most = Money.ofMinor(Long.MAX_VALUE, "CHF");
        assertThrows(ArithmeticException.class, () -> most.times(2));
        assertThrows(ArithmeticException.class, () -> most.plus(Money.ofMinor(1, "CHF")));
    }

    @Test
    public void negationAndAbsoluteValue() {
        Money debt = Money.ofMinor(-4200, "GBP");
        assertEquals(4200, debt.negated().minorUnits());
        assertEquals(4200, debt.abs().minorUnits());
        assertEquals(debt, debt.negated().negated());
        Money credit = debt.negated();
        assertSame(credit, credit.abs());
    }

    @Test
    public void signTests() {
        assertTrue(eur("0.00").isZero());
        assertTrue(eur("-0.01").isNegative());
        assertFalse(eur("0.01").isZero());
        assertFalse(eur("0.01").isNegative());
        assertTrue(eur("5.00").minus(eur("5.00")).isZero());
    }

    @Test
    public void allocateSpreadsLeftoversFromTheFront() {
        Money bill = eur("10.00");
        Money[] thirds = bill.allocate(1, 1, 1);
        assertArrayEquals(new Money[] {eur("3.34"), eur("3.33"), eur("3.33")}, thirds);
        assertArrayEquals(new Money[] {eur("7.00"), eur("3.00")}, bill.allocate(70, 30));
        assertArrayEquals(new Money[] {eur("0.00"), eur("10.00")}, bill.allocate(0, 1));
    }

    @Test
    public void allocateLosesNothing() {
        Money debt = Money.ofMinor(-101, "EUR");
        for (int parts = 1; parts < 6; parts++) {
            Money[] shares = debt.allocate(new int[] {parts, 1, 2});
            assertEquals(debt, Money.sum(List.of(shares), "EUR"));
        }
        assertEquals(-51, debt.allocate(1, 1)[0].minorUnits());
        assertEquals(-50, debt.allocate(1, 1)[1].minorUnits());
    }

    @Test
    public void allocateNeedsUsableWeights() {
        Money gift = eur("8.00");
        assertThrows(IllegalArgumentException.class, () -> gift.allocate(0, 0));
        assertThrows(IllegalArgumentException.class, () -> gift.allocate(3, -1));
        assertThrows("no weights at all", IllegalArgumentException.class, gift::allocate);
    }

    @Test
    public void orderFollowsTheAmount() {
        assertTrue(eur("2.00").compareTo(eur("10.00")) < 0);
        assertTrue(eur("2.00").compareTo(eur("-10.00")) > 0);
        assertEquals(0, eur("2.00").compareTo(Money.ofMinor(200, "EUR")));
    }

    @Test
    public void textRoundTrip() {
        assertEquals("EUR 0.05", eur("0.05").toString());
        assertEquals("JPY 1200", Money.ofMinor(1200, "JPY").toString());
        assertEquals(eur("-3.10"), Money.parse("EUR -3.10"));
        assertEquals(eur("7.00"), Money.parse("  EUR   7 "));
        assertThrows(IllegalArgumentException.class, () -> Money.parse("12.50"));
    }
}
