package tessera.collect;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A mutable bag that counts how often each element occurs and remembers first-insertion order. */
public final class Multiset<E> {
    private final Map<E, Integer> counts = new LinkedHashMap<>();
    private int size;

    /** Creates a multiset holding every given element, duplicates included. */
    @SafeVarargs
    public static <T> Multiset<T> of(T... elements) {
        Multiset<T> result = new Multiset<>();
        for (T element : elements) {
            result.add(element, 1);
        }
        return result;
    }

    /** Creates a multiset holding every element of the given source, duplicates included. */
    public static <T> Multiset<T> copyOf(Iterable<? extends T> source) {
        Multiset<T> result = new Multiset<>();
        for (T element : source) {
            result.add(element, 1);
        }
        return result;
    }

    /** Adds the given number of occurrences and returns the new count of the element. */
    public int add(E element, int occurrences) {
        if (occurrences < 0) {
            throw new IllegalArgumentException("negative occurrences: " + occurrences);
        }
        return setCount(element, count(element) + occurrences);
    }

    /** Removes at most the given number of occurrences and returns how many were really removed. */
    public int remove(E element, int occurrences) {
        if (occurrences < 0) {
            throw new IllegalArgumentException("negative occurrences: " + occurrences);
        }
        int before = count(element);
        int removed = Math.min(before, occurrences);
        setCount(element, before - removed);
        return removed;
    }

    /** Sets the count of the element and returns that count; zero removes the element. */
    public int setCount(E element, int count) {
        if (count < 0) {
            throw new IllegalArgumentException("negative count: " + count);
        }
        size += count - count(element);
        if (count == 0) {
            counts.remove(element);
        } else {
            counts.put(element, count);
        }
        return count;
    }

    /** Returns how often the element occurs, zero when it is absent. */
    public int count(E element) {
        return counts.getOrDefault(element, 0);
    }

    /** Returns the number of occurrences of all elements together. */
    public int size() {
        return size;
    }

    /** Tells whether the multiset holds no element at all. */
    public boolean isEmpty() {
        return size == 0;
    }

    /** Returns an unmodifiable live view of the distinct elements in first-insertion order. */
    public Set<E> distinct() {
        return Collections.unmodifiableSet(counts.keySet());
    }

    /** Returns a new multiset in which each count is the sum of both counts. */
    public Multiset<E> plus(Multiset<E> other) {
        Multiset<E> result = new Multiset<>();
        counts.forEach(result::add);
        other.counts.forEach(result::add);
        return result;
    }

    /** Returns a new multiset in which each count is reduced by the other count, but not below zero. */
    public Multiset<E> minus(Multiset<E> other) {
        Multiset<E> result = new Multiset<>();
        counts.forEach((element, n) -> result.setCount(element, Math.max(0, n - other.count(element))));
        return result;
    }

    /** Returns a new multiset in which each count is the smaller of both counts. */
    public Multiset<E> intersect(Multiset<E> other) {
        Multiset<E> result = new Multiset<>();
        counts.forEach((element, n) -> result.setCount(element, Math.min(n, other.count(element))));
        return result;
    }

    /** Tells whether every element occurs at least as often here as in the other multiset. */
    public boolean containsAll(Multiset<E> other) {
        return other.counts.entrySet().stream().allMatch(e -> count(e.getKey()) >= e.getValue());
    }

    /** Returns up to {@code limit} elements by falling count; ties keep first-insertion order. */
    public List<E> mostCommon(int limit) {
        List<E> elements = new ArrayList<>(counts.keySet());
        elements.sort(Comparator.comparing(counts::get, Comparator.reverseOrder()));
        return List.copyOf(elements.subList(0, Math.min(limit, elements.size())));
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Multiset<?> that && counts.equals(that.counts);
    }

    @Override
    public int hashCode() {
        return counts.hashCode();
    }

    @Override
    public String toString() {
        List<String> parts = new ArrayList<>();
        counts.forEach((element, n) -> parts.add(n == 1 ? String.valueOf(element) : element + " x " + n));
        return "[" + String.join(", ", parts) + "]";
    }
}
