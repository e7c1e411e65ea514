package tessera.collect;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNotEquals;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import java.util.List;
import java.util.Set;
import org.junit.Test;

public class MultisetTest {
    private static Multiset<Character> letters(String word) {
        return Multiset.copyOf(word.chars().mapToObj(c -> (char) c).toList());
    }

    @Test
    public void countsRepeatedElements() {
        Multiset<Character> banana = letters("banana");
        assertEquals(3, banana.count('a'));
        assertEquals(2, banana.count('n'));
        assertEquals(1, banana.count('b'));
        assertEquals(0, banana.count('z'));
    }

    @Test
    public void sizeCountsEveryOccurrence() {
        assertEquals("banana".length(), letters("banana").size());
        assertEquals(3, Multiset.of("x", "x", "y").size());
        assertEquals(0, new Multiset<String>().size());
    }

    @Test
    public void addReturnsTheNewCount() {
        Multiset<String> fruit = new Multiset<>();
        assertEquals(2, fruit.add("apple", 2));
        assertEquals(2 + 3, fruit.add("apple", 3));
        assertEquals(1, fruit.add("pear", 1));
        assertEquals(2 + 3 + 1, fruit.size());
    }

    @Test
    public void addingNothingKeepsTheBagEmpty() {
        Multiset<String> bag = new Multiset<>();
        bag.add("ghost", 0);
        assertTrue(bag.isEmpty());
        assertTrue(bag.distinct().isEmpty());
    }

    @Test
    public void removeStopsAtZero() {
        Multiset<String> coins = Multiset.of("dime", "dime", "penny");
        assertEquals(1, coins.remove("dime", 1));
        assertEquals(1, coins.remove("dime", 10));
        assertEquals(0, coins.remove("dime", 10));
        assertFalse(coins.distinct().contains("dime"));
    }

    @Test
    public void setCountReplacesTheOldCount() {
        Multiset<Integer> dice = Multiset.of(6, 6, 6, 1);
        dice.setCount(6, 1);
        assertEquals(2, dice.size());
        assertEquals(0, dice.setCount(1, 0));
        assertEquals(Set.of(6), dice.distinct());
    }

    @Test
    public void negativeNumbersAreRejected() {
        Multiset<String> bag = Multiset.of("a");
        assertThrows(IllegalArgumentException.class, () -> bag.add("a", -1));
        assertThrows(IllegalArgumentException.class, () -> bag.remove("a", -2));
        assertThrows(IllegalArgumentException.class, () -> bag.setCount("a", -3));
        assertEquals(1, bag.count("a"));
    }

    @Test
    public void plusAddsTheCounts() {
        Multiset<String> sum = Multiset.of("a", "b").plus(Multiset.of("b", "c"));
        assertEquals(Multiset.of("a", "b", "b", "c"), sum);
        assertEquals(Multiset.of("a"), Multiset.of("a").plus(new Multiset<>()));
        assertEquals(4, sum.size());
    }

    @Test
    public void minusNeverGoesBelowZero() {
        assertEquals(letters("nn"), letters("banana").minus(letters("aaab")));
        assertEquals(letters("bnn"), letters("banana").minus(letters("aaaaa")));
        assertEquals(letters(""), letters("ban").minus(letters("banana")));
        assertTrue(letters("ban").minus(letters("nab")).isEmpty());
    }

    @Test
    public void intersectTakesTheSmallerCount() {
        assertEquals(letters("aan"), letters("banana").intersect(letters("naal")));
        assertEquals(letters(""), letters("xyz").intersect(letters("abc")));
        assertFalse(letters("xy").intersect(letters("yz")).isEmpty());
    }

    @Test
    public void containsAllComparesCounts() {
        assertTrue(letters("letters").containsAll(letters("settle")));
        assertFalse(letters("letters").containsAll(letters("settles")));
        assertTrue(letters("a").containsAll(new Multiset<>()));
        assertFalse(new Multiset<Character>().containsAll(letters("a")));
    }

    @Test
    public void mostCommonSortsByFallingCount() {
        Multiset<String> votes = Multiset.of("red", "blue", "blue", "green", "green", "blue");
        assertEquals(List.of("blue"), votes.mostCommon(1));
        assertEquals(List.of("blue", "green"), votes.mostCommon(2));
        assertEquals(List.of("blue", "green", "red"), votes.mostCommon(99));
        assertTrue(votes.mostCommon(0).isEmpty());
    }

    @Test
    public void orderOfInsertionDoesNotMatterForEquality() {
        assertEquals(letters("listen"), letters("silent"));
        assertNotEquals(letters("list"), letters("lists"));
        assertEquals(letters("abc").hashCode(), letters("cab").hashCode());
        assertFalse(letters("a").equals((Object) "a"));
    }

    @Test
    public void textShowsCountsAboveOne() {
        assertEquals("[b, a x 3, n x 2]", letters("banana").toString());
        assertEquals("[]", new Multiset<Long>().toString());
        assertEquals("[7 x 2]", Multiset.of(7, 7).toString());
    }
}
