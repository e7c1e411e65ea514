package tessera.text;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.comparesEqualTo;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThan;
import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNotSame;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertSame;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import java.util.List;
import java.util.Optional;
import org.junit.Test;

public class TextRangeTest {
    private static final String TEXT = "one two one";

    private final TextRange middle = new TextRange(4, 7);

    private static TextRange range(int start, int end) {
        return new TextRange(start, end);
    }

    @Test
    public void lengthIsEndMinusStart() {
        assertEquals(3, middle.length());
        assertEquals(middle.end() - middle.start(), middle.length());
        assertEquals(0, range(5, 5).length());
        assertTrue(range(5, 5).isEmpty());
        assertFalse(middle.isEmpty());
    }

    @Test
    public void rangesOfALength() {
        assertEquals(middle, TextRange.ofLength(4, 3));
        assertEquals(range(0, 0), TextRange.ofLength(0, 0));
        assertEquals(9, TextRange.ofLength(2, 7).end());
    }

    @Test
    public void badRangesAreRejected() {
        assertThrows(IllegalArgumentException.class, () -> range(3, 2));
        assertThrows(IllegalArgumentException.class, () -> range(-1, 2));
        assertThrows(IllegalArgumentException.class, () -> TextRange.ofLength(5, -1));
        assertThrows(IllegalArgumentException.class, () -> middle.shift(-5));
    }

    @Test
    public void findsTheFirst() {
        assertEquals(range(0, 3), TextRange.find(TEXT, "one"));
        assertEquals(range(4, 7), TextRange.find(TEXT, "two"));
        assertEquals(3, TextRange.find(TEXT, " ").start());
        assertNull(TextRange.find(TEXT, "three"));
        assertNull(TextRange.find("", TEXT));
    }

    @Test
    public void findsAll() {
        assertEquals(List.of(range(0, 3), range(8, 11)), TextRange.findAll(TEXT, "one"));
        assertEquals(List.of(range(0, 2), range(2, 4)), TextRange.findAll("aaaaa", "aa"));
        assertTrue(TextRange.findAll(TEXT, "x").isEmpty());
        assertThrows(IllegalArgumentException.class, () -> TextRange.findAll(TEXT, ""));
    }

    @Test
    public void findsWords() {
        assertEquals(middle, TextRange.wordAt(TEXT, 5));
        assertEquals(middle, TextRange.wordAt(TEXT, 7));
        assertEquals("one", TextRange.wordAt(TEXT, TEXT.length()).of(TEXT));
        assertTrue(TextRange.wordAt("a  b", 2).isEmpty());
    }

    @Test
    public void mergesRanges() {
        assertEquals(List.of(range(0, 5)), TextRange.merge(List.of(range(0, 3), range(2, 5))));
        assertEquals(List.of(range(0, 4)), TextRange.merge(List.of(range(2, 4), range(0, 2))));
        assertEquals(2, TextRange.merge(List.of(range(7, 9), range(0, 3), range(1, 2))).size());
        assertEquals(List.of(), TextRange.merge(List.of()));
    }

    @Test
    public void containsOffsets() {
        assertTrue(middle.contains(4));
        assertTrue(middle.contains(6));
        assertFalse(middle.contains(7));
        assertFalse(range(2, 2).contains(2));
    }

    @Test
    public void containsRanges() {
        assertTrue(middle.contains(middle));
        assertTrue(middle.contains(range(5, 6)));
        assertFalse(middle.contains(range(5, 8)));
        assertTrue("even an empty one at its end", middle.contains(range(7, 7)));
    }

    @Test
    public void overlapsAndTouches() {
        assertTrue(middle.overlaps(range(6, 9)));
        assertFalse(middle.overlaps(range(7, 9)));
        assertTrue(middle.touches(range(7, 9)));
        assertTrue(range(0, 4).touches(middle));
        assertFalse(range(0, 3).touches(middle));
    }

    @Test
    public void intersections() {
        assertEquals(Optional.of(range(5, 7)), middle.intersect(range(5, 20)));
        assertEquals(Optional.of(middle), middle.intersect(range(0, 20)));
        assertEquals(Optional.empty(), middle.intersect(range(8, 9)));
        assertTrue(middle.intersect(range(7, 9)).get().isEmpty());
        assertThat(middle.intersect(range(0, 1)).isPresent(), is(false));
    }

    @Test
    public void covers() {
        assertEquals(range(1, 7), middle.cover(range(1, 2)));
        assertEquals(range(4, 9), middle.cover(range(5, 9)));
        assertEquals(middle, middle.cover(middle));
        assertEquals(range(2, 8).length(), range(2, 3).cover(range(7, 8)).length());
    }

    @Test
    public void shifts() {
        assertEquals(range(6, 9), middle.shift(2));
        assertEquals(range(0, 3), middle.shift(-4));
        assertSame(middle, middle.shift(0));
        assertNotSame(middle, middle.shift(1).shift(-1));
        assertEquals(middle.length(), middle.shift(10).length());
    }

    @Test
    public void splits() {
        assertArrayEquals(new TextRange[] {range(4, 5), range(5, 7)}, middle.split(5));
        assertArrayEquals(new TextRange[] {range(4, 7), range(7, 7)}, middle.split(7));
        assertEquals(middle, middle.split(6)[0].cover(middle.split(6)[1]));
        assertThrows(IllegalArgumentException.class, () -> middle.split(8));
    }

    @Test
    public void takesAndReplacesParts() {
        assertEquals("two", middle.of(TEXT));
        assertEquals("b", range(1, 2).of(new StringBuilder("abc")));
        assertEquals("one 2 one", middle.replace(TEXT, "2"));
        assertEquals("ab", range(1, 1).replace("b", "").replace("b", "ab"));
        assertThrows(StringIndexOutOfBoundsException.class, () -> middle.of("short"));
    }

    @Test
    public void ordersByStartThenEnd() {
        assertThat(middle, greaterThan(range(3, 9)));
        assertThat(middle, lessThan(range(4, 8)));
        assertThat(middle, comparesEqualTo(range(4, 7)));
        assertEquals(-1, range(0, 1).compareTo(range(0, 2)));
    }
}
