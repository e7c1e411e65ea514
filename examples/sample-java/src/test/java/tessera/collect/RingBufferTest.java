package tessera.collect;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import java.util.Iterator;
import java.util.NoSuchElementException;
import org.junit.Test;

public class RingBufferTest {
    private static Object[] array(Object... elements) {
        return elements;
    }

    @Test
    public void testOfferUntilFull() {
        RingBuffer<String> buffer = new RingBuffer<>(2);
        assertTrue("first", buffer.offer("a"));
        assertTrue("second", buffer.offer("b"));
        assertFalse("third does not fit", buffer.offer("c"));
        assertArrayEquals("contents", array("a", "b"), buffer.toArray());
    }

    @Test
    public void testPushOverwritesOldest() {
        RingBuffer<Integer> buffer = RingBuffer.filledWith(1, 2, 3);
        assertEquals("overwritten", (Integer) 1, buffer.push(4));
        assertArrayEquals(array(2, 3, 4), buffer.toArray());
        assertEquals("overwritten", (Integer) 2, buffer.push(5));
        assertArrayEquals(array(3, 4, 5), buffer.toArray());
    }

    @Test
    public void testPushIntoFreeSlot() {
        RingBuffer<Integer> buffer = new RingBuffer<>(2);
        assertNull("nothing overwritten yet", buffer.push(10));
        assertNull("still room", buffer.push(20));
        assertEquals(10, buffer.push(30).intValue());
    }

    @Test
    public void testPollReturnsOldestFirst() {
        RingBuffer<String> queue = RingBuffer.filledWith("x", "y");
        assertEquals("x", queue.poll());
        assertEquals("y", queue.poll());
        assertNull("drained", queue.poll());
    }

    @Test
    public void testWrapAround() {
        RingBuffer<Character> buffer = RingBuffer.filledWith('a', 'b', 'c');
        buffer.poll();
        buffer.poll();
        buffer.offer('d');
        assertArrayEquals(new Object[] {'c', 'd'}, buffer.toArray());
        buffer.offer('e');
        assertArrayEquals(new Object[] {'c', 'd', 'e'}, buffer.toArray());
        assertFalse(buffer.offer('f'));
    }

    @Test
    public void testGetByAge() {
        RingBuffer<Long> buffer = RingBuffer.filledWith(7L, 8L, 9L);
        buffer.push(10L);
        assertEquals("oldest", 8L, (long) buffer.get(0));
        assertEquals("middle", 9L, (long) buffer.get(1));
        assertEquals("newest", 10L, (long) buffer.get(buffer.size() - 1));
    }

    @Test
    public void testGetOutsideOfContents() {
        RingBuffer<String> buffer = new RingBuffer<>(8);
        buffer.offer("only");
        assertThrows("past the end", IndexOutOfBoundsException.class, () -> buffer.get(1));
        assertThrows("negative", IndexOutOfBoundsException.class, () -> buffer.get(-1));
        assertEquals("only", buffer.get(0));
    }

    @Test
    public void testFirstAndLast() {
        RingBuffer<String> buffer = RingBuffer.filledWith("mon", "tue", "wed");
        assertEquals("first of full buffer", "mon", buffer.first());
        assertEquals("last of full buffer", "wed", buffer.last());
        buffer.push("thu");
        assertEquals("first after push", "tue", buffer.first());
        assertEquals("last after push", "thu", buffer.last());
    }

    @Test
    public void testFirstAndLastOfEmptyBuffer() {
        RingBuffer<String> empty = new RingBuffer<>(1);
        assertThrows(NoSuchElementException.class, empty::first);
        assertThrows(NoSuchElementException.class, empty::last);
    }

    @Test
    public void testIndexOf() {
        RingBuffer<String> buffer = RingBuffer.filledWith("do", "re", "do");
        assertEquals("oldest match wins", 0, buffer.indexOf("do"));
        assertEquals("single match", 1, buffer.indexOf("re"));
        assertEquals("no match", -1, buffer.indexOf("mi"));
        buffer.push("fa");
        assertEquals("shifted", 1, buffer.indexOf("do"));
    }

    @Test
    public void testSizeAndRemaining() {
        RingBuffer<Integer> buffer = new RingBuffer<>(4);
        for (int i = 0; i < 4; i++) {
            assertEquals("size before " + i, i, buffer.size());
            assertEquals("room before " + i, 4 - i, buffer.remaining());
            buffer.offer(i);
        }
        assertTrue(buffer.isFull());
        assertEquals(0, buffer.remaining());
    }

    @Test
    public void testClear() {
        RingBuffer<Integer> buffer = RingBuffer.filledWith(1, 2);
        buffer.clear();
        assertEquals(0, buffer.toArray().length);
        assertEquals(2, buffer.remaining());
        assertFalse("cleared buffer is not full", buffer.isFull());
    }

    @Test
    public void testIterator() {
        RingBuffer<String> buffer = RingBuffer.filledWith("u", "v");
        buffer.push("w");
        Iterator<String> iterator = buffer.iterator();
        assertEquals("v", iterator.next());
        assertTrue(iterator.hasNext());
        assertEquals("w", iterator.next());
        assertFalse(iterator.hasNext());
        assertThrows(NoSuchElementException.class, iterator::next);
    }

    @Test
    public void testNullIsRefused() {
        RingBuffer<String> buffer = RingBuffer.filledWith("kept");
        assertThrows(NullPointerException.class, () -> buffer.push(null));
        assertThrows(NullPointerException.class, () -> buffer.offer(null));
        assertEquals("[kept]", buffer.toString());
    }

    @Test
    public void testCapacityMustBePositive() {
        assertThrows(IllegalArgumentException.class, () -> new RingBuffer<String>(0));
        assertThrows(IllegalArgumentException.class, RingBuffer::filledWith);
    }
}
