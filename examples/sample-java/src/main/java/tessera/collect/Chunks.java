package tessera.collect;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiPredicate;
import java.util.function.Predicate;

/** Static methods that cut lists, arrays and strings into pieces and put pieces together again. */
public final class Chunks {
    private Chunks() {
    }

    private static int positive(String name, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(name + " must be positive: " + value);
        }
        return value;
    }

    /** Cuts the list into pieces of the given size; the last piece may be shorter. */
    public static <T> List<List<T>> ofSize(List<T> list, int size) {
        positive("size", size);
        List<List<T>> pieces = new ArrayList<>();
        for (int start = 0; start < list.size(); start += size) {
            pieces.add(new ArrayList<>(list.subList(start, Math.min(list.size(), start + size))));
        }
        return pieces;
    }

    /** Cuts the list into the given number of parts whose sizes differ by at most one, larger parts first. */
    public static <T> List<List<T>> inParts(List<T> list, int parts) {
        int base = list.size() / positive("parts", parts);
        int larger = list.size() % parts;
        List<List<T>> pieces = new ArrayList<>();
        int start = 0;
        for (int i = 0; i < parts; i++) {
            int end = start + base + (i < larger ? 1 : 0);
            pieces.add(new ArrayList<>(list.subList(start, end)));
            start = end;
        }
        return pieces;
    }

    /** Returns all runs of neighbouring elements of the given size, each shifted by one element. */
    public static <T> List<List<T>> windows(List<T> list, int size) {
        positive("size", size);
        List<List<T>> windows = new ArrayList<>();
        for (int start = 0; start + size <= list.size(); start++) {
            windows.add(new ArrayList<>(list.subList(start, start + size)));
        }
        return windows;
    }

    /** Cuts the list between neighbours that do not belong together. */
    public static <T> List<List<T>> runs(List<T> list, BiPredicate<? super T, ? super T> together) {
        List<List<T>> runs = new ArrayList<>();
        for (int i = 0; i < list.size(); i++) {
            if (i == 0 || !together.test(list.get(i - 1), list.get(i))) {
                runs.add(new ArrayList<>());
            }
            runs.get(runs.size() - 1).add(list.get(i));
        }
        return runs;
    }

    /** Cuts the list at the matching elements, which are dropped; pieces may be empty. */
    public static <T> List<List<T>> splitAt(List<T> list, Predicate<? super T> separator) {
        List<List<T>> pieces = new ArrayList<>();
        pieces.add(new ArrayList<>());
        for (T element : list) {
            if (separator.test(element)) {
                pieces.add(new ArrayList<>());
            } else {
                pieces.get(pieces.size() - 1).add(element);
            }
        }
        return pieces;
    }

    /** Cuts the text into strings of the given length; the last one may be shorter. */
    public static String[] ofLength(String text, int length) {
        String[] pieces = new String[count(text.length(), length)];
        for (int i = 0; i < pieces.length; i++) {
            pieces[i] = text.substring(i * length, Math.min(text.length(), (i + 1) * length));
        }
        return pieces;
    }

    /** Cuts the array into rows of the given width; the last row may be shorter. */
    public static int[][] rows(int[] values, int width) {
        int[][] rows = new int[count(values.length, width)][];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = Arrays.copyOfRange(values, i * width, Math.min(values.length, (i + 1) * width));
        }
        return rows;
    }

    /** Returns how many pieces of the given size are needed to hold the total. */
    public static int count(int total, int size) {
        return (int) (((long) total + positive("size", size) - 1) / size);
    }

    /** Takes elements from both lists in turn; the rest of the longer list follows at the end. */
    public static <T> List<T> interleave(List<? extends T> left, List<? extends T> right) {
        List<T> result = new ArrayList<>(left.size() + right.size());
        for (int i = 0; i < Math.max(left.size(), right.size()); i++) {
            if (i < left.size()) {
                result.add(left.get(i));
            }
            if (i < right.size()) {
                result.add(right.get(i));
            }
        }
        return result;
    }

    /** Joins the pieces into one list. */
    public static <T> List<T> concat(List<? extends List<? extends T>> pieces) {
        List<T> result = new ArrayList<>();
        pieces.forEach(result::addAll);
        return result;
    }

    /** Exchanges rows and columns; all rows must have the same length. */
    public static <T> List<List<T>> transpose(List<? extends List<? extends T>> rows) {
        List<List<T>> columns = new ArrayList<>();
        for (List<? extends T> row : rows) {
            if (row.size() != rows.get(0).size()) {
                throw new IllegalArgumentException("rows differ in length: " + rows);
            }
            for (int i = 0; i < row.size(); i++) {
                if (columns.size() <= i) {
                    columns.add(new ArrayList<>());
                }
                columns.get(i).add(row.get(i));
            }
        }
        return columns;
    }
}
