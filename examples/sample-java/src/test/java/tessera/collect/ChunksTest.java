package tessera.collect;

import static java.util.Arrays.asList;
import static java.util.Collections.emptyList;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.arrayContaining;
import static org.hamcrest.Matchers.arrayWithSize;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.emptyArray;
import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertNotSame;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.Test;

public class ChunksTest {
    private static List<Integer> upTo(int n) {
        return IntStream.rangeClosed(1, n).boxed().toList();
    }

    private static List<Integer> sizes(List<? extends List<?>> pieces) {
        return pieces.stream().map(List::size).toList();
    }

    @Test
    public void ofSize() {
        assertEquals(asList(asList(1, 2), asList(3, 4), asList(5)), Chunks.ofSize(upTo(5), 2));
        assertEquals(asList(asList(1, 2, 3), asList(4, 5, 6)), Chunks.ofSize(upTo(6), 3));
        assertEquals(asList(upTo(4)), Chunks.ofSize(upTo(4), 100));
        assertTrue(Chunks.ofSize(emptyList(), 3).isEmpty());
    }

    @Test
    public void ofSizeMakesCopies() {
        List<Integer> whole = upTo(3);
        assertNotSame(whole, Chunks.ofSize(whole, 3).get(0));
        assertEquals(whole, Chunks.concat(Chunks.ofSize(whole, 2)));
    }

    @Test
    public void inPartsBalancesTheSizes() {
        assertEquals(asList(4, 3, 3), sizes(Chunks.inParts(upTo(10), 3)));
        assertEquals(asList(2, 2, 2, 1), sizes(Chunks.inParts(upTo(7), 4)));
        assertEquals(asList(1, 1, 0), sizes(Chunks.inParts(upTo(2), 3)));
        assertEquals(asList(asList(1, 2), asList(3)), Chunks.inParts(upTo(3), 2));
    }

    @Test
    public void windowsOverlap() {
        assertEquals(asList(asList(1, 2), asList(2, 3), asList(3, 4)), Chunks.windows(upTo(4), 2));
        assertEquals(asList(upTo(4)), Chunks.windows(upTo(4), 4));
        assertEquals(emptyList(), Chunks.windows(upTo(4), 5));
        assertEquals(50 - 7 + 1, Chunks.windows(upTo(50), 7).size());
    }

    @Test
    public void runsOfNeighbours() {
        List<Integer> values = asList(1, 2, 3, 7, 8, 5);
        assertEquals(asList(upTo(3), asList(7, 8), asList(5)), Chunks.runs(values, (a, b) -> b - a == 1));
        assertEquals(asList(asList(1, 2, 3, 7, 8), asList(5)), Chunks.runs(values, (a, b) -> a < b));
        assertEquals(values.size(), Chunks.runs(values, (a, b) -> false).size());
        assertEquals(1, Chunks.runs(values, (a, b) -> true).size());
    }

    @Test
    public void runsOfEqualElements() {
        List<String> letters = asList("a", "a", "b", "c", "c", "c");
        assertEquals(asList(2, 1, 3), sizes(Chunks.runs(letters, String::equals)));
        assertEquals(asList(), Chunks.runs(List.<String>of(), String::equals));
    }

    @Test
    public void splitAtDropsTheSeparators() {
        List<String> lines = asList("x", "", "y", "z", "");
        assertEquals("[[x], [y, z], []]", Chunks.splitAt(lines, String::isEmpty).toString());
        assertEquals(asList(lines), Chunks.splitAt(lines, "never"::equals));
        assertEquals(asList(1, 0, 1), sizes(Chunks.splitAt(asList("p", "-", "-", "q"), "-"::equals)));
    }

    @Test
    public void ofLengthCutsStrings() {
        assertArrayEquals(new String[] {"abc", "def", "g"}, Chunks.ofLength("abcdefg", 3));
        assertArrayEquals(new String[] {"abcdefg"}, Chunks.ofLength("abcdefg", 50));
        assertThat(Chunks.ofLength("1100", 2), arrayContaining("11", "00"));
        assertThat(Chunks.ofLength("characters", 4), arrayWithSize(3));
        assertThat(Chunks.ofLength("", 4), emptyArray());
    }

    @Test
    public void rowsCutArrays() {
        int[] values = {1, 2, 3, 4, 5, 6};
        assertArrayEquals(new int[][] {{1, 2, 3}, {4, 5, 6}}, Chunks.rows(values, 3));
        assertArrayEquals(new int[][] {{1, 2, 3, 4}, {5, 6}}, Chunks.rows(values, 4));
        assertArrayEquals(values, Chunks.rows(values, 6)[0]);
        assertEquals(0, Chunks.rows(new int[0], 2).length);
    }

    @Test
    public void countRoundsUp() {
        assertEquals(4, Chunks.count(10, 3));
        assertEquals(3, Chunks.count(9, 3));
        assertEquals(0, Chunks.count(0, 3));
        assertEquals("no overflow", 2, Chunks.count(Integer.MAX_VALUE, Integer.MAX_VALUE - 1));
    }

    @Test
    public void interleaveAlternates() {
        assertEquals(asList(1, 9, 2, 8), Chunks.interleave(asList(1, 2), asList(9, 8)));
        assertEquals(asList("a", "x", "b", "c"), Chunks.interleave(asList("a", "b", "c"), asList("x")));
        assertEquals(upTo(3), Chunks.interleave(emptyList(), upTo(3)));
    }

    @Test
    public void concatJoinsPieces() {
        assertEquals(asList('a', 'b', 'c'), Chunks.concat(asList(asList('a'), asList('b', 'c'))));
        assertEquals(upTo(12), Chunks.concat(Chunks.inParts(upTo(12), 5)));
        assertTrue(Chunks.concat(asList(emptyList(), emptyList())).isEmpty());
    }

    @Test
    public void transposeSwapsRowsAndColumns() {
        List<List<Integer>> rows = List.of(List.of(1, 2), List.of(4, 5));
        assertEquals(List.of(List.of(1, 4), List.of(2, 5)), Chunks.transpose(rows));
        assertEquals(List.of(List.of(7), List.of(8)), Chunks.transpose(List.of(List.of(7, 8))));
        assertEquals(Chunks.ofSize(upTo(4), 2), Chunks.transpose(asList(asList(1, 3), asList(2, 4))));
    }

    @Test
    public void badArgumentsAreRejected() {
        assertThrows(IllegalArgumentException.class, () -> Chunks.ofSize(upTo(3), 0));
        assertThrows(IllegalArgumentException.class, () -> Chunks.inParts(upTo(3), -1));
        assertThrows(IllegalArgumentException.class, () -> Chunks.transpose(asList(upTo(2), upTo(3))));
        Throwable t = assertThrows(IllegalArgumentException.class, () -> Chunks.windows(upTo(3), 0));
        assertThat(t.getMessage(), containsString("size must be positive"));
    }
}
