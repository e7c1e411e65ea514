package tessera.text;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertSame;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;
import static tessera.text.EditDistance.closest;
import static tessera.text.EditDistance.commonPrefix;
import static tessera.text.EditDistance.commonSubsequence;
import static tessera.text.EditDistance.damerau;
import static tessera.text.EditDistance.dice;
import static tessera.text.EditDistance.hamming;
import static tessera.text.EditDistance.levenshtein;
import static tessera.text.EditDistance.similarity;
import static tessera.text.EditDistance.table;
import static tessera.text.EditDistance.within;

import java.util.List;
import org.junit.Test;

public class EditDistanceTest {
    private static final double EPS = 1e-9;

    @Test
    public void testLevenshtein() {
        assertEquals(3, levenshtein("kitten", "sitting"));
        assertEquals(2, levenshtein("flaw", "lawn"));
        assertEquals(0, levenshtein("same", "same"));
        assertEquals(1, levenshtein("cat", "cats"));
    }

    @Test
    public void testLevenshteinOfEmpty() {
        String word = "word";
        assertEquals(word.length(), levenshtein("", word));
        assertEquals(word.length(), levenshtein(word, ""));
    }

    @Test
    public void testLevenshteinIsSymmetric() {
        String[] words = {"", "a", "ab", "ba", "abc", "cab"};
        for (String a : words) {
            for (String b : words) {
                assertEquals(levenshtein(a, b), levenshtein(b, a));
                assertTrue(a + "/" + b, levenshtein(a, b) <= Math.max(a.length(), b.length()));
            }
        }
    }

    @Test
    public void testLevenshteinOfOtherCharSequences() {
        StringBuilder built = new StringBuilder("ab").append("cd");
        assertEquals(0, levenshtein(built, "abcd"));
        assertEquals(1, levenshtein(built, "abd"));
        assertEquals(4, levenshtein(built.reverse(), "abcd"));
    }

    @Test
    public void testTable() {
        int[][] d = table("ab", "b");
        assertArrayEquals(new int[] {0, 1}, d[0]);
        assertArrayEquals(new int[] {1, 1}, d[1]);
        assertArrayEquals(new int[] {2, 1}, d[2]);
    }

    @Test
    public void testTableSize() {
        assertEquals(4, table("abc", "vwxyz").length);
        assertEquals(6, table("abc", "vwxyz")[0].length);
        assertArrayEquals(new int[][] {{0}}, table("", ""));
    }

    @Test
    public void testDamerauCountsSwapsOnce() {
        assertEquals(1, damerau("form", "from"));
        assertEquals(2, levenshtein("form", "from"));
        assertEquals(2, damerau("abcd", "badc"));
        assertTrue(damerau("teh", "the") < levenshtein("teh", "the"));
    }

    @Test
    public void testHamming() {
        assertEquals(3, hamming("karolin", "kathrin"));
        assertEquals(2, hamming("1011101", "1001001"));
        assertEquals(0L, hamming("", ""));
    }

    @Test
    public void testHammingNeedsOneLength() {
        Exception e = assertThrows(IllegalArgumentException.class, () -> hamming("abc", "ab"));
        assertEquals("lengths differ: 3 and 2", e.getMessage());
        assertThrows(IllegalArgumentException.class, () -> hamming("", "x"));
    }

    @Test
    public void testSimilarity() {
        assertEquals(0.75, similarity("cats", "cat"), EPS);
        assertEquals(1.0, similarity("", ""), EPS);
        assertEquals(0.0, similarity("abc", "xyz"), EPS);
        assertEquals(1 - 3 / 7.0, similarity("kitten", "sitting"), EPS);
    }

    @Test
    public void testDice() {
        assertEquals(0.25, dice("night", "nacht"), 1e-12);
        assertEquals(1.0, dice("abab", "abab"), 1e-12);
        assertEquals(2.0 * 1 / (1 + 3), dice("ab", "abab"), 1e-12);
        assertEquals("no pairs", 0, dice("a", "b"), 0);
        assertEquals("no pairs, but equal", 1, dice("a", "a"), 0);
    }

    @Test
    public void testCommonSubsequence() {
        assertEquals("ace", commonSubsequence("abcde", "ace"));
        assertEquals("hman", commonSubsequence("human", "chimpanhman"));
        assertEquals("", commonSubsequence("abc", "xyz"));
        assertEquals(4, commonSubsequence("AGGTAB", "GXTXAYB").length());
    }

    @Test
    public void testCommonPrefix() {
        assertEquals(5, commonPrefix("interval", "interest"));
        assertEquals(0, commonPrefix("left", "right"));
        assertEquals("car".length(), commonPrefix("car", "carpet"));
    }

    @Test
    public void testWithin() {
        assertTrue(within(1, "color", "colour"));
        assertTrue(within(0, "x", "x"));
        assertFalse(within(2, "kitten", "sitting"));
        assertFalse("lengths are too different", within(3, "a", "abcdef"));
    }

    @Test
    public void testClosest() {
        List<String> commands = List.of("commit", "checkout", "status", "stash");
        assertEquals("status", closest("statsu", commands));
        assertEquals("commit", closest("comit", commands));
        assertSame(commands.get(3), closest("stsh", commands));
        assertNull(closest("push", List.of()));
    }
}
