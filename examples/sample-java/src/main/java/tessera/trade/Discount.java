package tessera.trade;

import java.util.Arrays;
import java.util.List;
import java.util.function.LongUnaryOperator;

/** A rule that takes something off a price in cents, never more than the whole price. */
public final class Discount {

    /** The rule that takes nothing off. */
    public static final Discount NONE = new Discount("no discount", price -> 0);

    private final String label;
    private final LongUnaryOperator saving;

    private Discount(String label, LongUnaryOperator saving) {
        this.label = label;
        this.saving = saving;
    }

    /** Returns a rule that takes off a share of the price, rounded half up to a cent. */
    public static Discount percent(int percent) {
        if (percent < 0 || percent > 100) {
            throw new IllegalArgumentException("not between 0 and 100: " + percent);
        }
        if (percent == 0) {
            return NONE;
        }
        return new Discount(percent + "%", price -> (price * percent + 50) / 100);
    }

    /** Returns a rule that takes off a fixed amount. */
    public static Discount fixed(long cents) {
        if (cents < 0) {
            throw new IllegalArgumentException("negative discount: " + cents);
        }
        return cents == 0 ? NONE : new Discount(decimal(cents) + " off", price -> cents);
    }

    /** Returns a rule that lowers the price to the next multiple of some cents below it. */
    public static Discount roundDownTo(long cents) {
        if (cents < 1) {
            throw new IllegalArgumentException("multiple must be positive: " + cents);
        }
        return new Discount("down to " + decimal(cents), price -> price % cents);
    }

    /** Reads a percentage such as {@code 15%} or an amount such as {@code 2.50}; other text gives null. */
    public static Discount parse(String text) {
        if (text.matches("\\d{1,2}%|100%")) {
            return percent(Integer.parseInt(text.substring(0, text.length() - 1)));
        }
        if (text.matches("\\d{1,9}\\.\\d\\d")) {
            return fixed(Long.parseLong(text.replace(".", "")));
        }
        return null;
    }

    /** Returns the rule that takes most off a price, the first of equals; NONE if none takes anything. */
    public static Discount best(long price, List<Discount> discounts) {
        Discount best = NONE;
        for (Discount discount : discounts) {
            if (discount.savingOn(price) > best.savingOn(price)) {
                best = discount;
            }
        }
        return best;
    }

    /** Returns what the rule takes off a price. */
    public long savingOn(long price) {
        if (price < 0) {
            throw new IllegalArgumentException("negative price: " + price);
        }
        return Math.min(price, saving.applyAsLong(price));
    }

    /** Returns the price after the discount. */
    public long apply(long price) {
        return price - savingOn(price);
    }

    /** Returns each of several prices after the discount. */
    public long[] applyAll(long... prices) {
        return Arrays.stream(prices).map(this::apply).toArray();
    }

    /** Returns the share of a price that the rule takes off, from 0 to 1. */
    public double shareOf(long price) {
        return price == 0 ? 0 : savingOn(price) / (double) price;
    }

    /** Tells whether the rule changes a price. */
    public boolean appliesTo(long price) {
        return savingOn(price) > 0;
    }

    /** Returns a rule that applies this one and another to what is left. */
    public Discount then(Discount other) {
        if (this == NONE || other == NONE) {
            return this == NONE ? other : this;
        }
        return new Discount(label + ", then " + other.label,
            price -> savingOn(price) + other.savingOn(apply(price)));
    }

    /** Returns this rule limited to taking off at most an amount. */
    public Discount upTo(long cents) {
        String text = label + ", at most " + decimal(cents);
        return new Discount(text, price -> Math.min(cents, savingOn(price)));
    }

    /** Returns this rule limited to prices of at least an amount. */
    public Discount from(long minimum) {
        String text = label + " from " + decimal(minimum);
        return new Discount(text, price -> price < minimum ? 0 : savingOn(price));
    }

    /** Returns the total for a number of pieces when every n-th one is free. */
    public static long totalWithFree(int pieces, long unitPrice, int n) {
        if (n < 1) {
            throw new IllegalArgumentException("n must be positive: " + n);
        }
        return (pieces - pieces / n) * unitPrice;
    }

    /** Returns the rule in words. */
    public String label() {
        return label;
    }

    @Override
    public String toString() {
        return "Discount[" + label + "]";
    }

    private static String decimal(long cents) {
        return cents / 100 + "." + cents / 10 % 10 + cents % 10;
    }
}
