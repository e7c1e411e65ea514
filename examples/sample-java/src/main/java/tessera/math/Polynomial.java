package tessera.math;

import java.util.Arrays;

/** An immutable polynomial in one variable with integer coefficients. */
public final class Polynomial {

    /** The polynomial without terms. */
    public static final Polynomial ZERO = new Polynomial();

    private final long[] coefficients;

    /** Creates a polynomial from its coefficients, the constant term first. */
    public Polynomial(long... coefficients) {
        int length = coefficients.length;
        while (length > 0 && coefficients[length - 1] == 0) {
            length--;
        }
        this.coefficients = Arrays.copyOf(coefficients, length);
    }

    /** Returns the polynomial of the single term coefficient * x^exponent. */
    public static Polynomial term(long coefficient, int exponent) {
        long[] result = new long[exponent + 1];
        result[exponent] = coefficient;
        return new Polynomial(result);
    }

    /** Returns the product of (x - root) over all given roots. */
    public static Polynomial withRoots(long... roots) {
        Polynomial product = new Polynomial(1);
        for (long root : roots) {
            product = product.times(new Polynomial(-root, 1));
        }
        return product;
    }

    /** Returns the highest exponent, or -1 for the zero polynomial. */
    public int degree() {
        return coefficients.length - 1;
    }

    /** Returns the coefficient of x^exponent, which is zero beyond the degree. */
    public long coefficient(int exponent) {
        return exponent < coefficients.length ? coefficients[exponent] : 0;
    }

    /** Returns the coefficient of the highest power, or zero for the zero polynomial. */
    public long leading() {
        return isZero() ? 0 : coefficients[degree()];
    }

    /** Returns true if there is no term at all. */
    public boolean isZero() {
        return coefficients.length == 0;
    }

    /** Returns the value of the polynomial at x. */
    public long at(long x) {
        long value = 0;
        for (int i = degree(); i >= 0; i--) {
            value = value * x + coefficients[i];
        }
        return value;
    }

    /** Returns true if the polynomial is zero at x. */
    public boolean hasRoot(long x) {
        return at(x) == 0;
    }

    /** Returns this + other. */
    public Polynomial plus(Polynomial other) {
        long[] sum = new long[Math.max(coefficients.length, other.coefficients.length)];
        Arrays.setAll(sum, i -> coefficient(i) + other.coefficient(i));
        return new Polynomial(sum);
    }

    /** Returns this - other. */
    public Polynomial minus(Polynomial other) {
        return plus(other.scale(-1));
    }

    /** Returns this polynomial with all coefficients multiplied by the factor. */
    public Polynomial scale(long factor) {
        return new Polynomial(Arrays.stream(coefficients).map(c -> c * factor).toArray());
    }

    /** Returns this * other. */
    public Polynomial times(Polynomial other) {
        if (isZero() || other.isZero()) {
            return ZERO;
        }
        long[] product = new long[degree() + other.degree() + 1];
        for (int i = 0; i <= degree(); i++) {
            for (int j = 0; j <= other.degree(); j++) {
                product[i + j] += coefficients[i] * other.coefficients[j];
            }
        }
        return new Polynomial(product);
    }

    /** Returns the first derivative. */
    public Polynomial derivative() {
        long[] result = new long[Math.max(0, degree())];
        Arrays.setAll(result, i -> (i + 1) * coefficients[i + 1]);
        return new Polynomial(result);
    }

    /** Returns the polynomial p(q(x)), where p is this polynomial and q the inner one. */
    public Polynomial compose(Polynomial inner) {
        Polynomial result = ZERO;
        for (int i = degree(); i >= 0; i--) {
            result = result.times(inner).plus(new Polynomial(coefficients[i]));
        }
        return result;
    }

    /** Returns the coefficients as a new array, the constant term first. */
    public long[] toArray() {
        return coefficients.clone();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Polynomial that && Arrays.equals(coefficients, that.coefficients);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(coefficients);
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        for (int i = degree(); i >= 0; i--) {
            long c = coefficients[i];
            if (c != 0) {
                text.append(text.length() == 0 ? (c < 0 ? "-" : "") : (c < 0 ? " - " : " + "));
                text.append(Math.abs(c) == 1 && i > 0 ? "" : Math.abs(c));
                text.append(i == 0 ? "" : i == 1 ? "x" : "x^" + i);
            }
        }
        return text.length() == 0 ? "0" : text.toString();
    }
}
