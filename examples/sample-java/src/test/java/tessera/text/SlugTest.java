package tessera.text;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNotEquals;
import static org.junit.Assert.assertNotSame;
import static org.junit.Assert.assertSame;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import java.util.List;
import java.util.Set;
import org.junit.Test;

public class SlugTest {
    private final Slug slug = Slug.DEFAULT;

    @Test
    public void joinsLowerCaseWordsWithHyphens() {
        assertEquals("hello-world", slug.of("Hello World"));
        assertEquals("release-notes-2-1", slug.of("Release Notes 2.1"));
        assertEquals("a-b", slug.of("  a & b! "));
    }

    @Test
    public void apostrophesVanishAndAccentsAreFolded() {
        assertEquals("apostrophe", "dont-panic", slug.of("Don't panic"));
        assertEquals("accents", "creme-brulee", slug.of("Cr\u00e8me br\u00fbl\u00e9e"));
        assertEquals("sharp s", "strasse", slug.of("Stra\u00dfe"));
    }

    @Test
    public void textWithoutWordsHasEmptySlug() {
        assertTrue(slug.of("?!").isEmpty());
        assertTrue(slug.of("").isEmpty());
        assertFalse(slug.of("?a!").isEmpty());
    }

    @Test
    public void severalTextsAreTakenAsOne() {
        assertEquals("blog-my-post", slug.of("Blog", "My Post"));
        assertEquals("a-b-c", slug.of("A", "B", "C"));
        assertEquals(slug.of("Tea Time 5"), slug.of("tea", "time", "5"));
    }

    @Test
    public void separatorCanBeChanged() {
        Slug snake = slug.withSeparator('_');
        assertEquals('_', snake.separator());
        assertEquals("hello_world", snake.of("Hello World"));
        assertEquals("a.b", slug.withSeparator('.').of("A B"));
        assertEquals("x~y", slug.withSeparator('~').of("X+Y"));
        assertSame(snake, snake.withSeparator('_'));
        assertNotSame(snake, snake.withSeparator('-'));
    }

    @Test
    public void unsafeSeparatorsAreRejected() {
        assertThrows(IllegalArgumentException.class, () -> slug.withSeparator('/'));
        assertThrows(IllegalArgumentException.class, () -> slug.withSeparator(' '));
    }

    @Test
    public void limitCutsAtWords() {
        Slug shortSlug = slug.withLimit(10);
        assertEquals(10, shortSlug.limit());
        assertEquals("one-two", shortSlug.of("one two three"));
        assertEquals("four-seven", shortSlug.of("four seven"));
        assertTrue(shortSlug.of("Some rather long heading").length() <= 10);
    }

    @Test
    public void limitCutsFirstWordIfItMust() {
        assertEquals("inter", slug.withLimit(5).of("international relations"));
        assertEquals("i", slug.withLimit(1).of("international relations"));
        assertThrows(IllegalArgumentException.class, () -> slug.withLimit(0));
        assertSame(slug, slug.withLimit(Integer.MAX_VALUE));
    }

    @Test
    public void caseCanBeKept() {
        Slug keeping = slug.keepingCase();
        assertTrue(keeping.of("Hello World").startsWith("Hello-W"));
        assertEquals("JUnit-4", keeping.of("JUnit 4"));
        assertSame(keeping, keeping.keepingCase());
        assertNotEquals(keeping.of("ABC"), slug.of("ABC"));
    }

    @Test
    public void wordsAreRunsOfLettersAndDigits() {
        assertEquals(List.of("war", "peace"), slug.words("War & Peace"));
        assertEquals(List.of("mp3", "player"), slug.words("MP3-player"));
        assertEquals(List.of(), slug.words(" - "));
        assertEquals(3, slug.words("one,two;three").size());
    }

    @Test
    public void slugsAreRecognised() {
        assertTrue(slug.isSlug("hello-world"));
        assertTrue(slug.isSlug("v2"));
        assertFalse(slug.isSlug("Hello"));
        assertFalse(slug.isSlug("a--b"));
        assertFalse(slug.isSlug(""));
        assertTrue(slug.keepingCase().isSlug("Hello"));
    }

    @Test
    public void takenSlugsGetNumbers() {
        Set<String> taken = Set.of("intro", "intro-2", "end");
        assertEquals("intro-3", slug.unique("Intro", taken));
        assertEquals("end-2", slug.unique("End", taken));
        assertEquals("middle", slug.unique("Middle", taken));
        assertFalse(taken.contains(slug.unique("intro", taken)));
    }

    @Test
    public void titleUndoesSlug() {
        assertEquals("Hello World", slug.title("hello-world"));
        assertEquals("Part 2", slug.title("part-2"));
        assertEquals("snake case".length(), slug.title("snake_case").length());
    }

    @Test
    public void foldKeepsPlainText() {
        assertEquals("plain", Slug.fold("plain"));
        assertEquals("Zoe", Slug.fold("Zo\u00eb"));
        assertEquals(slug.of("oeuvre"), Slug.fold("\u0153uvre"));
    }
}
