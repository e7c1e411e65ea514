package tessera.math;

/** A complex number of two doubles. */
public record Complex(double re, double im) {

    /** The number 0. */
    public static final Complex ZERO = new Complex(0, 0);

    /** The number 1. */
    public static final Complex ONE = new Complex(1, 0);

    /** The imaginary unit. */
    public static final Complex I = new Complex(0, 1);

    /** Stores negative zeros as zeros, so that numbers of the same value are equal. */
    public Complex {
        re += 0.0;
        im += 0.0;
    }

    /** Returns the real number as a complex one. */
    public static Complex real(double value) {
        return new Complex(value, 0);
    }

    /** Returns the number with the given distance from zero and angle in radians. */
    public static Complex polar(double radius, double angle) {
        if (radius < 0) {
            throw new IllegalArgumentException("negative radius: " + radius);
        }
        return new Complex(radius * Math.cos(angle), radius * Math.sin(angle));
    }

    /** Returns this + other. */
    public Complex plus(Complex other) {
        return new Complex(re + other.re, im + other.im);
    }

    /** Returns this - other. */
    public Complex minus(Complex other) {
        return new Complex(re - other.re, im - other.im);
    }

    /** Returns this * other. */
    public Complex times(Complex other) {
        return new Complex(re * other.re - im * other.im, re * other.im + im * other.re);
    }

    /** Returns this number with both parts multiplied by the factor. */
    public Complex scale(double factor) {
        return new Complex(re * factor, im * factor);
    }

    /** Returns this / other; fails if other is zero. */
    public Complex dividedBy(Complex other) {
        double norm = other.normSquared();
        if (norm == 0) {
            throw new ArithmeticException("division by zero");
        }
        Complex top = times(other.conjugate());
        return new Complex(top.re / norm, top.im / norm);
    }

    /** Returns the number mirrored at the real axis. */
    public Complex conjugate() {
        return new Complex(re, -im);
    }

    /** Returns the square of the distance from zero. */
    public double normSquared() {
        return re * re + im * im;
    }

    /** Returns the distance from zero. */
    public double abs() {
        return Math.hypot(re, im);
    }

    /** Returns the angle to the positive real axis in radians, from -pi to pi. */
    public double angle() {
        return Math.atan2(im, re);
    }

    /** Returns this number raised to a power that is not negative. */
    public Complex pow(int exponent) {
        if (exponent < 0) {
            throw new IllegalArgumentException("negative exponent: " + exponent);
        }
        Complex result = ONE;
        for (int i = 0; i < exponent; i++) {
            result = result.times(this);
        }
        return result;
    }

    /** Returns the square root with a real part that is not negative. */
    public Complex sqrt() {
        double size = abs();
        double real = Math.sqrt((size + re) / 2);
        double imaginary = Math.sqrt((size - re) / 2);
        return new Complex(real, im < 0 ? -imaginary : imaginary);
    }

    /** Returns true if the imaginary part is zero. */
    public boolean isReal() {
        return im == 0;
    }

    /** Returns true if either part is not a number. */
    public boolean isNaN() {
        return Double.isNaN(re) || Double.isNaN(im);
    }

    /** Returns true if the other number is at most the tolerance away. */
    public boolean isClose(Complex other, double tolerance) {
        return minus(other).abs() <= tolerance;
    }

    @Override
    public String toString() {
        if (isReal()) {
            return Double.toString(re);
        }
        return re + (im < 0 ? " - " : " + ") + Math.abs(im) + "i";
    }
}
