package tessera.text;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A stretch of a text, from one offset up to but not including another. */
public record TextRange(int start, int end) implements Comparable<TextRange> {
    /** Checks that the offsets are not negative and in order. */
    public TextRange {
        if (start < 0 || end < start) {
            throw new IllegalArgumentException("bad range " + start + ".." + end);
        }
    }

    /** Returns the range of the given length. */
    public static TextRange ofLength(int start, int length) {
        return new TextRange(start, start + length);
    }

    /** Returns the range of the first occurrence of a part in a text, or null if there is none. */
    public static TextRange find(String text, String part) {
        int at = text.indexOf(part);
        return at < 0 ? null : ofLength(at, part.length());
    }

    /** Returns the ranges of all occurrences of a part in a text that do not overlap. */
    public static List<TextRange> findAll(String text, String part) {
        if (part.isEmpty()) {
            throw new IllegalArgumentException("nothing to find");
        }
        List<TextRange> found = new ArrayList<>();
        for (int at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length())) {
            found.add(ofLength(at, part.length()));
        }
        return found;
    }

    /** Returns the range of the letters and digits around an offset; empty if there are none. */
    public static TextRange wordAt(String text, int offset) {
        int from = offset;
        int to = offset;
        while (from > 0 && Character.isLetterOrDigit(text.charAt(from - 1))) {
            from--;
        }
        while (to < text.length() && Character.isLetterOrDigit(text.charAt(to))) {
            to++;
        }
        return new TextRange(from, to);
    }

    /** Returns the ranges in order, with those that overlap or touch joined into one. */
    public static List<TextRange> merge(List<TextRange> ranges) {
        List<TextRange> merged = new ArrayList<>();
        for (TextRange range : ranges.stream().sorted().toList()) {
            int last = merged.size() - 1;
            if (last >= 0 && merged.get(last).touches(range)) {
                merged.set(last, merged.get(last).cover(range));
            } else {
                merged.add(range);
            }
        }
        return merged;
    }

    /** Returns the number of characters in the range. */
    public int length() {
        return end - start;
    }

    /** Tells whether the range has no characters. */
    public boolean isEmpty() {
        return start == end;
    }

    /** Tells whether the character at an offset is in the range. */
    public boolean contains(int offset) {
        return start <= offset && offset < end;
    }

    /** Tells whether all of another range is in this one. */
    public boolean contains(TextRange other) {
        return start <= other.start && other.end <= end;
    }

    /** Tells whether two ranges have a character in common. */
    public boolean overlaps(TextRange other) {
        return Math.max(start, other.start) < Math.min(end, other.end);
    }

    /** Tells whether two ranges overlap or one begins where the other ends. */
    public boolean touches(TextRange other) {
        return Math.max(start, other.start) <= Math.min(end, other.end);
    }

    /** Returns what two ranges have in common, if they touch. */
    public Optional<TextRange> intersect(TextRange other) {
        return touches(other)
                ? Optional.of(new TextRange(Math.max(start, other.start), Math.min(end, other.end)))
                : Optional.empty();
    }

    /** Returns the smallest range that contains two ranges. */
    public TextRange cover(TextRange other) {
        return new TextRange(Math.min(start, other.start), Math.max(end, other.end));
    }

    /** Returns the range moved by a distance, which may be negative. */
    public TextRange shift(int distance) {
        return distance == 0 ? this : new TextRange(start + distance, end + distance);
    }

    /** Returns the two parts of the range before and from an offset. */
    public TextRange[] split(int offset) {
        return new TextRange[] {new TextRange(start, offset), new TextRange(offset, end)};
    }

    /** Returns the part of a text in this range. */
    public String of(CharSequence text) {
        return text.subSequence(start, end).toString();
    }

    /** Returns the text with the part in this range replaced. */
    public String replace(String text, String replacement) {
        return text.substring(0, start) + replacement + text.substring(end);
    }

    /** Orders ranges by their start and then by their end. */
    @Override
    public int compareTo(TextRange other) {
        return start != other.start ? Integer.compare(start, other.start) : Integer.compare(end, other.end);
    }
}
