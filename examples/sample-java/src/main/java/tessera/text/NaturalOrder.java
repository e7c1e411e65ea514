package tessera.text;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;

/**
 * The order in which people sort names with numbers in them: digits are compared as whole numbers, so that
 * {@code file9} comes before {@code file10}. Names that differ only in leading zeros are ordered by length.
 */
public final class NaturalOrder implements Comparator<String> {
    /** The order in which all capital letters come before the small ones. */
    public static final NaturalOrder EXACT = new NaturalOrder(false);
    /** The order in which capital and small letters are the same. */
    public static final NaturalOrder IGNORE_CASE = new NaturalOrder(true);

    private final boolean ignoreCase;

    private NaturalOrder(boolean ignoreCase) {
        this.ignoreCase = ignoreCase;
    }

    /** Returns -1, 0 or 1 as the first name comes before, with or after the second. */
    @Override
    public int compare(String a, String b) {
        List<String> left = chunks(a);
        List<String> right = chunks(b);
        for (int i = 0; i < Math.min(left.size(), right.size()); i++) {
            int order = compareChunks(left.get(i), right.get(i));
            if (order != 0) {
                return Integer.signum(order);
            }
        }
        int bySize = Integer.compare(left.size(), right.size());
        return bySize != 0 ? bySize : Integer.compare(a.length(), b.length());
    }

    /** Returns the names in order. */
    public List<String> sorted(Collection<String> names) {
        List<String> sorted = new ArrayList<>(names);
        sorted.sort(this);
        return sorted;
    }

    /** Returns a sorted copy of an array of names. */
    public String[] sorted(String... names) {
        String[] sorted = names.clone();
        Arrays.sort(sorted, this);
        return sorted;
    }

    /** Tells whether each name comes before the next one or with it. */
    public boolean isSorted(List<String> names) {
        for (int i = 1; i < names.size(); i++) {
            if (compare(names.get(i - 1), names.get(i)) > 0) {
                return false;
            }
        }
        return true;
    }

    /** Returns the name that comes last, or null if there are none. */
    public String last(Collection<String> names) {
        return names.isEmpty() ? null : Collections.max(names, this);
    }

    /** Returns the index of a name in a sorted list, or the index at which it belongs, minus one, negated. */
    public int search(List<String> sorted, String name) {
        return Collections.binarySearch(sorted, name, this);
    }

    /** Splits a name into its longest parts of only digits or no digits. */
    public static List<String> chunks(String name) {
        List<String> chunks = new ArrayList<>();
        int start = 0;
        for (int i = 1; i <= name.length(); i++) {
            if (i == name.length() || isDigit(name.charAt(i)) != isDigit(name.charAt(i - 1))) {
                chunks.add(name.substring(start, i));
                start = i;
            }
        }
        return chunks;
    }

    /** Returns the number at the end of a name, or -1 if it does not end in a digit. */
    public static long trailingNumber(String name) {
        String digits = trailingDigits(name);
        return digits.isEmpty() ? -1 : Long.parseLong(digits);
    }

    /** Returns the name with the number at its end one greater, or with a 2 if it has none. */
    public static String successor(String name) {
        String digits = trailingDigits(name);
        if (digits.isEmpty()) {
            return name + "2";
        }
        String next = Long.toString(Long.parseLong(digits) + 1);
        String stem = name.substring(0, name.length() - digits.length());
        return stem + "0".repeat(Math.max(0, digits.length() - next.length())) + next;
    }

    /** Returns the name of the order. */
    @Override
    public String toString() {
        return ignoreCase ? "natural order, ignoring case" : "natural order";
    }

    private int compareChunks(String a, String b) {
        if (isDigit(a.charAt(0)) && isDigit(b.charAt(0))) {
            String x = a.replaceFirst("^0+", "");
            String y = b.replaceFirst("^0+", "");
            return x.length() != y.length() ? Integer.compare(x.length(), y.length()) : x.compareTo(y);
        }
        return ignoreCase ? a.compareToIgnoreCase(b) : a.compareTo(b);
    }

    private static String trailingDigits(String name) {
        List<String> chunks = chunks(name);
        String last = chunks.isEmpty() ? "" : chunks.get(chunks.size() - 1);
        return !last.isEmpty() && isDigit(last.charAt(0)) ? last : "";
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }
}
