package tessera.math;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.everyItem;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.hasEntry;
import static org.hamcrest.Matchers.hasItems;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.not;
import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import java.util.Map;
import java.util.NoSuchElementException;
import java.util.OptionalInt;
import org.junit.Test;

public class PrimesTest {

    private static final Primes PRIMES = new Primes(100);

    @Test
    public void tableIncludesTheLimit() {
        assertArrayEquals(new int[] {2, 3, 5, 7, 11}, new Primes(11).toArray());
        assertArrayEquals(new int[] {2, 3, 5, 7}, new Primes(10).toArray());
        assertArrayEquals(new int[] {2}, new Primes(2).toArray());
        assertArrayEquals(new int[0], new Primes(1).toArray());
    }

    @Test
    public void countAndLimit() {
        assertEquals(25, PRIMES.count());
        assertEquals(100, PRIMES.limit());
        assertEquals(168, new Primes(1000).count());
        assertEquals(0, new Primes(0).count());
    }

    @Test
    public void negativeLimitIsRejected() {
        assertThrows("below zero", IllegalArgumentException.class, () -> new Primes(-1));
    }

    @Test
    public void containsLooksUpTheTable() {
        assertTrue(PRIMES.contains(97));
        assertTrue(PRIMES.contains(2));
        assertFalse(PRIMES.contains(91));
        assertFalse(PRIMES.contains(-7));
        assertThrows(IllegalArgumentException.class, () -> PRIMES.contains(101));
    }

    @Test
    public void tableAgreesWithTrialDivision() {
        for (int n = 0; n <= 100; n++) {
            assertEquals("number " + n, Primes.isPrime(n), PRIMES.contains(n));
        }
    }

    @Test
    public void afterFindsTheNextPrime() {
        assertEquals(OptionalInt.of(11), PRIMES.after(7));
        assertEquals(OptionalInt.of(2), PRIMES.after(-50));
        assertEquals(29, PRIMES.after(23).getAsInt());
        assertEquals(OptionalInt.empty(), PRIMES.after(97));
    }

    @Test
    public void beforeFindsThePreviousPrime() {
        assertEquals(7, PRIMES.before(11).getAsInt());
        assertEquals(97, PRIMES.before(1000).getAsInt());
        assertTrue(PRIMES.before(2).isEmpty());
        assertThrows(NoSuchElementException.class, () -> PRIMES.before(0).getAsInt());
    }

    @Test
    public void betweenIncludesBothEnds() {
        assertThat(PRIMES.between(11, 19), contains(11, 13, 17, 19));
        assertThat(PRIMES.between(90, 200), contains(97));
        assertThat(PRIMES.between(24, 28), empty());
        assertThat(PRIMES.between(50, 100), hasSize(10));
        assertThat(PRIMES.between(50, 100), everyItem(greaterThan(50)));
    }

    @Test
    public void twinsDifferByTwo() {
        assertThat(new Primes(20).twins(), contains(3, 5, 11, 17));
        assertThat(PRIMES.twins(), hasItems(29, 41, 71));
        assertThat(PRIMES.twins(), not(hasItems(97)));
        assertThat(new Primes(4).twins(), empty());
    }

    @Test
    public void isPrimeWithoutATable() {
        assertTrue(Primes.isPrime(104729));
        assertTrue("Mersenne", Primes.isPrime((1L << 31) - 1));
        assertFalse(Primes.isPrime(1));
        assertFalse("square", Primes.isPrime(49L * 49L));
    }

    @Test
    public void smallestFactorOfAPrimeIsItself() {
        assertEquals(3, Primes.smallestFactor(15));
        assertEquals(7, Primes.smallestFactor(7 * 11 * 13));
        assertEquals(13, Primes.smallestFactor(13));
        assertThrows(IllegalArgumentException.class, () -> Primes.smallestFactor(1));
    }

    @Test
    public void factorizeCountsExponents() {
        assertEquals(Map.of(2L, 3, 3L, 2), Primes.factorize(72));
        assertEquals(Map.of(2L, 1, 5L, 1, 101L, 1), Primes.factorize(1010));
        assertThat(Primes.factorize(1024), hasEntry(2L, 10));
        assertThat(Primes.factorize(360).keySet(), contains(2L, 3L, 5L));
        assertTrue(Primes.factorize(1).isEmpty());
    }

    @Test
    public void divisorsAreAscending() {
        assertThat(Primes.divisors(12), contains(1, 2, 3, 4, 6, 12));
        assertThat(Primes.divisors(17), contains(1, 17));
        assertThat(Primes.divisors(1), contains(1));
    }

    @Test
    public void totientCountsCoprimeNumbers() {
        assertEquals(4L, Primes.totient(12));
        assertEquals(17L - 1, Primes.totient(17));
        assertEquals(1L, Primes.totient(1));
        assertEquals(Primes.totient(4) * Primes.totient(9), Primes.totient(36));
    }

    @Test
    public void coprimeNumbersShareNoFactor() {
        assertTrue(Primes.areCoprime(8, 15));
        assertTrue(Primes.areCoprime(1, 0));
        assertFalse(Primes.areCoprime(21, 14));
        assertFalse(Primes.areCoprime(0, 5));
    }
}
