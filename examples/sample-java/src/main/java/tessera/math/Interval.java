package tessera.math;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** A half-open range of integers: start is included, end is not. */
public record Interval(int start, int end) implements Comparable<Interval> {

    /** Checks that the end is not before the start. */
    public Interval {
        if (end < start) {
            throw new IllegalArgumentException("end " + end + " is before start " + start);
        }
    }

    /** Returns the interval of all integers from first to last, both included. */
    public static Interval closed(int first, int last) {
        return new Interval(first, Math.addExact(last, 1));
    }

    /** Parses the form that {@link #toString()} writes, such as "[3, 8)". */
    public static Interval parse(String text) {
        int comma = text.indexOf(',');
        if (comma < 0 || !text.startsWith("[") || !text.endsWith(")")) {
            throw new IllegalArgumentException("not an interval: " + text);
        }
        int start = Integer.parseInt(text.substring(1, comma).trim());
        int end = Integer.parseInt(text.substring(comma + 1, text.length() - 1).trim());
        return new Interval(start, end);
    }

    /** Returns how many integers the interval holds. */
    public int length() {
        return Math.subtractExact(end, start);
    }

    /** Returns true if the interval holds no integer. */
    public boolean isEmpty() {
        return start == end;
    }

    /** Returns true if the value lies in the interval. */
    public boolean contains(int value) {
        return value >= start && value < end;
    }

    /** Returns true if every integer of the other interval lies in this one. */
    public boolean encloses(Interval other) {
        return other.isEmpty() || start <= other.start && other.end <= end;
    }

    /** Returns true if both intervals share at least one integer. */
    public boolean overlaps(Interval other) {
        return Math.max(start, other.start) < Math.min(end, other.end);
    }

    /** Returns true if one interval ends where the other one starts. */
    public boolean touches(Interval other) {
        return end == other.start || other.end == start;
    }

    /** Returns the common part of both intervals, or nothing if they do not overlap. */
    public Optional<Interval> intersect(Interval other) {
        if (!overlaps(other)) {
            return Optional.empty();
        }
        return Optional.of(new Interval(Math.max(start, other.start), Math.min(end, other.end)));
    }

    /** Returns the smallest interval that encloses both. */
    public Interval span(Interval other) {
        if (isEmpty()) {
            return other;
        }
        if (other.isEmpty()) {
            return this;
        }
        return new Interval(Math.min(start, other.start), Math.max(end, other.end));
    }

    /** Returns the non-empty parts of this interval that the other one does not cover, in order. */
    public List<Interval> minus(Interval other) {
        if (!overlaps(other)) {
            return isEmpty() ? List.of() : List.of(this);
        }
        List<Interval> rest = new ArrayList<>();
        if (start < other.start) {
            rest.add(new Interval(start, other.start));
        }
        if (other.end < end) {
            rest.add(new Interval(other.end, end));
        }
        return rest;
    }

    /** Returns the interval moved by the given distance. */
    public Interval shift(int distance) {
        return distance == 0 ? this : new Interval(start + distance, end + distance);
    }

    /** Returns the value, or the nearest integer of the interval if it lies outside. */
    public int clamp(int value) {
        if (isEmpty()) {
            throw new IllegalStateException("empty interval");
        }
        return Math.max(start, Math.min(end - 1, value));
    }

    /** Cuts the interval into pieces of the given size; the last one may be shorter. */
    public List<Interval> chunks(int size) {
        if (size <= 0) {
            throw new IllegalArgumentException("size must be positive: " + size);
        }
        List<Interval> pieces = new ArrayList<>();
        for (int at = start; at < end; at = pieces.get(pieces.size() - 1).end) {
            pieces.add(new Interval(at, at + Math.min(size, end - at)));
        }
        return pieces;
    }

    /** Returns the integers of the interval in ascending order. */
    public int[] toArray() {
        return IntStream.range(start, end).toArray();
    }

    @Override
    public int compareTo(Interval other) {
        int order = Integer.compare(start, other.start);
        return order != 0 ? order : Integer.compare(end, other.end);
    }

    @Override
    public String toString() {
        return "[" + start + ", " + end + ")";
    }
}
