package tessera.collect;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.everyItem;
import static org.hamcrest.Matchers.hasItems;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.startsWith;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNotNull;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertTrue;

import java.util.List;
import org.junit.Test;

public class TrieTest {
    private final Trie trie = Trie.of("car", "card", "care", "cat", "dog");

    @Test
    public void containsOnlyWholeWords() {
        assertTrue(trie.contains("car"));
        assertTrue(trie.contains("card"));
        assertFalse(trie.contains("ca"));
        assertFalse(trie.contains("cards"));
    }

    @Test
    public void hasPrefixAcceptsBeginningsAndWholeWords() {
        assertTrue(trie.hasPrefix("ca"));
        assertTrue(trie.hasPrefix("dog"));
        assertFalse(trie.hasPrefix("dot"));
        assertTrue(trie.hasPrefix("dog".substring(0, 1)));
    }

    @Test
    public void emptyTrieHasNothing() {
        Trie empty = new Trie();
        assertFalse(empty.hasPrefix(""));
        assertEquals(0, empty.size());
        assertEquals(0, empty.depth());
        assertNull(empty.longestPrefixOf("anything"));
        assertEquals("[]", empty.toString());
    }

    @Test
    public void addTellsWhetherTheWordIsNew() {
        assertFalse(trie.add("cat"));
        assertTrue(trie.add("cats"));
        assertFalse(trie.add("cats"));
        assertTrue(trie.add(""));
        assertEquals(5 + 2, trie.size());
    }

    @Test
    public void addAllCountsNewWords() {
        assertEquals(2, trie.addAll(List.of("cow", "cat", "hen")));
        assertEquals(0, trie.addAll(List.of("cow", "hen")));
        assertEquals(1, trie.addAll(List.of("owl", "owl")));
    }

    @Test
    public void completeListsWordsInOrder() {
        assertEquals(List.of("car", "card", "care"), trie.complete("car"));
        assertEquals(List.of("dog"), trie.complete("d"));
        assertThat(trie.complete("ca"), contains("car", "card", "care", "cat"));
        assertThat(trie.complete("ca"), everyItem(startsWith("ca")));
    }

    @Test
    public void completeOfAnUnknownPrefixIsEmpty() {
        assertTrue(trie.complete("x").isEmpty());
        assertTrue(trie.complete("cards").isEmpty());
        assertThat(trie.complete(""), hasSize(trie.size()));
    }

    @Test
    public void removeTakesOnlyThatWord() {
        assertTrue(trie.remove("car"));
        assertFalse(trie.contains("car"));
        assertThat(trie.complete("car"), hasItems("card", "care"));
        assertEquals(4, trie.size());
    }

    @Test
    public void removePrunesDeadBranches() {
        trie.remove("dog");
        assertFalse(trie.hasPrefix("d"));
        trie.remove("care");
        assertFalse(trie.hasPrefix("care"));
        assertTrue(trie.hasPrefix("car"));
    }

    @Test
    public void removeOfAnAbsentWordDoesNothing() {
        assertFalse(trie.remove("ca"));
        assertFalse(trie.remove("zebra"));
        assertEquals("[car, card, care, cat, dog]", trie.toString());
    }

    @Test
    public void longestPrefixPrefersLongerWords() {
        Trie codes = Trie.of("+4", "+44", "+4420");
        assertEquals("+44", codes.longestPrefixOf("+44161"));
        assertEquals("+4420", codes.longestPrefixOf("+44207946"));
        assertEquals("+4", codes.longestPrefixOf("+49"));
        assertNull(codes.longestPrefixOf("+1"));
    }

    @Test
    public void emptyWordIsAPrefixOfEverything() {
        Trie withEmpty = Trie.of("", "ab");
        assertNotNull(withEmpty.longestPrefixOf("zzz"));
        assertEquals(0, withEmpty.longestPrefixOf("a").length());
        assertEquals("ab".length(), withEmpty.longestPrefixOf("abc").length());
    }

    @Test
    public void commonPrefixOfAllWords() {
        assertEquals("inter", Trie.of("interval", "internal", "interest").commonPrefix());
        assertEquals("in", Trie.of("interval", "in").commonPrefix());
        assertEquals("", Trie.of("left", "right").commonPrefix());
        assertEquals("alone", Trie.of("alone").commonPrefix());
        assertTrue(trie.commonPrefix().isEmpty());
    }

    @Test
    public void depthIsTheLengthOfTheLongestWord() {
        assertEquals("card".length(), trie.depth());
        trie.add("cardigan");
        assertEquals("cardigan".length(), trie.depth());
        assertEquals(1, Trie.of("a", "b").depth());
    }
}
