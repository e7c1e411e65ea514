package tessera.math;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Counting and listing of arrangements and selections. */
public final class Combinatorics {

    private Combinatorics() {
    }

    /** Returns n!, the number of orders of n items. */
    public static BigInteger factorial(int n) {
        requireNonNegative(n);
        BigInteger result = BigInteger.ONE;
        for (int i = 2; i <= n; i++) {
            result = result.multiply(BigInteger.valueOf(i));
        }
        return result;
    }

    /** Returns the number of ways to choose k of n items, which is zero if k is out of range. */
    public static long choose(int n, int k) {
        requireNonNegative(n);
        if (k < 0 || k > n) {
            return 0;
        }
        long result = 1;
        for (int i = 1; i <= Math.min(k, n - k); i++) {
            result = Math.multiplyExact(result, n - i + 1) / i;
        }
        return result;
    }

    /** Returns the number of ways to choose k of n items in order. */
    public static long arrangements(int n, int k) {
        requireNonNegative(n);
        long result = 1;
        for (int i = 0; i < k; i++) {
            result = Math.multiplyExact(result, n - i);
        }
        return result;
    }

    /** Returns the number of orders of items of several kinds, given how many there are of each. */
    public static long multinomial(int... counts) {
        long result = 1;
        int total = 0;
        for (int count : counts) {
            total += count;
            result = Math.multiplyExact(result, choose(total, count));
        }
        return result;
    }

    /** Returns the n-th Catalan number, the number of ways to nest n pairs of brackets. */
    public static long catalan(int n) {
        return choose(2 * n, n) / (n + 1);
    }

    /** Returns row n of Pascal's triangle, which has n + 1 entries. */
    public static long[] pascalRow(int n) {
        requireNonNegative(n);
        long[] row = new long[n + 1];
        Arrays.setAll(row, k -> choose(n, k));
        return row;
    }

    /** Returns all selections of k items, each in the order of the list. */
    public static <T> List<List<T>> combinations(List<T> items, int k) {
        requireNonNegative(k);
        if (k == 0) {
            return List.of(List.of());
        }
        List<List<T>> result = new ArrayList<>();
        for (int i = 0; i + k <= items.size(); i++) {
            for (List<T> rest : combinations(items.subList(i + 1, items.size()), k - 1)) {
                result.add(prepend(items.get(i), rest));
            }
        }
        return result;
    }

    /** Returns all orders of the items; the given order comes first. */
    public static <T> List<List<T>> permutations(List<T> items) {
        if (items.isEmpty()) {
            return List.of(List.of());
        }
        List<List<T>> result = new ArrayList<>();
        for (int i = 0; i < items.size(); i++) {
            List<T> others = new ArrayList<>(items);
            T first = others.remove(i);
            for (List<T> rest : permutations(others)) {
                result.add(prepend(first, rest));
            }
        }
        return result;
    }

    /** Returns all pairs of one item of the first and one of the second list. */
    public static <T> List<List<T>> pairs(List<T> first, List<T> second) {
        List<List<T>> result = new ArrayList<>();
        for (T a : first) {
            for (T b : second) {
                result.add(List.of(a, b));
            }
        }
        return result;
    }

    /** Returns the next order of the digits in lexicographic order, or null after the last one. */
    public static int[] nextPermutation(int[] digits) {
        int pivot = digits.length - 2;
        while (pivot >= 0 && digits[pivot] >= digits[pivot + 1]) {
            pivot--;
        }
        if (pivot < 0) {
            return null;
        }
        int[] next = digits.clone();
        Arrays.sort(next, pivot + 1, next.length);
        int swap = pivot + 1;
        while (next[swap] <= digits[pivot]) {
            swap++;
        }
        next[pivot] = next[swap];
        next[swap] = digits[pivot];
        return next;
    }

    /** Returns true if the second text has exactly the letters of the first, in any order. */
    public static boolean isRearrangement(String first, String second) {
        int[] a = first.chars().sorted().toArray();
        return Arrays.equals(a, second.chars().sorted().toArray());
    }

    private static <T> List<T> prepend(T first, List<T> rest) {
        List<T> result = new ArrayList<>(rest.size() + 1);
        result.add(first);
        result.addAll(rest);
        return result;
    }

    private static void requireNonNegative(int n) {
        if (n < 0) {
            throw new IllegalArgumentException("negative number of items: " + n);
        }
    }
}
