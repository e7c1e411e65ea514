package tessera.trade;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Collections;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/** A table of exchange rates against one base currency, from which all cross rates are derived. */
public final class ExchangeRates {

    private static final MathContext PRECISION = MathContext.DECIMAL64;

    private final String base;
    private final SortedMap<String, BigDecimal> rates = new TreeMap<>();

    /** Creates a table that knows only its base currency, at a rate of one. */
    public ExchangeRates(String base) {
        this.base = base;
        rates.put(base, BigDecimal.ONE);
    }

    /** Sets how many units of a currency one unit of the base buys, and returns this table. */
    public ExchangeRates set(String code, String unitsPerBase) {
        BigDecimal rate = new BigDecimal(unitsPerBase);
        if (rate.signum() <= 0) {
            throw new IllegalArgumentException("rate must be positive: " + unitsPerBase);
        }
        if (code.equals(base)) {
            throw new IllegalArgumentException("the rate of the base currency is fixed");
        }
        rates.put(code, rate);
        return this;
    }

    /** Forgets a currency and returns the rate it had, or null if it was unknown. */
    public BigDecimal remove(String code) {
        if (code.equals(base)) {
            throw new IllegalArgumentException("the base currency cannot be removed");
        }
        return rates.remove(code);
    }

    /** Returns the code of the base currency. */
    public String base() {
        return base;
    }

    /** Returns the number of currencies known, the base included. */
    public int size() {
        return rates.size();
    }

    /** Tells whether a currency is known. */
    public boolean knows(String code) {
        return rates.containsKey(code);
    }

    /** Returns the known currencies in alphabetical order, as a copy. */
    public SortedSet<String> currencies() {
        return new TreeSet<>(rates.keySet());
    }

    /** Returns a read-only view of the units of each currency that one unit of the base buys. */
    public SortedMap<String, BigDecimal> asMap() {
        return Collections.unmodifiableSortedMap(rates);
    }

    /** Returns how many units of one currency a unit of another buys. */
    public BigDecimal rate(String from, String to) {
        if (from.equals(to)) {
            return BigDecimal.ONE;
        }
        BigDecimal rate = require(to).divide(require(from), PRECISION).stripTrailingZeros();
        return rate.scale() < 0 ? rate.setScale(0) : rate;
    }

    /** Returns the rate between two currencies, or nothing if one of them is unknown. */
    public Optional<BigDecimal> findRate(String from, String to) {
        return knows(from) && knows(to) ? Optional.of(rate(from, to)) : Optional.empty();
    }

    /** Converts an amount between two currencies and rounds it half even to the given number of decimals. */
    public BigDecimal convert(String amount, String from, String to, int decimals) {
        BigDecimal inTarget = new BigDecimal(amount).multiply(require(to)).divide(require(from), PRECISION);
        return inTarget.setScale(decimals, RoundingMode.HALF_EVEN);
    }

    /** Adds up amounts in several currencies, expressed in one of them. */
    public double total(Map<String, Double> holdings, String in) {
        double sum = 0;
        for (Map.Entry<String, Double> holding : holdings.entrySet()) {
            sum += holding.getValue() * rate(holding.getKey(), in).doubleValue();
        }
        return sum;
    }

    /** Returns the relative change since an earlier table of how much of a currency the base buys. */
    public double change(String code, ExchangeRates earlier) {
        double before = earlier.rate(base, code).doubleValue();
        return rate(base, code).doubleValue() / before - 1;
    }

    /** Returns the known currency of which one unit is worth most. */
    public String strongest() {
        String best = base;
        for (Map.Entry<String, BigDecimal> entry : rates.entrySet()) {
            if (entry.getValue().compareTo(rates.get(best)) < 0) {
                best = entry.getKey();
            }
        }
        return best;
    }

    /** Returns an equivalent table with another base currency. */
    public ExchangeRates rebase(String newBase) {
        ExchangeRates result = new ExchangeRates(newBase);
        for (String code : rates.keySet()) {
            if (!code.equals(newBase)) {
                result.rates.put(code, rate(newBase, code));
            }
        }
        return result;
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("1 ").append(base).append(" =");
        rates.forEach((code, rate) -> {
            if (!code.equals(base)) {
                text.append(' ').append(rate.toPlainString()).append(' ').append(code);
            }
        });
        return text.toString();
    }

    private BigDecimal require(String code) {
        BigDecimal rate = rates.get(code);
        if (rate == null) {
            throw new NoSuchElementException("no rate for " + code);
        }
        return rate;
    }
}
