package tessera.collect;

import java.util.Arrays;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** An immutable set of bit positions 0 to 63 held in a single long. */
public final class BitMask implements Comparable<BitMask> {
    /** The mask without any bit. */
    public static final BitMask EMPTY = new BitMask(0L);

    private final long bits;

    private BitMask(long bits) {
        this.bits = bits;
    }

    /** Returns the mask with the bits of the given number. */
    public static BitMask fromLong(long bits) {
        return bits == 0 ? EMPTY : new BitMask(bits);
    }

    /** Returns the mask with the given positions. */
    public static BitMask of(int... positions) {
        return fromLong(Arrays.stream(positions).mapToLong(BitMask::single).reduce(0L, (a, b) -> a | b));
    }

    /** Returns the mask with all positions from {@code from} inclusive to {@code to} exclusive. */
    public static BitMask range(int from, int to) {
        Objects.checkFromToIndex(from, to, Long.SIZE);
        return of(IntStream.range(from, to).toArray());
    }

    /** Reads a mask written as zeros and ones, the highest position first; underscores are ignored. */
    public static BitMask parse(String text) {
        String digits = text.replace("_", "");
        if (!digits.matches("[01]{1,64}")) {
            throw new IllegalArgumentException("not a binary number: " + text);
        }
        return fromLong(Long.parseUnsignedLong(digits, 2));
    }

    private static long single(int position) {
        return 1L << Objects.checkIndex(position, Long.SIZE);
    }

    /** Tells whether the position is set. */
    public boolean get(int position) {
        return (bits & single(position)) != 0;
    }

    /** Returns this mask with the position set. */
    public BitMask with(int position) {
        return get(position) ? this : fromLong(bits | single(position));
    }

    /** Returns this mask with the position cleared. */
    public BitMask without(int position) {
        return get(position) ? fromLong(bits & ~single(position)) : this;
    }

    /** Returns this mask with the position inverted. */
    public BitMask flip(int position) {
        return fromLong(bits ^ single(position));
    }

    /** Returns the positions set in both masks. */
    public BitMask and(BitMask other) {
        return fromLong(bits & other.bits);
    }

    /** Returns the positions set in at least one of both masks. */
    public BitMask or(BitMask other) {
        return fromLong(bits | other.bits);
    }

    /** Returns the positions set in exactly one of both masks. */
    public BitMask xor(BitMask other) {
        return fromLong(bits ^ other.bits);
    }

    /** Returns the positions set here but not in the other mask. */
    public BitMask minus(BitMask other) {
        return fromLong(bits & ~other.bits);
    }

    /** Tells whether every position of the other mask is set here too. */
    public boolean containsAll(BitMask other) {
        return (bits & other.bits) == other.bits;
    }

    /** Tells whether both masks have a position in common. */
    public boolean intersects(BitMask other) {
        return (bits & other.bits) != 0;
    }

    /** Returns the number of set positions. */
    public int cardinality() {
        return Long.bitCount(bits);
    }

    /** Returns the lowest set position, or -1 for the empty mask. */
    public int lowest() {
        return bits == 0 ? -1 : Long.numberOfTrailingZeros(bits);
    }

    /** Returns the highest set position, or -1 for the empty mask. */
    public int highest() {
        return Long.SIZE - 1 - Long.numberOfLeadingZeros(bits);
    }

    /** Returns the set positions in ascending order. */
    public int[] positions() {
        return IntStream.range(0, Long.SIZE).filter(this::get).toArray();
    }

    /** Returns the bits as a number. */
    public long toLong() {
        return bits;
    }

    @Override
    public int compareTo(BitMask other) {
        return Long.compareUnsigned(bits, other.bits);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof BitMask that && bits == that.bits;
    }

    @Override
    public int hashCode() {
        return Long.hashCode(bits);
    }

    @Override
    public String toString() {
        return IntStream.of(positions()).mapToObj(String::valueOf).collect(Collectors.joining(",", "{", "}"));
    }
}
