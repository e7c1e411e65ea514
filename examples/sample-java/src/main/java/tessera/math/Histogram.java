package tessera.math;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;

/** A mutable count of how often each key occurs, ordered by key. */
public final class Histogram<K extends Comparable<K>> {

    private final TreeMap<K, Integer> counts = new TreeMap<>();

    /** Returns a histogram of the given items. */
    public static <K extends Comparable<K>> Histogram<K> of(Collection<K> items) {
        Histogram<K> result = new Histogram<>();
        items.forEach(result::add);
        return result;
    }

    /** Returns a histogram of the characters of a text. */
    public static Histogram<Character> ofText(String text) {
        Histogram<Character> result = new Histogram<>();
        for (char c : text.toCharArray()) {
            result.add(c);
        }
        return result;
    }

    /** Counts the key once and returns its new count. */
    public int add(K key) {
        return add(key, 1);
    }

    /** Counts the key several times and returns its new count. */
    public int add(K key, int times) {
        if (times < 1) {
            throw new IllegalArgumentException("times must be positive: " + times);
        }
        return counts.merge(key, times, Integer::sum);
    }

    /** Takes one occurrence of the key away; returns false if there was none. */
    public boolean remove(K key) {
        if (!counts.containsKey(key)) {
            return false;
        }
        counts.computeIfPresent(key, (k, count) -> count == 1 ? null : count - 1);
        return true;
    }

    /** Returns how often the key was counted. */
    public int count(K key) {
        return counts.getOrDefault(key, 0);
    }

    /** Returns true if the key was counted at least once. */
    public boolean contains(K key) {
        return counts.containsKey(key);
    }

    /** Returns true if nothing was counted. */
    public boolean isEmpty() {
        return counts.isEmpty();
    }

    /** Returns the number of different keys. */
    public int distinct() {
        return counts.size();
    }

    /** Returns the sum of all counts. */
    public int total() {
        return counts.values().stream().mapToInt(Integer::intValue).sum();
    }

    /** Returns the share of the key in the total, or zero if nothing was counted. */
    public double share(K key) {
        return isEmpty() ? 0 : (double) count(key) / total();
    }

    /** Returns the key with the highest count, the first one of several, or null if there is none. */
    public K mostFrequent() {
        K best = null;
        for (K key : counts.keySet()) {
            if (best == null || count(key) > count(best)) {
                best = key;
            }
        }
        return best;
    }

    /** Returns up to n keys with the highest counts, the highest first. */
    public List<K> top(int n) {
        List<K> keys = new ArrayList<>(counts.keySet());
        keys.sort((a, b) -> Integer.compare(count(b), count(a)));
        return keys.subList(0, Math.min(n, keys.size()));
    }

    /** Returns the different keys in ascending order. */
    public List<K> keys() {
        return new ArrayList<>(counts.keySet());
    }

    /** Returns a read-only view of the counts, which follows later changes. */
    public Map<K, Integer> asMap() {
        return Collections.unmodifiableMap(counts);
    }

    /** Adds all counts of the other histogram and returns this one. */
    public Histogram<K> merge(Histogram<K> other) {
        new TreeMap<>(other.counts).forEach(this::add);
        return this;
    }

    /** Returns a new histogram with the counts of all keys that the function maps to the same key. */
    public Histogram<K> group(UnaryOperator<K> function) {
        Histogram<K> result = new Histogram<>();
        counts.forEach((key, count) -> result.add(function.apply(key), count));
        return result;
    }

    /** Removes all counts. */
    public void clear() {
        counts.clear();
    }

    /** Returns one line per key, with a bar of as many marks as the key was counted. */
    public String render(char mark) {
        StringBuilder text = new StringBuilder();
        counts.forEach((key, count) ->
                text.append(key).append(' ').append(String.valueOf(mark).repeat(count)).append('\n'));
        return text.toString();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Histogram<?> that && counts.equals(that.counts);
    }

    @Override
    public int hashCode() {
        return counts.hashCode();
    }

    @Override
    public String toString() {
        return counts.toString();
    }
}
