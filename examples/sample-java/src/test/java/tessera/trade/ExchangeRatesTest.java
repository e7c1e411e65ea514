package tessera.trade;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNotSame;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertSame;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.Set;
import org.junit.Before;
import org.junit.Test;

public class ExchangeRatesTest {

    private static final double EPS = 1e-12;

    private ExchangeRates rates;

    @Before
    public void setUp() {
        rates = new ExchangeRates("EUR");
        rates.set("USD", "1.25");
        rates.set("GBP", "0.8");
        rates.set("JPY", "160");
    }

    @Test
    public void testRateFromBase() {
        assertEquals(new BigDecimal("1.25"), rates.rate("EUR", "USD"));
        assertEquals(new BigDecimal("0.8"), rates.rate("EUR", "GBP"));
        assertEquals(new BigDecimal(160), rates.rate("EUR", "JPY"));
    }

    @Test
    public void testRateToBase() {
        assertEquals(0.8, rates.rate("USD", "EUR").doubleValue(), EPS);
        assertEquals(1.25, rates.rate("GBP", "EUR").doubleValue(), EPS);
        assertEquals(1.0 / 160, rates.rate("JPY", "EUR").doubleValue(), EPS);
    }

    @Test
    public void testCrossRate() {
        assertEquals(new BigDecimal("0.64"), rates.rate("USD", "GBP"));
        assertEquals(new BigDecimal("128"), rates.rate("USD", "JPY"));
        assertEquals(0, new BigDecimal("200").compareTo(rates.rate("GBP", "JPY")));
    }

    @Test
    public void testRateToItselfIsOne() {
        assertSame(BigDecimal.ONE, rates.rate("USD", "USD"));
        assertSame(BigDecimal.ONE, rates.rate("EUR", "EUR"));
        assertEquals("1", rates.rate("JPY", "JPY").toPlainString());
    }

    @Test
    public void testFindRate() {
        assertTrue(rates.findRate("USD", "JPY").isPresent());
        assertFalse(rates.findRate("USD", "CHF").isPresent());
        assertEquals(Optional.empty(), rates.findRate("CHF", "USD"));
        assertEquals(Optional.of(new BigDecimal("1.5625")), rates.findRate("GBP", "USD"));
    }

    @Test
    public void testConvertRounds() {
        assertEquals("12.50", rates.convert("10", "EUR", "USD", 2).toString());
        assertEquals("8.0", rates.convert("10", "USD", "EUR", 1).toString());
        assertEquals("1", rates.convert("100", "JPY", "EUR", 0).toString());
        assertEquals(new BigDecimal("0.625"), rates.convert("100", "JPY", "EUR", 3));
        assertEquals(new BigDecimal("0.62"), rates.convert("100", "JPY", "EUR", 2));
    }

    @Test
    public void testUnknownCurrency() {
        NoSuchElementException e = assertThrows(NoSuchElementException.class, () -> rates.rate("EUR", "CHF"));
        assertEquals("no rate for CHF", e.getMessage());
        assertThrows(NoSuchElementException.class, () -> rates.convert("1", "SEK", "EUR", 2));
    }

    @Test
    public void testSetReplacesRateAndChains() {
        ExchangeRates same = rates.set("USD", "1.5");
        assertSame(rates, same);
        assertEquals(1.5, same.rate("EUR", "USD").doubleValue(), 0);
        assertEquals(4, same.size());
        assertEquals(5, rates.set("CHF", "0.95").size());
    }

    @Test
    public void testSetRefusesBadRates() {
        assertThrows(IllegalArgumentException.class, () -> rates.set("USD", "0"));
        assertThrows(IllegalArgumentException.class, () -> rates.set("USD", "-1.1"));
        assertThrows("base is fixed", IllegalArgumentException.class, () -> rates.set("EUR", "2"));
    }

    @Test
    public void testRemove() {
        assertEquals(new BigDecimal("0.8"), rates.remove("GBP"));
        assertNull(rates.remove("GBP"));
        assertFalse(rates.knows("GBP"));
        assertNull("never known", rates.remove("CHF"));
        assertThrows(IllegalArgumentException.class, () -> rates.remove("EUR"));
    }

    @Test
    public void testKnows() {
        assertTrue("base", rates.knows("EUR"));
        assertTrue("was set", rates.knows("JPY"));
        assertFalse("never set", rates.knows("CHF"));
        assertFalse("codes are case-sensitive", rates.knows("jpy"));
    }

    @Test
    public void testCurrenciesIsACopy() {
        assertEquals(Set.of("EUR", "GBP", "JPY", "USD"), rates.currencies());
        assertNotSame(rates.currencies(), rates.currencies());
        assertEquals("EUR", rates.currencies().first());
        assertEquals("USD", rates.currencies().last());
        rates.currencies().clear();
        assertEquals(4, rates.currencies().size());
    }

    @Test
    public void testAsMapIsAReadOnlyView() {
        Map<String, BigDecimal> view = rates.asMap();
        assertThrows(UnsupportedOperationException.class, () -> view.remove("USD"));
        rates.set("CHF", "0.95");
        assertTrue(view.containsKey("CHF"));
        assertEquals(List.of("CHF", "EUR", "GBP", "JPY", "USD"), List.copyOf(rates.asMap().keySet()));
    }

    @Test
    public void testTotal() {
        Map<String, Double> wallet = Map.of("EUR", 10.0, "USD", 50.0, "JPY", 1600.0);
        assertEquals(10 + 40 + 10, rates.total(wallet, "EUR"), EPS);
        assertEquals(60 * 1.25, rates.total(wallet, "USD"), 1e-9);
        assertEquals(0.0, rates.total(Map.of(), "GBP"), 0.0);
    }

    @Test
    public void testChange() {
        ExchangeRates later = new ExchangeRates("EUR").set("USD", "1.5").set("GBP", "0.6").set("JPY", "160");
        assertEquals(0.2, later.change("USD", rates), EPS);
        assertEquals(-0.25, later.change("GBP", rates), EPS);
        assertEquals(0, later.change("JPY", rates), EPS);
    }

    @Test
    public void testStrongest() {
        assertEquals("GBP", rates.strongest());
        rates.remove("GBP");
        assertEquals("EUR", rates.strongest());
        assertEquals("KWD", rates.set("KWD", "0.33").strongest());
    }

    @Test
    public void testRebase() {
        ExchangeRates dollars = rates.rebase("USD");
        assertEquals("USD", dollars.base());
        assertEquals(rates.size(), dollars.size());
        assertEquals(rates.rate("GBP", "JPY"), dollars.rate("GBP", "JPY"));
        assertEquals(rates.rate("USD", "GBP"), dollars.asMap().get("GBP"));
    }

    @Test
    public void testToString() {
        assertEquals("1 EUR = 0.8 GBP 160 JPY 1.25 USD", rates.toString());
        assertEquals("1 CHF =", new ExchangeRates("CHF").toString());
        assertEquals("1 USD = 7 CNY", "" + new ExchangeRates("USD").set("CNY", "7"));
    }
}
