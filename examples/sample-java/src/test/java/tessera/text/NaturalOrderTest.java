package tessera.text;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNotEquals;
import static org.junit.Assert.assertNotSame;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertSame;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;
import static tessera.text.NaturalOrder.EXACT;
import static tessera.text.NaturalOrder.IGNORE_CASE;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.TreeSet;
import org.junit.Test;

public class NaturalOrderTest {
    @Test
    public void shouldCompareDigitsAsNumbers() {
        assertTrue(EXACT.compare("file9", "file10") < 0);
        assertTrue(EXACT.compare("v1.10", "v1.2") > 0);
        assertTrue(EXACT.compare("2 apples", "11 apples") < 0);
        assertFalse(EXACT.compare("x100", "x99") <= 0);
    }

    @Test
    public void shouldReturnSigns() {
        assertEquals(-1, EXACT.compare("a", "z"));
        assertEquals(1, EXACT.compare("z", "a"));
        assertEquals(0, EXACT.compare("a1b", "a1b"));
        assertEquals(-EXACT.compare("p5", "p50"), EXACT.compare("p50", "p5"));
    }

    @Test
    public void shouldPutPrefixesFirst() {
        assertTrue("empty", EXACT.compare("", "a") < 0);
        assertTrue("number", EXACT.compare("chapter", "chapter1") < 0);
        assertTrue("text", EXACT.compare("1", "1a") < 0);
    }

    @Test
    public void shouldPutFewerZerosFirst() {
        assertEquals(-1, EXACT.compare("img1", "img01"));
        assertEquals(1, EXACT.compare("img2", "img01"));
        assertEquals(1, IGNORE_CASE.compare("IMG007", "img7"));
    }

    @Test
    public void shouldCompareHugeNumbers() {
        String huge = "9".repeat(40);
        assertEquals(-1, EXACT.compare(huge, "1" + "0".repeat(40)));
        assertEquals(1, EXACT.compare(huge, "5"));
        assertEquals(0, EXACT.compare(huge, huge));
    }

    @Test
    public void shouldTellCaseApartUnlessAsked() {
        assertNotEquals(0, EXACT.compare("Readme", "README"));
        assertEquals(0, IGNORE_CASE.compare("Readme", "README"));
        assertTrue(EXACT.compare("Z", "a") < 0 && IGNORE_CASE.compare("Z", "a") > 0);
    }

    @Test
    public void shouldSortLists() {
        List<String> names = List.of("p10", "p9", "P1", "p1");
        assertEquals(List.of("P1", "p1", "p9", "p10"), EXACT.sorted(names));
        assertEquals("p10", EXACT.sorted(names).get(3));
        assertNotSame(names, EXACT.sorted(names));
        assertEquals(Collections.emptyList(), EXACT.sorted(List.of()));
    }

    @Test
    public void shouldSortArrays() {
        String[] names = {"b2", "b1", "a10", "a9"};
        assertArrayEquals(new String[] {"a9", "a10", "b1", "b2"}, EXACT.sorted(names));
        assertArrayEquals(new String[] {"A", "b"}, IGNORE_CASE.sorted("b", "A"));
        assertArrayEquals("copy", new String[0], EXACT.sorted(new String[0]));
        assertEquals("the argument is left alone", "b2", names[0]);
    }

    @Test
    public void shouldServeAsComparator() {
        TreeSet<String> set = new TreeSet<>(IGNORE_CASE);
        Collections.addAll(set, "b10", "B9", "b9");
        assertEquals(2, set.size());
        assertEquals("B9", set.first());
        assertEquals(1, EXACT.reversed().compare("t3", "t20"));
        assertEquals(-1, EXACT.reversed().compare("t20", "t3"));
    }

    @Test
    public void shouldCheckOrder() {
        assertTrue(EXACT.isSorted(List.of("1", "2", "10")));
        assertTrue(EXACT.isSorted(List.of("same", "same")));
        assertFalse(EXACT.isSorted(List.of("1", "10", "2")));
        assertTrue(EXACT.isSorted(EXACT.sorted(List.of("c7", "c11", "a"))));
        assertTrue("nothing is sorted", EXACT.isSorted(List.of()));
    }

    @Test
    public void shouldFindTheLast() {
        assertEquals("v1.12", EXACT.last(List.of("v1.9", "v1.12", "v1.2")));
        assertEquals("b", IGNORE_CASE.last(Arrays.asList("A", "b")));
        assertSame("x", EXACT.last(Collections.singleton("x")));
        assertNull(EXACT.last(Collections.emptySet()));
    }

    @Test
    public void shouldSearchSortedLists() {
        List<String> sorted = List.of("a1", "a5", "a10", "a20");
        assertEquals(2, EXACT.search(sorted, "a10"));
        assertEquals(0, EXACT.search(sorted, "a1"));
        assertEquals(-3, EXACT.search(sorted, "a7"));
        assertTrue(IGNORE_CASE.search(sorted, "A20") == 3);
        assertTrue(EXACT.search(sorted, "A20") < 0);
    }

    @Test
    public void shouldSplitIntoChunks() {
        assertEquals(List.of("abc", "12", "d"), NaturalOrder.chunks("abc12d"));
        assertEquals(List.of("007"), NaturalOrder.chunks("007"));
        assertEquals(0, NaturalOrder.chunks("").size());
        assertEquals("v1.2.3", String.join("", NaturalOrder.chunks("v1.2.3")));
    }

    @Test
    public void shouldReadTrailingNumbers() {
        assertEquals(42L, NaturalOrder.trailingNumber("answer42"));
        assertEquals(7L, NaturalOrder.trailingNumber("007"));
        assertEquals(-1L, NaturalOrder.trailingNumber("7th"));
        assertThrows(NumberFormatException.class, () -> NaturalOrder.trailingNumber("9".repeat(30)));
    }

    @Test
    public void shouldNameSuccessors() {
        assertEquals("file10", NaturalOrder.successor("file9"));
        assertEquals("img008", NaturalOrder.successor("img007"));
        assertEquals("v" + 1000, NaturalOrder.successor("v" + 999));
        assertEquals("copy2", NaturalOrder.successor("copy"));
        assertEquals(-1, EXACT.compare("n99", NaturalOrder.successor("n99")));
    }

    @Test
    public void shouldPrintItsName() {
        assertEquals("natural order", EXACT.toString());
        assertTrue(IGNORE_CASE.toString().startsWith(EXACT.toString()));
    }
}
