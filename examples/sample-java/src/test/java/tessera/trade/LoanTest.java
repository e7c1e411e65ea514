package tessera.trade;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.closeTo;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.lessThan;
import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNotEquals;
import static org.junit.Assert.assertNotSame;
import static org.junit.Assert.assertSame;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import org.junit.Before;
import org.junit.Test;

public class LoanTest {

    private static final double CENT = 0.005;

    private Loan free;
    private Loan bridge;
    private Loan car;

    @Before
    public void createLoans() {
        free = Loan.interestFree(1_200, 12);
        bridge = new Loan(1_000, 12, 1);
        car = new Loan(20_000, 6, 48);
    }

    @Test
    public void interestFreePaymentsAreEqualShares() {
        assertEquals(100, free.payment(), 0);
        assertEquals(1_200, free.totalPaid(), 0);
        assertEquals(0, free.totalInterest(), 0);
    }

    @Test
    public void oneMonthCostsOneMonthsInterest() {
        assertEquals(1_000 * 1.01, bridge.payment(), CENT);
        assertEquals(1_000 * 0.01, bridge.interestIn(1), CENT);
        assertEquals(1_000.0, bridge.repaymentIn(1), CENT);
    }

    @Test
    public void monthlyRateIsATwelfth() {
        assertEquals(0.01, bridge.monthlyRate(), 1e-15);
        assertEquals(0.06 / 12, car.monthlyRate(), 1e-15);
        assertEquals(0.0, free.monthlyRate(), 0.0);
    }

    @Test
    public void effectiveRateCompounds() {
        assertThat(bridge.effectivePercent(), closeTo((Math.pow(1.01, 12) - 1) * 100, 1e-9));
        assertThat(car.effectivePercent(), greaterThan(6.0));
        assertThat(car.effectivePercent(), lessThan(6.2));
        assertThat(free.effectivePercent(), closeTo(0, 1e-12));
    }

    @Test
    public void gettersReturnWhatWasGiven() {
        assertEquals(12, free.months());
        assertEquals(48, car.months());
        assertTrue(car.principal() == 20_000);
        assertTrue(free.principal() == 1_200);
    }

    @Test
    public void constructorChecksItsArguments() {
        assertThrows(IllegalArgumentException.class, () -> new Loan(0, 5, 12));
        assertThrows(IllegalArgumentException.class, () -> new Loan(1_000, -0.1, 12));
        assertThrows(IllegalArgumentException.class, () -> Loan.interestFree(1_000, 0));
        assertThrows(IllegalArgumentException.class, () -> Loan.interestFree(Double.NaN, 6));
    }

    @Test
    public void balanceFallsByThePayment() {
        assertEquals(1_200 - 3 * 100, free.balanceAfter(3), CENT);
        assertEquals(20_000 * 1.005 - car.payment(), car.balanceAfter(1), CENT);
        assertEquals(car.principal(), car.balanceAfter(0), 0.0);
        assertEquals(0.0, car.balanceAfter(48), 0.0);
    }

    @Test
    public void monthsOutsideTheTermAreRefused() {
        assertThrows(IndexOutOfBoundsException.class, () -> free.balanceAfter(13));
        assertThrows(IndexOutOfBoundsException.class, () -> free.balanceAfter(-1));
        var error = assertThrows(IndexOutOfBoundsException.class, () -> free.interestIn(0));
        assertEquals("no month 0 in 12", error.getMessage());
    }

    @Test
    public void interestFallsAndRepaymentRises() {
        assertEquals(20_000 * 0.005, car.interestIn(1), CENT);
        assertTrue(car.interestIn(2) < car.interestIn(1));
        assertTrue(car.repaymentIn(2) > car.repaymentIn(1));
        for (int month = 1; month <= car.months(); month++) {
            assertEquals(car.payment(), car.interestIn(month) + car.repaymentIn(month), CENT);
        }
    }

    @Test
    public void balancesStartAtThePrincipalAndEndAtZero() {
        assertArrayEquals(new double[] {300, 200, 100, 0}, Loan.interestFree(300, 3).balances(), CENT);
        assertArrayEquals(new double[] {1_000, 0}, bridge.balances(), CENT);
        assertEquals(car.months() + 1, car.balances().length);
        assertNotSame(car.balances(), car.balances());
    }

    @Test
    public void totalsAgreeWithTheParts() {
        double interest = 0;
        for (int month = 1; month <= car.months(); month++) {
            interest += car.interestIn(month);
        }
        assertEquals(interest, car.totalInterest(), CENT);
        assertEquals(car.principal() + interest, car.totalPaid(), CENT);
        assertEquals(1_010 - 1_000, bridge.totalInterest(), CENT);
    }

    @Test
    public void payingMoreShortensTheTerm() {
        assertEquals(12, free.monthsWhenPaying(100));
        assertEquals(6, free.monthsWhenPaying(200));
        assertEquals(2, free.monthsWhenPaying(1_199.99));
        assertThat(car.monthsWhenPaying(2 * car.payment()), lessThan(48 / 2));
        assertEquals(1, car.monthsWhenPaying(20_000 * 1.005));
    }

    @Test
    public void payingOnlyInterestNeverEnds() {
        assertEquals("interest alone", -1, bridge.monthsWhenPaying(10));
        assertEquals("less than interest", -1, bridge.monthsWhenPaying(5));
        assertNotEquals("a bit more", -1, bridge.monthsWhenPaying(10.01));
        assertEquals("nothing at all", -1, free.monthsWhenPaying(0));
    }

    @Test
    public void monthsUntilAShareIsLeft() {
        assertEquals(6, free.monthsUntilShare(0.5));
        assertEquals(0, free.monthsUntilShare(1));
        assertEquals(12, free.monthsUntilShare(0));
        assertTrue("interest delays it", car.monthsUntilShare(0.5) > car.months() / 2);
    }

    @Test
    public void refinancingContinuesWithTheBalance() {
        Loan rest = car.refinanced(24, 3);
        assertEquals(24, rest.months());
        assertEquals(car.balanceAfter(24), rest.principal(), 0);
        assertTrue("lower payment", rest.payment() < car.payment());
        assertEquals("same payment", car.payment(), car.refinanced(24, 6).payment(), CENT);
        assertSame(car, car.refinanced(0, 6));
    }

    @Test
    public void cheaperMeansLessInterest() {
        assertTrue(free.isCheaperThan(bridge));
        assertTrue(bridge.isCheaperThan(car));
        assertFalse(car.isCheaperThan(car));
        assertFalse(car.isCheaperThan(new Loan(20_000, 6, 36)));
    }

    @Test
    public void textTellsTheTerms() {
        assertEquals("1000.0 at 12.0% over 1 month", bridge.toString());
        assertEquals("20000.0 at 6.0% over 48 months", car.toString());
        assertEquals("1200.0 at 0.0% over 12 months", free.toString());
    }
}
