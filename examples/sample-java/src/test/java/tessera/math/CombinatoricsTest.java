package tessera.math;

import static org.hamcrest.CoreMatchers.hasItem;
import static org.hamcrest.CoreMatchers.is;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.junit.Assert.*;
import static tessera.math.Combinatorics.*;

import java.math.BigInteger;
import java.util.HashSet;
import java.util.List;
import org.junit.Test;

public class CombinatoricsTest {

    @Test
    public void factorialGrowsBeyondLong() {
        assertEquals(BigInteger.ONE, factorial(0));
        assertEquals(BigInteger.valueOf(120), factorial(5));
        assertEquals(new BigInteger("2432902008176640000"), factorial(20));
        assertEquals(factorial(20).multiply(BigInteger.valueOf(21)), factorial(21));
        assertEquals(19, factorial(21).toString().length() - 1);
    }

    @Test
    public void factorialOfNegativeNumberFails() {
        try {
            factorial(-3);
            fail("negative argument accepted");
        } catch (IllegalArgumentException e) {
            assertThat(e.getMessage(), is("negative number of items: -3"));
        }
    }

    @Test
    public void chooseCountsSelections() {
        assertEquals(10, choose(5, 2));
        assertEquals(1, choose(5, 5));
        assertEquals(13983816L, choose(49, 6));
        assertEquals("symmetric", choose(30, 8), choose(30, 22));
    }

    @Test
    public void chooseIsZeroOutOfRange() {
        assertEquals(0, choose(4, 5));
        assertEquals(0, choose(4, -1));
        assertThrows(IllegalArgumentException.class, () -> choose(-1, 0));
        assertThrows(ArithmeticException.class, () -> choose(200, 100));
    }

    @Test
    public void arrangementsRespectTheOrder() {
        assertEquals(5 * 4, arrangements(5, 2));
        assertEquals(10 * 9 * 8, arrangements(10, 3));
        assertEquals(1, arrangements(7, 0));
        assertEquals(0, arrangements(2, 3));
        assertEquals(factorial(6).longValue(), arrangements(6, 6));
    }

    @Test
    public void multinomialOfTwoKindsIsChoose() {
        assertEquals(choose(9, 4), multinomial(4, 5));
        assertEquals(34650, multinomial(1, 4, 4, 2));
        assertEquals(3 * 2, multinomial(1, 1, 1));
        assertEquals(1L, multinomial());
    }

    @Test
    public void catalanNumbers() {
        long[] expected = {1, 1, 2, 5, 14, 42};
        for (int n = 0; n < expected.length; n++) {
            assertEquals("n = " + n, expected[n], catalan(n));
        }
        assertEquals(16796, catalan(10));
    }

    @Test
    public void pascalRowStartsAndEndsWithOne() {
        assertArrayEquals(new long[] {1}, pascalRow(0));
        assertArrayEquals(new long[] {1, 2, 1}, pascalRow(2));
        assertArrayEquals(new long[] {1, 4, 6, 4, 1}, pascalRow(4));
        assertEquals(252L, pascalRow(10)[5]);
    }

    @Test
    public void combinationsKeepTheOrderOfTheList() {
        List<String> letters = List.of("a", "b", "c");
        assertEquals(
                List.of(List.of("a", "b"), List.of("a", "c"), List.of("b", "c")), combinations(letters, 2));
        assertEquals(List.of(letters), combinations(letters, 3));
        assertEquals(List.of(List.of()), combinations(letters, 0));
        assertTrue(combinations(letters, 4).isEmpty());
    }

    @Test
    public void combinationsAreAsManyAsCounted() {
        List<Integer> items = List.of(1, 2, 3, 4, 5, 6);
        for (int k = 0; k <= 6; k++) {
            assertEquals(choose(6, k), combinations(items, k).size());
        }
        assertThat(combinations(items, 3), hasItem(List.of(2, 4, 6)));
        assertFalse(combinations(items, 3).contains(List.of(6, 4, 2)));
    }

    @Test
    public void permutationsStartWithTheGivenOrder() {
        List<List<Integer>> all = permutations(List.of(1, 2, 3));
        assertEquals(6, all.size());
        assertEquals(List.of(1, 2, 3), all.get(0));
        assertEquals(List.of(3, 2, 1), all.get(5));
        assertEquals(24, new HashSet<>(permutations(List.of(1, 2, 3, 4))).size());
    }

    @Test
    public void permutationsOfShortLists() {
        assertEquals(List.of(List.of()), permutations(List.of()));
        assertEquals(List.of(List.of("x")), permutations(List.of("x")));
        assertThat(permutations(List.of("x", "y")), hasItem(List.of("y", "x")));
    }

    @Test
    public void pairsCombineTwoLists() {
        List<List<Integer>> pairs = pairs(List.of(1, 2), List.of(8, 9));
        assertEquals(List.of(List.of(1, 8), List.of(1, 9), List.of(2, 8), List.of(2, 9)), pairs);
        assertThat(pairs(List.of('a'), List.of('b', 'c')), hasItem(List.of('a', 'c')));
        assertTrue(pairs(List.of(1, 2), List.<Integer>of()).isEmpty());
    }

    @Test
    public void nextPermutationIsTheSmallestLargerOne() {
        assertArrayEquals(new int[] {1, 3, 2}, nextPermutation(new int[] {1, 2, 3}));
        assertArrayEquals(new int[] {2, 1, 3}, nextPermutation(new int[] {1, 3, 2}));
        assertArrayEquals(new int[] {3, 1, 1}, nextPermutation(new int[] {1, 3, 1}));
        assertNull(nextPermutation(new int[] {3, 2, 1}));
        assertNull(nextPermutation(new int[] {}));
    }

    @Test
    public void nextPermutationLeavesItsArgumentAlone() {
        int[] digits = {4, 5};
        assertNotSame(digits, nextPermutation(digits));
        assertArrayEquals(new int[] {4, 5}, digits);
    }

    @Test
    public void rearrangementsHaveTheSameLetters() {
        assertTrue(isRearrangement("listen", "silent"));
        assertTrue("empty texts", isRearrangement("", ""));
        assertFalse(isRearrangement("aab", "abb"));
        assertFalse("case matters", isRearrangement("Tea", "ate"));
    }
}
