package tessera.math;

import java.util.BitSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** A table of the prime numbers up to a limit, with number theory that is based on it. */
public final class Primes {

    private final int limit;
    private final BitSet table;

    /** Creates the table of all primes from 2 to the limit, which is included. */
    public Primes(int limit) {
        if (limit < 0) {
            throw new IllegalArgumentException("negative limit: " + limit);
        }
        this.limit = limit;
        this.table = new BitSet(limit + 1);
        if (limit >= 2) {
            table.set(2, limit + 1);
        }
        for (int p = 2; (long) p * p <= limit; p = table.nextSetBit(p + 1)) {
            for (long multiple = (long) p * p; multiple <= limit; multiple += p) {
                table.clear((int) multiple);
            }
        }
    }

    /** Returns the largest number that the table covers. */
    public int limit() {
        return limit;
    }

    /** Returns how many primes the table holds. */
    public int count() {
        return table.cardinality();
    }

    /** Returns true if the number is prime; fails if it is beyond the limit. */
    public boolean contains(int number) {
        if (number > limit) {
            throw new IllegalArgumentException(number + " is beyond the limit " + limit);
        }
        return number >= 0 && table.get(number);
    }

    /** Returns the smallest prime of the table above the number, if there is one. */
    public OptionalInt after(int number) {
        int next = table.nextSetBit(Math.max(0, number + 1));
        return next < 0 ? OptionalInt.empty() : OptionalInt.of(next);
    }

    /** Returns the largest prime of the table below the number, if there is one. */
    public OptionalInt before(int number) {
        int previous = table.previousSetBit(Math.max(0, number) - 1);
        return previous < 0 ? OptionalInt.empty() : OptionalInt.of(previous);
    }

    /** Returns the primes of the table from first to last, both included. */
    public List<Integer> between(int first, int last) {
        return table.stream().filter(p -> p >= first && p <= last).boxed().collect(Collectors.toList());
    }

    /** Returns the smaller members of all pairs of primes in the table that differ by 2. */
    public List<Integer> twins() {
        return table.stream().filter(p -> table.get(p + 2)).boxed().collect(Collectors.toList());
    }

    /** Returns all primes of the table in ascending order. */
    public int[] toArray() {
        return table.stream().toArray();
    }

    /** Returns true if the number is prime, by trial division and without a table. */
    public static boolean isPrime(long number) {
        return number > 1 && smallestFactor(number) == number;
    }

    /** Returns the smallest prime factor of a number above 1. */
    public static long smallestFactor(long number) {
        if (number < 2) {
            throw new IllegalArgumentException("no prime factors: " + number);
        }
        for (long factor = 2; factor <= number / factor; factor++) {
            if (number % factor == 0) {
                return factor;
            }
        }
        return number;
    }

    /** Returns the prime factors of a positive number with their exponents. */
    public static SortedMap<Long, Integer> factorize(long number) {
        SortedMap<Long, Integer> factors = new TreeMap<>();
        long rest = number;
        while (rest != 1) {
            long factor = smallestFactor(rest);
            factors.merge(factor, 1, Integer::sum);
            rest /= factor;
        }
        return factors;
    }

    /** Returns all positive divisors of a positive number in ascending order. */
    public static List<Integer> divisors(int number) {
        return IntStream.rangeClosed(1, number)
                .filter(d -> number % d == 0)
                .boxed()
                .collect(Collectors.toList());
    }

    /** Returns how many of the numbers from 1 to the given one have no factor in common with it. */
    public static long totient(long number) {
        long result = number;
        for (long prime : factorize(number).keySet()) {
            result -= result / prime;
        }
        return result;
    }

    /** Returns true if the two numbers have no common factor above 1. */
    public static boolean areCoprime(long a, long b) {
        return b == 0 ? Math.abs(a) == 1 : areCoprime(b, a % b);
    }
}
