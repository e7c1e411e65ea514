package tessera.collect;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNotEquals;
import static org.junit.Assert.assertSame;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import org.junit.Test;

public class BitMaskTest {
    private static final BitMask LOW = BitMask.range(0, 4);
    private static final BitMask EVEN = BitMask.of(0, 2, 4, 6);

    @Test
    public void ofSetsTheGivenPositions() {
        assertEquals(0b1011L, BitMask.of(0, 1, 3).toLong());
        assertEquals(1L << 40, BitMask.of(40).toLong());
        assertEquals(0b100L, BitMask.of(2, 2, 2).toLong());
        assertEquals(0L, BitMask.of().toLong());
    }

    @Test
    public void rangeExcludesItsEnd() {
        assertEquals(0xFL, LOW.toLong());
        assertEquals(0xF0L, BitMask.range(4, 8).toLong());
        assertEquals(-1L, BitMask.range(0, Long.SIZE).toLong());
        assertSame(BitMask.EMPTY, BitMask.range(9, 9));
        assertThrows(IndexOutOfBoundsException.class, () -> BitMask.range(5, 4));
    }

    @Test
    public void parseReadsBinaryDigits() {
        assertEquals(BitMask.of(0, 2), BitMask.parse("101"));
        assertEquals(BitMask.of(4, 7), BitMask.parse("1001_0000"));
        assertSame(BitMask.EMPTY, BitMask.parse("0000"));
        assertEquals(BitMask.of(63), BitMask.parse("1" + "0".repeat(63)));
    }

    @Test
    public void parseRejectsEverythingElse() {
        for (String text : new String[] {"", "102", "0x1", "_", "1".repeat(65)}) {
            assertThrows(text, IllegalArgumentException.class, () -> BitMask.parse(text));
        }
    }

    @Test
    public void getReadsOnePosition() {
        assertTrue(EVEN.get(4));
        assertFalse(EVEN.get(5));
        assertTrue(BitMask.fromLong(Long.MIN_VALUE).get(63));
        assertFalse(BitMask.EMPTY.get(0));
    }

    @Test
    public void positionsAreChecked() {
        assertThrows(IndexOutOfBoundsException.class, () -> EVEN.get(64));
        assertThrows(IndexOutOfBoundsException.class, () -> EVEN.with(-1));
        assertThrows(IndexOutOfBoundsException.class, () -> BitMask.of(1, 64));
    }

    @Test
    public void withSetsAndWithoutClears() {
        assertEquals(BitMask.of(1, 5), BitMask.of(1).with(5));
        assertEquals(BitMask.of(5), BitMask.of(1, 5).without(1));
        assertSame(EVEN, EVEN.with(2));
        assertSame(EVEN, EVEN.without(3));
        assertSame(BitMask.EMPTY, BitMask.of(8).without(8));
    }

    @Test
    public void flipInvertsOnePosition() {
        assertEquals(0b0111L, LOW.flip(3).toLong());
        assertEquals(0b11111L, LOW.flip(4).toLong());
        assertEquals(LOW, LOW.flip(2).flip(2));
    }

    @Test
    public void setOperations() {
        assertEquals(BitMask.of(0, 2), LOW.and(EVEN));
        assertEquals(BitMask.of(0, 1, 2, 3, 4, 6), LOW.or(EVEN));
        assertEquals(BitMask.of(1, 3, 4, 6), LOW.xor(EVEN));
        assertEquals(BitMask.of(1, 3), LOW.minus(EVEN));
    }

    @Test
    public void setOperationLaws() {
        assertEquals(LOW.or(EVEN), EVEN.or(LOW));
        assertEquals(LOW.xor(EVEN), LOW.minus(EVEN).or(EVEN.minus(LOW)));
        assertEquals(BitMask.EMPTY, EVEN.xor(EVEN));
        assertNotEquals(LOW.minus(EVEN), EVEN.minus(LOW));
    }

    @Test
    public void containsAllAndIntersects() {
        assertTrue(LOW.containsAll(BitMask.of(1, 2)));
        assertFalse(LOW.containsAll(EVEN));
        assertTrue(EVEN.containsAll(BitMask.EMPTY));
        assertTrue(LOW.intersects(EVEN));
        assertFalse(LOW.intersects(BitMask.range(4, 64)));
    }

    @Test
    public void cardinalityCountsPositions() {
        assertEquals(4, EVEN.cardinality());
        assertEquals(Long.SIZE, BitMask.fromLong(-1L).cardinality());
        assertEquals(0, BitMask.EMPTY.cardinality());
    }

    @Test
    public void lowestAndHighestPosition() {
        assertEquals(3, BitMask.of(3, 17, 5).lowest());
        assertEquals(17, BitMask.of(3, 17, 5).highest());
        assertEquals(-1, BitMask.EMPTY.lowest());
        assertEquals(-1, BitMask.EMPTY.highest());
    }

    @Test
    public void positionsAreAscending() {
        assertArrayEquals(new int[] {0, 2, 4, 6}, EVEN.positions());
        assertArrayEquals(new int[] {1, 9}, BitMask.of(9, 1).positions());
        assertArrayEquals(new int[0], BitMask.EMPTY.positions());
    }

    @Test
    public void comparesAsUnsignedNumbers() {
        assertTrue(BitMask.of(3).compareTo(BitMask.of(2)) > 0);
        assertTrue(BitMask.of(1, 2).compareTo(BitMask.of(1, 3)) < 0);
        assertTrue(BitMask.of(63).compareTo(BitMask.of(0)) > 0);
        assertEquals(0, EVEN.compareTo(BitMask.fromLong(0b1010101)));
    }

    @Test
    public void textListsPositions() {
        assertEquals("{0,2,4,6}", EVEN.toString());
        assertEquals("{}", BitMask.EMPTY.toString());
        assertEquals("{5,6}", BitMask.range(5, 7).toString());
        assertEquals(BitMask.of(33).hashCode(), Long.hashCode(1L << 33));
    }
}
