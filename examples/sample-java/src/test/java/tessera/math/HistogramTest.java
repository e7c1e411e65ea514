package tessera.math;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.*;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNotEquals;
import static org.junit.Assert.assertNotNull;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertSame;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;
import static org.junit.Assert.fail;

import java.util.List;
import java.util.Map;
import org.junit.Before;
import org.junit.Test;

public class HistogramTest {

    private Histogram<String> fruit;

    @Before
    public void fill() {
        fruit = new Histogram<>();
        fruit.add("pear");
        fruit.add("apple", 3);
        fruit.add("fig", 2);
    }

    @Test
    public void addReturnsTheNewCount() {
        assertEquals(1, fruit.add("plum"));
        assertEquals(2, fruit.add("plum"));
        assertEquals(2 + 5, fruit.add("plum", 5));
        assertEquals(7, fruit.count("plum"));
    }

    @Test
    public void addRejectsZeroTimes() {
        assertThrows(IllegalArgumentException.class, () -> fruit.add("kiwi", 0));
        assertThrows(IllegalArgumentException.class, () -> fruit.add("fig", -1));
        assertEquals("unchanged", 2, fruit.count("fig"));
        assertFalse("unchanged", fruit.contains("kiwi"));
    }

    @Test
    public void removeTakesOneAway() {
        assertTrue(fruit.remove("fig"));
        assertEquals(1, fruit.count("fig"));
        assertTrue(fruit.remove("fig"));
        assertFalse(fruit.remove("fig"));
        assertFalse(fruit.contains("fig"));
    }

    @Test
    public void countOfAnUnknownKeyIsZero() {
        assertThat(fruit.count("apple"), equalTo(3));
        assertThat(fruit.count("Apple"), equalTo(0));
        assertThat(fruit.contains("pear"), is(true));
    }

    @Test
    public void totalsAndDistinctKeys() {
        assertEquals(3, fruit.distinct());
        assertEquals(1 + 3 + 2, fruit.total());
        fruit.add("apple", 4);
        assertEquals("no new key", 3, fruit.distinct());
        assertEquals("four more", 10, fruit.total());
    }

    @Test
    public void clearForgetsEverything() {
        assertFalse(fruit.isEmpty());
        fruit.clear();
        assertTrue(fruit.isEmpty());
        assertEquals(0, fruit.total());
        assertNull(fruit.mostFrequent());
    }

    @Test
    public void ofCountsItems() {
        Histogram<Integer> dice = Histogram.of(List.of(6, 1, 6, 6));
        assertEquals(3, dice.count(6));
        assertEquals(Map.of(1, 1, 6, 3), dice.asMap());
        assertEquals(new Histogram<Integer>(), Histogram.of(List.<Integer>of()));
    }

    @Test
    public void ofTextCountsCharacters() {
        Histogram<Character> letters = Histogram.ofText("banana");
        assertEquals(3, letters.count('a'));
        assertEquals(2, letters.count('n'));
        assertEquals(Character.valueOf('a'), letters.mostFrequent());
        assertThat(letters.keys(), contains('a', 'b', 'n'));
        assertTrue(Histogram.ofText("").isEmpty());
    }

    @Test
    public void shareIsRelativeToTheTotal() {
        assertEquals(0.5, fruit.share("apple"), 1e-9);
        assertEquals(2 / 6.0, fruit.share("fig"), 1e-9);
        assertEquals(0.0, fruit.share("kiwi"), 1e-9);
        assertEquals("empty", 0.0, new Histogram<String>().share("fig"), 0.0);
    }

    @Test
    public void mostFrequentPrefersTheFirstKey() {
        assertEquals("apple", fruit.mostFrequent());
        fruit.add("pear", 9);
        assertEquals("pear", fruit.mostFrequent());
        fruit.add("cherry", 10);
        assertEquals("cherry", fruit.mostFrequent());
        assertNotNull(Histogram.ofText("?").mostFrequent());
    }

    @Test
    public void topIsSortedByCount() {
        assertThat(fruit.top(2), contains("apple", "fig"));
        assertThat(fruit.top(9), contains("apple", "fig", "pear"));
        assertThat(fruit.top(0), is(empty()));
        assertThat(fruit.top(1), hasSize(1));
    }

    @Test
    public void asMapIsAReadOnlyView() {
        Map<String, Integer> view = fruit.asMap();
        fruit.add("lime");
        assertThat(view, hasKey("lime"));
        assertThat(view, hasEntry("apple", 3));
        try {
            view.put("lime", 2);
            fail("the view could be changed");
        } catch (UnsupportedOperationException expected) {
            assertEquals(1, fruit.count("lime"));
        }
    }

    @Test
    public void mergeAddsTheOtherCounts() {
        Histogram<String> more = Histogram.of(List.of("fig", "lime"));
        assertSame(fruit, fruit.merge(more));
        assertEquals(3, fruit.count("fig"));
        assertEquals("the other one is left alone", 2, more.total());
        assertEquals(2 * 8, fruit.merge(fruit).total());
    }

    @Test
    public void groupJoinsKeys() {
        Histogram<String> byInitial = fruit.group(name -> name.substring(0, 1));
        assertThat(byInitial.keys(), contains("a", "f", "p"));
        fruit.add("plum", 4);
        assertThat(fruit.group(name -> name.substring(0, 1)).count("p"), is(5));
        assertThat(fruit.group(name -> "all").total(), is(fruit.total()));
    }

    @Test
    public void renderDrawsBars() {
        assertEquals("apple ***\nfig **\npear *\n", fruit.render('*'));
        assertEquals("x ##\n", Histogram.ofText("xx").render('#'));
        assertThat(fruit.render('='), startsWith("apple ===\n"));
    }

    @Test
    public void equalityIgnoresTheOrderOfCounting() {
        assertEquals(Histogram.ofText("abca"), Histogram.ofText("caba"));
        assertEquals(Histogram.ofText("abca").hashCode(), Histogram.ofText("caba").hashCode());
        assertNotEquals(Histogram.ofText("ab"), Histogram.ofText("abb"));
        assertEquals("{apple=3, fig=2, pear=1}", fruit.toString());
    }
}
