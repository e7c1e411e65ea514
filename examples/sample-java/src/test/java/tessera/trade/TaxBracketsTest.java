package tessera.trade;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNotEquals;
import static org.junit.Assert.assertNotSame;
import static org.junit.Assert.assertSame;
import static org.junit.Assert.assertTrue;
import static org.junit.Assert.fail;

import org.junit.Test;

public class TaxBracketsTest {

    private static final double DELTA = 1e-6;

    /** 0 % up to 10 000, 20 % up to 50 000, 40 % above. */
    private final TaxBrackets scale = TaxBrackets.withAllowance(10_000, 0.2).above(50_000, 0.4);

    private final TaxBrackets flat = TaxBrackets.flat(0.25);

    @Test
    public void flatTaxIsProportional() {
        assertEquals(25, flat.taxOn(100), DELTA);
        assertEquals(0.25, flat.taxOn(1), DELTA);
        assertEquals(0, flat.taxOn(0), DELTA);
    }

    @Test
    public void lossesAreNotTaxed() {
        assertEquals(0, flat.taxOn(-500), 0);
        assertEquals(-500, flat.netOf(-500), 0);
        assertEquals(0, scale.effectiveRate(-1), 0);
    }

    @Test
    public void eachSliceHasItsOwnRate() {
        assertEquals(0, scale.taxOn(10_000), DELTA);
        assertEquals(0.2 * 5_000, scale.taxOn(15_000), DELTA);
        assertEquals(0.2 * 40_000, scale.taxOn(50_000), DELTA);
        assertEquals(0.2 * 40_000 + 0.4 * 10_000, scale.taxOn(60_000), DELTA);
    }

    @Test
    public void slicesAddUpToTheIncome() {
        assertArrayEquals(new double[] {10_000, 40_000, 10_000}, scale.slices(60_000), DELTA);
        assertArrayEquals(new double[] {10_000, 2_000, 0}, scale.slices(12_000), DELTA);
        assertArrayEquals(new double[] {0, 0, 0}, scale.slices(0), DELTA);
        assertArrayEquals("single slice", new double[] {77}, flat.slices(77), DELTA);
    }

    @Test
    public void bracketIsThatOfTheLastUnit() {
        assertEquals(0, scale.bracketOf(0));
        assertEquals(0, scale.bracketOf(10_000));
        assertEquals(1, scale.bracketOf(10_001));
        assertEquals(2, scale.bracketOf(Double.MAX_VALUE));
    }

    @Test
    public void marginalRateJumpsAboveTheThreshold() {
        double[] incomes = {9_999, 10_000.01, 50_000, 50_000.01};
        double[] expected = {0, 0.2, 0.2, 0.4};
        for (int i = 0; i < incomes.length; i++) {
            assertEquals("income " + incomes[i], expected[i], scale.marginalRate(incomes[i]), 0);
        }
        assertEquals("flat", 0.25, flat.marginalRate(1e9), 0);
        assertEquals("flat at zero", 0.25, flat.marginalRate(0), 0);
    }

    @Test
    public void netIsIncomeWithoutTax() {
        assertEquals(75.0, flat.netOf(100.0), DELTA);
        assertEquals(60_000 - 12_000, scale.netOf(60_000), DELTA);
        assertEquals(10_000 + 40_000 * 0.8, scale.netOf(50_000), DELTA);
    }

    @Test
    public void effectiveRateStaysBelowTheMarginalOne() {
        assertEquals(0.2, scale.effectiveRate(60_000), DELTA);
        assertEquals(8_000 / 50_000.0, scale.effectiveRate(50_000), DELTA);
        assertTrue(scale.effectiveRate(1e6) < scale.marginalRate(1e6));
        assertTrue(flat.effectiveRate(1e6) == flat.marginalRate(1e6));
        assertEquals(0.0, scale.effectiveRate(0), 0.0);
    }

    @Test
    public void grossForInvertsNet() {
        assertEquals(100, flat.grossFor(75), DELTA);
        assertEquals(9_000, scale.grossFor(9_000), DELTA);
        for (double gross = 5_000; gross < 100_000; gross += 7_500) {
            assertEquals(gross, scale.grossFor(scale.netOf(gross)), DELTA);
        }
    }

    @Test
    public void confiscatoryRateHasNoGross() {
        TaxBrackets capped = TaxBrackets.flat(0).above(1_000, 1);
        assertEquals(1_000, capped.grossFor(1_000), DELTA);
        try {
            capped.grossFor(1_001);
            fail("more than 1000 can never be left");
        } catch (IllegalArgumentException expected) {
            assertEquals("no income leaves 1001.0", expected.getMessage());
        }
    }

    @Test
    public void raiseMayCrossAThreshold() {
        assertEquals(0.2 * 1_000, scale.taxOnRaise(20_000, 1_000), DELTA);
        assertEquals(0.2 * 500 + 0.4 * 500, scale.taxOnRaise(49_500, 1_000), DELTA);
        assertEquals(scale.taxOn(30_000), scale.taxOnRaise(0, 30_000), DELTA);
    }

    @Test
    public void badRatesAreRefused() {
        for (double rate : new double[] {-0.1, 1.1, Double.NaN}) {
            try {
                TaxBrackets.flat(rate);
                fail("accepted " + rate);
            } catch (IllegalArgumentException e) {
                assertTrue(e.getMessage(), e.getMessage().startsWith("rate not between"));
            }
        }
    }

    @Test(expected = IllegalArgumentException.class)
    public void thresholdsMustRise() {
        assertEquals(3, scale.size());
        scale.above(50_000, 0.5);
    }

    @Test
    public void aboveLeavesTheOriginalAlone() {
        TaxBrackets higher = scale.above(200_000, 0.5);
        assertNotSame(scale, higher);
        assertEquals(scale.size() + 1, higher.size());
        assertEquals(scale.taxOn(200_000), higher.taxOn(200_000), 0);
        assertNotEquals(scale.taxOn(300_000), higher.taxOn(300_000), 1);
    }

    @Test
    public void arraysAreCopies() {
        assertArrayEquals(new double[] {0, 10_000, 50_000}, scale.thresholds(), 0);
        assertArrayEquals(new double[] {0, 0.2, 0.4}, scale.rates(), 0);
        assertNotSame(scale.rates(), scale.rates());
        scale.thresholds()[1] = 99;
        assertEquals(10_000, scale.thresholds()[1], 0);
    }

    @Test
    public void indexingMovesThresholdsOnly() {
        TaxBrackets indexed = scale.indexed(1.5);
        assertArrayEquals(new double[] {0, 15_000, 75_000}, indexed.thresholds(), DELTA);
        assertArrayEquals(scale.rates(), indexed.rates(), 0.0);
        assertEquals(1.5 * scale.taxOn(60_000), indexed.taxOn(90_000), DELTA);
        assertSame(scale, scale.indexed(1));
    }

    @Test
    public void progressiveScalesNeverFall() {
        assertTrue(scale.isProgressive());
        assertTrue(flat.isProgressive());
        assertFalse(flat.above(1_000, 0.1).isProgressive());
        assertFalse("falls at the top", scale.above(80_000, 0.3).isProgressive());
    }

    @Test
    public void equalScalesHaveEqualBrackets() {
        TaxBrackets rebuilt = TaxBrackets.flat(0).above(10_000, 0.2).above(50_000, 0.4);
        assertEquals(rebuilt, scale);
        assertEquals(rebuilt.hashCode(), scale.hashCode());
        assertNotEquals(flat, scale);
        assertNotEquals(rebuilt, rebuilt.above(60_000, 0.4));
    }
}
