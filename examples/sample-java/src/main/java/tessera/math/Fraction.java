package tessera.math;

/** An exact rational number in lowest terms; instances are immutable. */
public final class Fraction implements Comparable<Fraction> {

    /** The fraction 0/1. */
    public static final Fraction ZERO = new Fraction(0, 1);

    /** The fraction 1/1. */
    public static final Fraction ONE = new Fraction(1, 1);

    private final long numerator;
    private final long denominator;

    /** Creates the fraction numerator/denominator, reduced and with a positive denominator. */
    public Fraction(long numerator, long denominator) {
        if (denominator == 0) {
            throw new ArithmeticException("denominator is zero");
        }
        long divisor = gcd(numerator, denominator);
        if (denominator < 0) {
            divisor = -divisor;
        }
        this.numerator = numerator / divisor;
        this.denominator = denominator / divisor;
    }

    /** Returns the fraction value/1, sharing the instances for 0 and 1. */
    public static Fraction of(long value) {
        if (value == 0) {
            return ZERO;
        }
        return value == 1 ? ONE : new Fraction(value, 1);
    }

    /** Parses "a" or "a/b", with optional blanks around both numbers. */
    public static Fraction parse(String text) {
        int slash = text.indexOf('/');
        if (slash < 0) {
            return of(Long.parseLong(text.trim()));
        }
        long top = Long.parseLong(text.substring(0, slash).trim());
        long bottom = Long.parseLong(text.substring(slash + 1).trim());
        return new Fraction(top, bottom);
    }

    /** Returns the numerator, which carries the sign. */
    public long numerator() {
        return numerator;
    }

    /** Returns the denominator, always positive. */
    public long denominator() {
        return denominator;
    }

    /** Returns this + other. */
    public Fraction plus(Fraction other) {
        long top = Math.addExact(
                Math.multiplyExact(numerator, other.denominator),
                Math.multiplyExact(other.numerator, denominator));
        return new Fraction(top, Math.multiplyExact(denominator, other.denominator));
    }

    /** Returns this - other. */
    public Fraction minus(Fraction other) {
        return plus(other.negate());
    }

    /** Returns this * other. */
    public Fraction times(Fraction other) {
        return new Fraction(
                Math.multiplyExact(numerator, other.numerator),
                Math.multiplyExact(denominator, other.denominator));
    }

    /** Returns this / other; fails if other is zero. */
    public Fraction dividedBy(Fraction other) {
        return times(other.reciprocal());
    }

    /** Returns -this. */
    public Fraction negate() {
        return numerator == 0 ? this : new Fraction(Math.negateExact(numerator), denominator);
    }

    /** Returns the absolute value, which is this instance if it is not negative. */
    public Fraction abs() {
        return numerator < 0 ? negate() : this;
    }

    /** Returns 1 / this; fails if this is zero. */
    public Fraction reciprocal() {
        if (numerator == 0) {
            throw new ArithmeticException("zero has no reciprocal");
        }
        return new Fraction(denominator, numerator);
    }

    /** Returns this raised to an integer power, which may be negative. */
    public Fraction pow(int exponent) {
        Fraction base = exponent < 0 ? reciprocal() : this;
        Fraction result = ONE;
        for (int i = Math.abs(exponent); i > 0; i--) {
            result = result.times(base);
        }
        return result;
    }

    /** Returns the largest integer that is not above this fraction. */
    public long floor() {
        return Math.floorDiv(numerator, denominator);
    }

    /** Returns the smallest integer that is not below this fraction. */
    public long ceil() {
        return -Math.floorDiv(-numerator, denominator);
    }

    /** Returns true if this fraction is a whole number. */
    public boolean isInteger() {
        return denominator == 1;
    }

    /** Returns -1, 0 or 1 for a negative, zero or positive fraction. */
    public int signum() {
        return Long.signum(numerator);
    }

    /** Returns the nearest double. */
    public double toDouble() {
        return (double) numerator / denominator;
    }

    @Override
    public int compareTo(Fraction other) {
        return minus(other).signum();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Fraction that
                && numerator == that.numerator && denominator == that.denominator;
    }

    @Override
    public int hashCode() {
        return 31 * Long.hashCode(numerator) + Long.hashCode(denominator);
    }

    @Override
    public String toString() {
        return isInteger() ? Long.toString(numerator) : numerator + "/" + denominator;
    }

    private static long gcd(long a, long b) {
        return b == 0 ? Math.abs(a) : gcd(b, a % b);
    }
}
