package tessera.text;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A whole number from 1 to 3999 that is written with the Roman letters I, V, X, L, C, D and M. */
public final class RomanNumeral implements Comparable<RomanNumeral> {
    /** The smallest numeral, I. */
    public static final RomanNumeral MIN = new RomanNumeral(1);
    /** The greatest numeral, MMMCMXCIX. */
    public static final RomanNumeral MAX = new RomanNumeral(3999);

    private static final int[] VALUES = {1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1};
    private static final String[] SIGNS =
            {"M", "CM", "D", "CD", "C", "XC", "L", "XL", "X", "IX", "V", "IV", "I"};

    private final int value;

    private RomanNumeral(int value) {
        this.value = value;
    }

    /** Returns the numeral of a number from 1 to 3999. */
    public static RomanNumeral of(int value) {
        if (value < 1 || value > 3999) {
            throw new ArithmeticException("no Roman numeral for " + value);
        }
        return new RomanNumeral(value);
    }

    /** Reads a numeral in its usual form, in letters of either case. */
    public static RomanNumeral parse(String text) {
        String upper = text.toUpperCase(Locale.ROOT);
        int sum = 0;
        for (int i = 0; i < upper.length(); i++) {
            int here = digit(upper.charAt(i));
            int next = i + 1 < upper.length() ? digit(upper.charAt(i + 1)) : 0;
            sum += here < next ? -here : here;
        }
        if (sum < 1 || sum > 3999 || !write(sum).equals(upper)) {
            throw new NumberFormatException("not a Roman numeral: " + text);
        }
        return new RomanNumeral(sum);
    }

    /** Tells whether {@link #parse} accepts a text. */
    public static boolean isRoman(String text) {
        try {
            return parse(text).value > 0;
        } catch (NumberFormatException e) {
            return false;
        }
    }

    /** Returns the value of one Roman letter of either case. */
    public static int digit(char letter) {
        return switch (Character.toUpperCase(letter)) {
            case 'I' -> 1;
            case 'V' -> 5;
            case 'X' -> 10;
            case 'L' -> 50;
            case 'C' -> 100;
            case 'D' -> 500;
            case 'M' -> 1000;
            default -> throw new NumberFormatException("not a Roman letter: " + letter);
        };
    }

    /** Returns the numerals from one number to another, both included. */
    public static List<RomanNumeral> range(int from, int to) {
        List<RomanNumeral> range = new ArrayList<>();
        for (int n = from; n <= to; n++) {
            range.add(of(n));
        }
        return range;
    }

    /** Returns the number. */
    public int value() {
        return value;
    }

    /** Returns the sum of two numerals. */
    public RomanNumeral plus(RomanNumeral other) {
        return of(value + other.value);
    }

    /** Returns the difference of two numerals, which must be positive. */
    public RomanNumeral minus(RomanNumeral other) {
        return of(value - other.value);
    }

    /** Returns the numeral that is some times as great. */
    public RomanNumeral times(int factor) {
        return of(Math.multiplyExact(value, factor));
    }

    /** Returns the numeral one greater. */
    public RomanNumeral next() {
        return of(value + 1);
    }

    /** Returns this numeral or the other, whichever is greater; this one if they are equal. */
    public RomanNumeral max(RomanNumeral other) {
        return value >= other.value ? this : other;
    }

    /** Returns the form without subtraction, such as IIII for 4. */
    public String additive() {
        return toString().replace("CM", "DCCCC").replace("CD", "CCCC").replace("XC", "LXXXX")
                .replace("XL", "XXXX").replace("IX", "VIIII").replace("IV", "IIII");
    }

    /** Returns the number of letters in the usual form. */
    public int length() {
        return toString().length();
    }

    /** Returns the numeral in small letters, as for page numbers. */
    public String toLowerCase() {
        return toString().toLowerCase(Locale.ROOT);
    }

    @Override
    public int compareTo(RomanNumeral other) {
        return Integer.compare(value, other.value);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof RomanNumeral that && that.value == value;
    }

    @Override
    public int hashCode() {
        return value;
    }

    /** Returns the usual form in capital letters. */
    @Override
    public String toString() {
        return write(value);
    }

    private static String write(int number) {
        StringBuilder out = new StringBuilder();
        for (int i = 0, left = number; left > 0; i++) {
            out.append(SIGNS[i].repeat(left / VALUES[i]));
            left %= VALUES[i];
        }
        return out.toString();
    }
}
