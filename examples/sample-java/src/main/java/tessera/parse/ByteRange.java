package tessera.parse;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A range of bytes from a first to a last offset, both included, as in the HTTP Range header. */
public record ByteRange(long first, long last) implements Comparable<ByteRange> {
    private static final Pattern SPEC = Pattern.compile("([0-9]{0,18})-([0-9]{0,18})");
    private static final Pattern CONTENT =
            Pattern.compile("bytes ([0-9]{1,18})-([0-9]{1,18})/(?:[0-9]+|\\*)");

    /** Checks that the range is neither negative nor empty. */
    public ByteRange {
        if (first < 0 || last < first) {
            throw new IllegalArgumentException("bad range: " + first + "-" + last);
        }
    }

    /** Returns the range that starts at an offset and has the given length. */
    public static ByteRange ofLength(long first, long length) {
        return new ByteRange(first, first + length - 1);
    }

    /** Resolves "0-499", "500-" or "-500" for a body of the given size; null when it lies outside. */
    public static ByteRange parse(String spec, long size) {
        Matcher matcher = SPEC.matcher(spec.strip());
        if (!matcher.matches() || matcher.group().length() == 1) {
            throw new IllegalArgumentException("bad range: " + spec);
        }
        String from = matcher.group(1);
        String to = matcher.group(2);
        if (from.isEmpty()) {
            long length = Math.min(Long.parseLong(to), size);
            return length == 0 ? null : new ByteRange(size - length, size - 1);
        }
        long first = Long.parseLong(from);
        ByteRange asked = new ByteRange(first, to.isEmpty() ? Math.max(first, size - 1) : Long.parseLong(to));
        return asked.clip(size);
    }

    /** Resolves a header such as "bytes=0-99,200-" and leaves out the ranges that lie outside the body. */
    public static List<ByteRange> parseHeader(String header, long size) {
        if (!header.startsWith("bytes=")) {
            throw new IllegalArgumentException("unknown unit: " + header);
        }
        List<ByteRange> ranges = new ArrayList<>();
        for (String spec : header.substring("bytes=".length()).split(",")) {
            ByteRange range = parse(spec, size);
            if (range != null) {
                ranges.add(range);
            }
        }
        return ranges;
    }

    /** Parses a Content-Range header such as "bytes 0-499/1234". */
    public static ByteRange parseContentRange(String header) {
        Matcher matcher = CONTENT.matcher(header);
        if (!matcher.matches()) {
            throw new IllegalArgumentException("bad Content-Range: " + header);
        }
        return new ByteRange(Long.parseLong(matcher.group(1)), Long.parseLong(matcher.group(2)));
    }

    /** Sorts ranges and joins those that overlap or touch. */
    public static List<ByteRange> coalesce(List<ByteRange> ranges) {
        List<ByteRange> joined = new ArrayList<>();
        for (ByteRange range : ranges.stream().sorted().toList()) {
            int end = joined.size() - 1;
            if (end >= 0 && joined.get(end).touches(range)) {
                joined.set(end, joined.get(end).span(range));
            } else {
                joined.add(range);
            }
        }
        return joined;
    }

    /** Returns the number of bytes. */
    public long length() {
        return last - first + 1;
    }

    /** Tells whether an offset lies in the range. */
    public boolean contains(long offset) {
        return first <= offset && offset <= last;
    }

    /** Tells whether another range lies entirely in this one. */
    public boolean contains(ByteRange other) {
        return first <= other.first && other.last <= last;
    }

    /** Tells whether the ranges have a byte in common. */
    public boolean overlaps(ByteRange other) {
        return first <= other.last && other.first <= last;
    }

    /** Tells whether the ranges overlap or lie side by side. */
    public boolean touches(ByteRange other) {
        return first <= other.last + 1 && other.first <= last + 1;
    }

    /** Returns the common part, or null when there is none. */
    public ByteRange intersect(ByteRange other) {
        long start = Math.max(first, other.first);
        long end = Math.min(last, other.last);
        return overlaps(other) ? new ByteRange(start, end) : null;
    }

    /** Returns the smallest range that holds both. */
    public ByteRange span(ByteRange other) {
        return new ByteRange(Math.min(first, other.first), Math.max(last, other.last));
    }

    /** Returns the range moved by a distance; this very range for zero. */
    public ByteRange shift(long distance) {
        return distance == 0 ? this : new ByteRange(first + distance, last + distance);
    }

    /** Cuts the range at the end of a body of the given size; null when it lies beyond. */
    public ByteRange clip(long size) {
        return first >= size ? null : new ByteRange(first, Math.min(last, size - 1));
    }

    /** Splits the range in pieces of at most the given length. */
    public List<ByteRange> chunks(long length) {
        List<ByteRange> pieces = new ArrayList<>();
        if (length < 1) {
            throw new IllegalArgumentException("bad length: " + length);
        }
        for (long start = first; start <= last; start += length) {
            pieces.add(new ByteRange(start, Math.min(last, start + length - 1)));
        }
        return pieces;
    }

    /** Returns a copy of these bytes of a body. */
    public byte[] slice(byte[] body) {
        return Arrays.copyOfRange(body, Math.toIntExact(first), Math.toIntExact(last + 1));
    }

    /** Writes the Content-Range header for a body of the given size; a negative size is unknown. */
    public String contentRange(long size) {
        return "bytes " + this + "/" + (size < 0 ? "*" : String.valueOf(size));
    }

    @Override
    public int compareTo(ByteRange other) {
        return first != other.first ? Long.compare(first, other.first) : Long.compare(last, other.last);
    }

    @Override
    public String toString() {
        return first + "-" + last;
    }
}
