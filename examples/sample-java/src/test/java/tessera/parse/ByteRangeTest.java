package tessera.parse;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNotEquals;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertSame;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.Test;

public class ByteRangeTest {
    private static final long SIZE = 1000L;

    private final ByteRange low = new ByteRange(0, 99);
    private final ByteRange middle = new ByteRange(50, 149);
    private final ByteRange high = new ByteRange(200, 299);

    @Test
    public void parsesOneRange() {
        assertEquals(new ByteRange(0, 499), ByteRange.parse("0-499", SIZE));
        assertEquals(new ByteRange(900, 999), ByteRange.parse("900-", SIZE));
        assertEquals(new ByteRange(980, 999), ByteRange.parse("-20", SIZE));
        assertEquals(new ByteRange(10, 999), ByteRange.parse(" 10-5000 ", SIZE));
    }

    @Test
    public void parsesNothingOutsideTheBody() {
        assertNull(ByteRange.parse("1000-", SIZE));
        assertNull(ByteRange.parse("1000-1001", SIZE));
        assertNull(ByteRange.parse("-0", SIZE));
        assertNull(ByteRange.parse("-5", 0L));
    }

    @Test
    public void rejectsMalformedRanges() {
        assertThrows(IllegalArgumentException.class, () -> ByteRange.parse("-", SIZE));
        assertThrows(IllegalArgumentException.class, () -> ByteRange.parse("9-3", SIZE));
        assertThrows(IllegalArgumentException.class, () -> ByteRange.parse("a-b", SIZE));
        assertThrows(IllegalArgumentException.class, () -> new ByteRange(-1, 5));
        assertThrows(IllegalArgumentException.class, () -> ByteRange.ofLength(5, 0));
    }

    @Test
    public void parsesHeaders() {
        assertEquals(List.of(low, high), ByteRange.parseHeader("bytes=0-99, 200-299", SIZE));
        assertEquals(List.of(new ByteRange(995, 999)), ByteRange.parseHeader("bytes=-5,4000-", SIZE));
        assertTrue(ByteRange.parseHeader("bytes=5000-6000", SIZE).isEmpty());
        assertThrows(IllegalArgumentException.class, () -> ByteRange.parseHeader("lines=1-2", SIZE));
    }

    @Test
    public void contentRangeRoundTrip() {
        assertEquals("bytes 0-99/1000", low.contentRange(SIZE));
        assertEquals("bytes 200-299/*", high.contentRange(-1));
        assertEquals(high, ByteRange.parseContentRange("bytes 200-299/1000"));
        assertEquals(middle, ByteRange.parseContentRange(middle.contentRange(-1)));
    }

    @Test
    public void length() {
        assertEquals(100L, low.length());
        assertEquals(1L, new ByteRange(7, 7).length());
        assertEquals(64L, ByteRange.ofLength(4096, 64).length());
        assertEquals(4159L, ByteRange.ofLength(4096, 64).last());
    }

    @Test
    public void containsOffsets() {
        assertTrue(middle.contains(50) && middle.contains(149));
        assertFalse(middle.contains(49) || middle.contains(150));
        assertTrue(middle.contains(new ByteRange(60, 149)));
        assertFalse(middle.contains(low));
    }

    @Test
    public void overlapsAndTouches() {
        ByteRange next = new ByteRange(100, 199);
        assertTrue(low.overlaps(middle));
        assertFalse(low.overlaps(next));
        assertTrue(low.touches(next));
        assertTrue(high.touches(next));
        assertFalse(low.touches(high));
    }

    @Test
    public void intersect() {
        assertEquals(new ByteRange(50, 99), low.intersect(middle));
        assertEquals(middle.intersect(low), low.intersect(middle));
        assertEquals(high, high.intersect(high));
        assertNull(low.intersect(high));
    }

    @Test
    public void span() {
        assertEquals(new ByteRange(0, 149), low.span(middle));
        assertEquals(new ByteRange(0, 299), high.span(low));
        assertEquals(high.span(low), low.span(high));
    }

    @Test
    public void shiftAndClip() {
        assertEquals(new ByteRange(10, 109), low.shift(10));
        assertEquals(low, high.shift(-200));
        assertSame(low, low.shift(0));
        assertEquals(new ByteRange(200, 249), high.clip(250));
        assertNull(high.clip(200));
    }

    @Test
    public void chunks() {
        List<ByteRange> pieces = new ByteRange(0, 24).chunks(10);
        assertEquals(3, pieces.size());
        assertEquals(new ByteRange(20, 24), pieces.get(2));
        assertEquals(List.of(high), high.chunks(100));
        assertThrows(IllegalArgumentException.class, () -> high.chunks(0));
    }

    @Test
    public void slice() {
        byte[] body = "hello world".getBytes(StandardCharsets.US_ASCII);
        assertArrayEquals("hello".getBytes(StandardCharsets.US_ASCII), new ByteRange(0, 4).slice(body));
        assertArrayEquals("world".getBytes(StandardCharsets.US_ASCII), new ByteRange(6, 10).slice(body));
        assertArrayEquals(new byte[] {'o'}, new ByteRange(4, 4).slice(body));
    }

    @Test
    public void coalesce() {
        assertEquals(List.of(new ByteRange(0, 149), high), ByteRange.coalesce(List.of(high, middle, low)));
        assertEquals(List.of(low), ByteRange.coalesce(List.of(low, low)));
        assertEquals(List.of(), ByteRange.coalesce(List.of()));
    }

    @Test
    public void orderAndText() {
        assertTrue(low.compareTo(middle) < 0);
        assertTrue(new ByteRange(0, 100).compareTo(low) > 0);
        assertEquals("50-149", middle.toString());
        assertNotEquals(low, new ByteRange(0, 98));
    }
}
