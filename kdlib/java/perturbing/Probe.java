package kdlibprobe;

import java.time.Duration;

/** Other values than those that a statement reads; compiled beside the test that the statement stands in. */
public final class Probe {
    /** How a value differs: by little, or by as much as numbers can while loops up to them still end. */
    private static final int LITTLE = 0;
    private static final int LOW = 1;

    private static final int FAR = 1_000_000_007;

    private Probe() {}

    /** Returns true, which javac does not know. */
    public static boolean on() {
        return true;
    }

    public static boolean other(boolean value, int how) {
        return !value;
    }

    public static byte other(byte value, int how) {
        return how == LITTLE ? (byte) (value + 1) : how == LOW ? Byte.MIN_VALUE : Byte.MAX_VALUE;
    }

    public static short other(short value, int how) {
        return how == LITTLE ? (short) (value + 1) : how == LOW ? Short.MIN_VALUE : Short.MAX_VALUE;
    }

    public static char other(char value, int how) {
        return how == LITTLE ? (char) (value + 1) : how == LOW ? Character.MIN_VALUE : Character.MAX_VALUE;
    }

    public static int other(int value, int how) {
        return how == LITTLE ? value + 1 : how == LOW ? -FAR : FAR;
    }

    public static long other(long value, int how) {
        return how == LITTLE ? value + 1 : how == LOW ? Long.MIN_VALUE / 2 : Long.MAX_VALUE / 2;
    }

    public static float other(float value, int how) {
        return how == LITTLE ? (float) near(value) : how == LOW ? -Float.MAX_VALUE : Float.MAX_VALUE;
    }

    public static double other(double value, int how) {
        return how == LITTLE ? near(value) : how == LOW ? -Double.MAX_VALUE : Double.MAX_VALUE;
    }

    public static String other(String value, int how) {
        return how == LITTLE ? value + "~" : how == LOW ? "" : null;
    }

    /** Returns another value of a type that javac knows by its bound only; an object becomes null. */
    @SuppressWarnings("unchecked")
    public static <T> T other(T value, int how) {
        return (T) changed(value, how);
    }

    private static Object changed(Object value, int how) {
        if (value == null) {
            return new Object();
        }
        if (value instanceof Boolean) {
            return other((boolean) value, how);
        }
        if (value instanceof Integer) {
            return other((int) value, how);
        }
        if (value instanceof Long) {
            return other((long) value, how);
        }
        if (value instanceof Double) {
            return other((double) value, how);
        }
        if (value instanceof Float) {
            return other((float) value, how);
        }
        if (value instanceof Short) {
            return other((short) value, how);
        }
        if (value instanceof Byte) {
            return other((byte) value, how);
        }
        if (value instanceof Character) {
            return other((char) value, how);
        }
        if (value instanceof String) {
            return other((String) value, how);
        }
        // No test ends within it.
        return value instanceof Duration ? Duration.ofNanos(-1) : null;
    }

    /** Returns a number that differs by at least 1, and from very large ones at all. */
    private static double near(double value) {
        return Double.isNaN(value) || Double.isInfinite(value) ? 0 : value + Math.max(1, Math.abs(value) / 2);
    }
}
