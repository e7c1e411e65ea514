package tessera.trade;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Arrays;
import java.util.Collection;
import java.util.Currency;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/** An immutable amount of money, held as a whole number of minor units (cents, yen, fils) of one currency. */
public final class Money implements Comparable<Money> {
    private final long minor;
    private final Currency currency;

    private Money(long minor, Currency currency) {
        this.minor = minor;
        this.currency = currency;
    }

    /** Returns the given decimal amount; more decimals than the currency has are an error. */
    public static Money of(String amount, String code) {
        Currency currency = Currency.getInstance(code);
        return new Money(toMinor(new BigDecimal(amount), currency, RoundingMode.UNNECESSARY), currency);
    }

    /** Returns an amount given as a whole number of minor units. */
    public static Money ofMinor(long minor, String code) {
        return new Money(minor, Currency.getInstance(code));
    }

    /** Returns nothing at all in the given currency. */
    public static Money zero(String code) {
        return ofMinor(0, code);
    }

    /** Reads text in the form written by {@link #toString()}, such as {@code EUR 12.50}. */
    public static Money parse(String text) {
        String[] parts = text.strip().split("\\s+");
        if (parts.length != 2) {
            throw new IllegalArgumentException("expected a currency code and an amount: " + text);
        }
        return of(parts[1], parts[0]);
    }

    /** Adds up all the amounts, starting from zero in the given currency. */
    public static Money sum(Collection<Money> amounts, String code) {
        Money total = zero(code);
        for (Money amount : amounts) {
            total = total.plus(amount);
        }
        return total;
    }

    /** Returns the amount in minor units. */
    public long minorUnits() {
        return minor;
    }

    /** Returns the ISO 4217 code of the currency. */
    public String currencyCode() {
        return currency.getCurrencyCode();
    }

    /** Returns the amount as a decimal with as many decimals as the currency has. */
    public BigDecimal amount() {
        return BigDecimal.valueOf(minor, currency.getDefaultFractionDigits());
    }

    /** Returns the sum of this amount and another of the same currency. */
    public Money plus(Money other) {
        requireSameCurrency(other);
        return new Money(Math.addExact(minor, other.minor), currency);
    }

    /** Returns this amount less another of the same currency. */
    public Money minus(Money other) {
        requireSameCurrency(other);
        return new Money(Math.subtractExact(minor, other.minor), currency);
    }

    /** Returns this amount taken a whole number of times. */
    public Money times(long factor) {
        return new Money(Math.multiplyExact(minor, factor), currency);
    }

    /** Returns this amount multiplied by a decimal factor, rounded to a minor unit. */
    public Money times(String factor, RoundingMode rounding) {
        return new Money(toMinor(amount().multiply(new BigDecimal(factor)), currency, rounding), currency);
    }

    /** Returns this amount with the opposite sign. */
    public Money negated() {
        return new Money(Math.negateExact(minor), currency);
    }

    /** Returns this amount without its sign. */
    public Money abs() {
        return minor < 0 ? negated() : this;
    }

    /** Tells whether the amount is exactly zero. */
    public boolean isZero() {
        return minor == 0;
    }

    /** Tells whether the amount is below zero. */
    public boolean isNegative() {
        return minor < 0;
    }

    /** Divides the amount in proportion to the weights; leftover units go to the first parts. */
    public Money[] allocate(int... weights) {
        long total = IntStream.of(weights).asLongStream().sum();
        if (total == 0 || IntStream.of(weights).anyMatch(weight -> weight < 0)) {
            throw new IllegalArgumentException("unusable weights: " + Arrays.toString(weights));
        }
        long[] shares = IntStream.of(weights).mapToLong(w -> w * minor / total).toArray();
        long left = minor - LongStream.of(shares).sum();
        for (int i = 0; left != 0; i++) {
            if (weights[i] > 0) {
                shares[i] += Long.signum(left);
                left -= Long.signum(left);
            }
        }
        return LongStream.of(shares).mapToObj(share -> new Money(share, currency)).toArray(Money[]::new);
    }

    @Override
    public int compareTo(Money other) {
        requireSameCurrency(other);
        return Long.compare(minor, other.minor);
    }

    @Override
    public boolean equals(Object object) {
        return object instanceof Money other && minor == other.minor && currency.equals(other.currency);
    }

    @Override
    public int hashCode() {
        return 31 * Long.hashCode(minor) + currency.hashCode();
    }

    @Override
    public String toString() {
        return currency.getCurrencyCode() + " " + amount().toPlainString();
    }

    private static long toMinor(BigDecimal value, Currency currency, RoundingMode rounding) {
        int digits = currency.getDefaultFractionDigits();
        return value.setScale(digits, rounding).movePointRight(digits).longValueExact();
    }

    private void requireSameCurrency(Money other) {
        if (!currency.equals(other.currency)) {
            throw new IllegalArgumentException("cannot mix " + currency + " and " + other.currency);
        }
    }
}
